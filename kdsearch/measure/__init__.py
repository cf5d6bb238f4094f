"""Measures of a forecaster: errors, number of weights, operations, milliseconds."""
