"""Structured pruning: whole channels are cut, with everything tied to them."""
