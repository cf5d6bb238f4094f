"""Checks that every network and every loss of kdsearch passes, for the user's own.

    from kdsearch.testing import check_forecaster, check_loss

Each raises `AssertionError` with what was expected and what came. They take seconds and need no data.
"""

from kdsearch.testing.forecaster import CheckedForecaster, check_forecaster
from kdsearch.testing.loss import check_loss
from kdsearch.testing.ring import ring_road

__all__ = ["CheckedForecaster", "check_forecaster", "check_loss", "ring_road"]
