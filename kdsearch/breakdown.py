"""Errors of a network by sensor and time, and the share of readings that its bounds hold; no torch here."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Breakdown", "Covered", "CoveredSums", "Sums"]

Sums = tuple[float, int]
"""Sum of absolute errors, real units, and number of readings."""

CoveredSums = tuple[int, int, float]
"""Number of readings inside bounds, number of readings, and sum of the bounds' widths, real units."""


class Covered(BaseModel):
    """Coverage and width of bounds on a split.

    Attributes:
        overall: Over all steps, windows and sensors.
        horizon: Horizon in minutes -> those of that step.
        week: Its Monday -> those of that week; of weeks with readings alone.
        sensor: Those of each node.
    """

    model_config = ConfigDict(frozen=True)

    overall: CoveredSums
    horizon: dict[str, CoveredSums]
    week: dict[str, CoveredSums]
    sensor: list[CoveredSums]


class Breakdown(BaseModel):
    """Errors and coverage of one network on the test split, by sensor and time; of a large split, of every k-th window.

    Attributes:
        sensor: Errors of each node.
        hour: Errors of each hour of the day that is forecast, local time.
        weekday: Errors of each weekday that is forecast, Monday first.
        level: Share of the readings that the bounds are to hold.
        fixed: Bounds as the validation split gave them.
        adaptive: The same, scaled by what is known when a forecast is made (`kdsearch.measure.bounds.adapted_scale`).
    """

    model_config = ConfigDict(frozen=True)

    sensor: list[Sums]
    hour: list[Sums]
    weekday: list[Sums]
    level: float
    fixed: Covered
    adaptive: Covered
