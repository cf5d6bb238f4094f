"""What a forecaster is worth and what it costs: errors, parameters, operations, milliseconds."""
