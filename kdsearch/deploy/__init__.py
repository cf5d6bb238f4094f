"""Export of networks to files that forecast without kdsearch."""
