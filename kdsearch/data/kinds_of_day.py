"""Kinds of day that a calendar tells apart: working days, Saturdays, Sundays and the holidays of a country."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.clock import weekdays_and_minutes
from kdsearch.errors import DataError

__all__ = ["FILE_YEARS", "check_country", "holidays_between", "kind_names", "kinds_of_day"]

_NAMES = ("Monday to Friday", "Saturday", "Sunday")
_HOLIDAY = len(_NAMES)

FILE_YEARS = (2010, 2040)
"""First and last year whose holidays an exported file knows; in other years they are days like others."""


def kind_names(country: str | None) -> tuple[str, ...]:
    """Name the kinds of day, in the order of their numbers."""
    return _NAMES if country is None else (*_NAMES, f"a holiday in {country}")


def kinds_of_day(times: NDArray[np.datetime64], country: str | None) -> NDArray[np.int64]:
    """Find the number of each local time's kind of day: ``(step,)`` -> ``(step,)``.

    Args:
        times: Local times.
        country: As in `check_country`; None for no holidays.
    """
    days, position = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    kinds = np.maximum(weekdays_and_minutes(days)[0] - 4, 0)
    if country is not None:
        known = holidays_between(country, days[0].item().year, days[-1].item().year)
        kinds[np.isin(days, known)] = _HOLIDAY
    return np.asarray(kinds[position])


def holidays_between(country: str, first: int, last: int) -> NDArray[np.datetime64]:
    """List the holidays of a country in these years, both included, as days."""
    return np.concatenate([_holidays(country, year) for year in range(first, last + 1)])


@cache
def _holidays(country: str, year: int) -> NDArray[np.datetime64]:
    import holidays  # noqa: PLC0415 - slow to import, and few datasets name a country

    code, _, part = country.partition("-")
    found = holidays.country_holidays(code, subdiv=part or None, years=year)
    return np.array(sorted(found), dtype="datetime64[D]")


def check_country(country: str) -> None:
    """Refuse what names no country or part of one, such as "US" or "DE-BW".

    Raises:
        DataError: Where the library `holidays` knows none of that name.
    """
    try:
        _holidays(country, 2024)
    except NotImplementedError:  # what the library raises at a country, or a part of one, that it does not know
        raise DataError(
            f"holidays = {country!r} names no country whose holidays are known; write a code such as US, or US-CA for "
            "a part of it"
        ) from None
