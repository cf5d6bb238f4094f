"""Networks as C: one source file and one header, from readings to forecasts on any processor."""
