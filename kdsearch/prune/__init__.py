"""Structured pruning: whole channels go, with everything that is tied to them."""
