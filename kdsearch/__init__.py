"""kdsearch: how small and fast can a traffic forecaster be and still be as good as the big one?"""

__version__ = "0.1.0"
