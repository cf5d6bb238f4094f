"""`kdsearch run` in reading order: options, setup, run."""
