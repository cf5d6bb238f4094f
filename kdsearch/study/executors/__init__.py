"""Executors, which run the trials: this process, or Ray."""
