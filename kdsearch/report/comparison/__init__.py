"""Several studies of one protocol and data in one object."""
