"""Measured series, their graphs, and the protocols by which they are cut, scaled and scored."""
