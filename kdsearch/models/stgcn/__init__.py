"""STGCN and the parts that it alone uses."""
