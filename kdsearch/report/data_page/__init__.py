"""The page of a dataset as one HTML file."""
