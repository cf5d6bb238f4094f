"""A study in SQL."""
