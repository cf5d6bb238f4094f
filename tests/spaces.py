"""A search space whose every training takes a moment."""

__all__ = ["TINY_SPACE"]

TINY_SPACE = """
name = "tiny"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 1
epochs = 1
[stid]
epochs = 1
[parameters.epochs]
value = 1
"""
"""A test adds the parameters that it searches, such as `[parameters.width]`."""
