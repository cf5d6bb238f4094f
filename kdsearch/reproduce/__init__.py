"""Reproduction of the tables of Izadi et al., our numbers beside the published ones."""
