"""The tables of Izadi et al. derived again, ours beside the published."""
