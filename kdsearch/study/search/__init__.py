"""The search loop: ask for trials and tell their results."""
