"""Windows of a part of a series: where they start, and why a part holds none."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.clock import DAY_MINUTES, usual_spacing
from kdsearch.data.protocol import Protocol
from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError

__all__ = ["check_day", "no_window", "window_starts"]


def window_starts(times: NDArray[np.datetime64], interval_minutes: int, protocol: Protocol) -> NDArray[np.int64]:
    """Find the starts, relative to these times, of windows without a gap in time (and inside one day where asked)."""
    length = protocol.history + protocol.horizon
    if len(times) < length:
        return np.zeros(0, dtype=np.int64)
    first, last = times[: len(times) - length + 1], times[length - 1 :]
    whole = (last - first) == np.timedelta64((length - 1) * interval_minutes, "m")
    if protocol.within_day:
        whole &= first.astype("datetime64[D]") == last.astype("datetime64[D]")
    return np.flatnonzero(whole).astype(np.int64)


def check_day(series: Series, protocol: Protocol, crossing: Mapping[str, Protocol]) -> None:
    """Refuse windows inside one day that are longer than a day: no series has one.

    Args:
        series: The series.
        protocol: Its protocol.
        crossing: Protocols to name in its place, where their windows cross midnight.

    Raises:
        ProtocolError: With the length of a window and of a day.
    """
    steps_of_day = DAY_MINUTES // series.interval_minutes
    if not protocol.within_day or protocol.history + protocol.horizon <= steps_of_day:
        return
    others = next(name for name, one in crossing.items() if not one.within_day)
    raise ProtocolError(
        _wrong_interval(series)
        or f"protocol {protocol.name} keeps each {_window(protocol)} inside one day, and a day of {series.name} has "
        f"{_steps(steps_of_day)} of {series.interval_minutes} minutes; choose --protocol {others}, whose windows may "
        "cross midnight, or take a shorter --history and --horizon"
    )


def no_window(series: Series, protocol: Protocol, part: str, first: int, last: int) -> ProtocolError:
    """Say why a part holds no window: the interval, too few rows, or gaps; a longer series helps one of them alone.

    Args:
        series: The series.
        protocol: Its protocol, the history in steps.
        part: Name of the part.
        first: First row of the part.
        last: One past its last row.
    """
    times, length, begin = series.times, protocol.history + protocol.horizon, protocol.first_row(first)
    if mistake := _wrong_interval(series):
        return ProtocolError(mistake)
    what = f"the {part} part of {series.name} holds no {_window(protocol)} under protocol {protocol.name}"
    has = f"it has {_steps(last - begin)}"
    if last - begin < length:
        return ProtocolError(
            f"{what}: {has} and needs {length:,}; use a longer series{_least_rows(series, protocol, part)}, another "
            "split, or a shorter --history and --horizon"
        )
    gaps, longest = _gaps(times[begin:last], series.interval_minutes, within_day=protocol.within_day)
    where = f"{gaps:,} gap{'s' if gaps > 1 else ''} between them" if gaps else "midnight between them"
    inside = " inside one day" if protocol.within_day else ""
    return ProtocolError(
        f"{what}: {has} from {times[begin]} to {times[last - 1]}, but {where}, and the longest stretch without a gap"
        f"{inside} is {_steps(longest)}; add the rows that are absent, or take a shorter --history and --horizon"
    )


def _wrong_interval(series: Series) -> str | None:
    """Say that most rows are further apart than their interval; None where they are not."""
    if len(series.times) < 2:
        return None
    seconds, share = usual_spacing(series.times)
    spacing = seconds // 60
    if share <= 0.5 or spacing == series.interval_minutes:
        return None
    remedy = f"write interval_minutes = {spacing} into dataset.toml"
    if DAY_MINUTES % spacing:
        remedy = "make rows at an interval that divides a day, and write it into dataset.toml"
    return (
        f"most rows of {series.name} are {spacing} minutes apart, and interval_minutes says {series.interval_minutes}; "
        f"{remedy}"
    )


def _window(protocol: Protocol) -> str:
    """Describe a window; its steps stand without commas, as they are written."""
    return f"window of {protocol.history + protocol.horizon} steps ({protocol.history} in, {protocol.horizon} out)"


def _steps(number: int) -> str:
    return f"{number:,} step{'' if number == 1 else 's'}"


def _least_rows(series: Series, protocol: Protocol, part: str) -> str:
    """Say how long a series would be long enough for a part, where the part is a share of the rows."""
    share = protocol.split[("train", "val", "test").index(part)]
    if protocol.split_by != "rows" or protocol.test_days is not None or not share:
        return ""
    least = math.ceil((protocol.history + protocol.horizon) / share)
    return f" (of about {least:,} steps; it has {len(series.times):,})"


def _gaps(times: NDArray[np.datetime64], interval_minutes: int, *, within_day: bool) -> tuple[int, int]:
    """Count the gaps between rows, and the steps of the longest stretch without one."""
    broken = np.diff(times) != np.timedelta64(interval_minutes, "m")
    cuts = broken | (np.diff(times.astype("datetime64[D]")).astype(np.int64) != 0) if within_day else broken
    ends = np.concatenate([[-1], np.flatnonzero(cuts), [len(times) - 1]])
    return int(broken.sum()), int(np.diff(ends).max())
