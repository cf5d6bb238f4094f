"""Networks leave kdsearch: files that forecast anywhere."""
