"""D2STGNN and the parts that it alone uses."""
