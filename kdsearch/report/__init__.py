"""Fronts, figures and the report page; reads the study store alone, so that it needs no torch."""
