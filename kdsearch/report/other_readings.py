"""Errors over the readings that a study does not count: those that the source filled in, or all but those."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdsearch.record import OTHER_READINGS
from kdsearch.report.numbers import error, mae

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kdsearch.record import Metrics

__all__ = ["WORDS", "differs", "on_other_readings", "other_readings"]

LEAST_DIFFERENCE = 0.005
"""Share of an error; from here on both are shown."""

WORDS = {"published": "all readings as published", "measured": "measured readings alone"}


def differs(counted: float, beside: float) -> bool:
    """Tell whether an error over other readings is to be shown beside the one that counts; False for NaN."""
    return abs(beside - counted) > LEAST_DIFFERENCE * counted


def other_readings(every: Iterable[Metrics]) -> str | None:
    """Name the readings whose errors differ, for any network, from those that the study counts; None where none do.

    Returns:
        "published" or "measured": the split "test-published" has the errors over them.
    """
    for metrics in every:
        for other in OTHER_READINGS:
            for split in ("val", "test"):
                counted, beside = mae(metrics, split=split), mae(metrics, split=f"{split}-{other}")
                if differs(counted, beside):
                    return other
    return None


def on_other_readings(chosen: Metrics, teacher: Metrics, unit: str) -> str:
    """Write both networks' errors over the other readings, on the test split where it is known."""
    other = other_readings([chosen, teacher])
    if other is None:
        return ""
    for split in ("test", "val"):
        its, theirs = (mae(metrics, split=f"{split}-{other}") for metrics in (chosen, teacher))
        if math.isfinite(its) and math.isfinite(theirs):
            return f" Over {WORDS[other]} it has {error(its, unit)} against {error(theirs)}."
    return ""
