"""Results of papers."""
