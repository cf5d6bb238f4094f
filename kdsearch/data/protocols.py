"""Protocols: what makes two numbers comparable. Channel, split, history, horizon, scaler rule and metric convention."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError

__all__ = ["PROTOCOLS", "Part", "Prepared", "Protocol", "prepare"]


@dataclass(frozen=True)
class Protocol:
    """A named, hashable choice.

    Attributes:
        name: As in `PROTOCOLS`.
        channel: Position of the forecast channel.
        split: Shares of training, validation and test.
        split_by: "days" cuts between calendar days, "rows" anywhere.
        history: Steps looked at.
        horizon: Steps forecast.
        reported_steps: Steps of the horizon that tables show, counted from 1.
        within_day: Whether a window must lie inside one calendar day.
        scaler: "windows" weights each training row by the windows that contain it, "rows" counts it once.
    """

    name: str
    split: tuple[float, float, float]
    split_by: Literal["days", "rows"]
    history: int
    horizon: int
    reported_steps: tuple[int, ...]
    within_day: bool
    scaler: Literal["windows", "rows"]
    channel: int = 0

    @property
    def hash(self) -> str:
        """Hash of every field: results of one hash may share a table."""
        return hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()

    def reported_minutes(self, interval_minutes: int) -> dict[int, int]:
        """Reported step -> minutes ahead."""
        return {step: step * interval_minutes for step in self.reported_steps}

    def describe(self, series: Series) -> str:
        """One sentence for a reader of tables."""
        minutes = ", ".join(str(value) for value in self.reported_minutes(series.interval_minutes).values())
        shares = " / ".join(f"{100 * share:.0f} %" for share in self.split)
        inside = "inside one day" if self.within_day else "inside one part"
        return (
            f"protocol {self.name}: {series.channels[self.channel]}, {self.history} steps in, {self.horizon} out, "
            f"reported at {minutes} minutes; "
            f"{shares} of the {self.split_by} for training, validation and test, in order of time; windows {inside}; "
            f"gaps interpolated inside a part, as the papers do, so that one at the end of a history looks ahead; "
            f"errors over measured readings in real units, MAPE where the truth is above zero"
        )


PROTOCOLS = {
    # Yu et al. 2018 and Izadi et al.: 34 / 5 / 5 of 44 days; the printed 35 / 5 / 5 needs a day that is not there.
    "stgcn": Protocol("stgcn", (34 / 44, 5 / 44, 5 / 44), "days", 12, 9, (3, 6, 9), within_day=True, scaler="windows"),
    # ASTGCN, LightST and the PEMS benchmarks.
    "six-two-two": Protocol(
        "six-two-two", (0.6, 0.2, 0.2), "rows", 12, 12, (3, 6, 12), within_day=False, scaler="rows"
    ),
}


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the split.

    Attributes:
        first: First row.
        last: One past the last row.
        starts: First row of each window that lies inside the part, int64, ascending.
    """

    first: int
    last: int
    starts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A series cut by a protocol.

    Attributes:
        values: The forecast channel in real units, float32 ``(step, node)``; gaps are interpolated in time inside
            each part, never across its border.
        measured: What was really measured, bool ``(step, node)``; metrics and losses count nothing else.
        parts: "train", "val" and "test".
    """

    series: Series
    protocol: Protocol
    values: NDArray[np.float32]
    measured: NDArray[np.bool_]
    parts: dict[str, Part]

    @property
    def unit(self) -> str:
        """Unit of the forecast channel."""
        return self.series.unit[self.protocol.channel]

    def training_weights(self) -> NDArray[np.float64]:
        """How often each row counts in the scaler, ``(step,)``; zero outside the training part."""
        weights = np.zeros(len(self.values))
        train = self.parts["train"]
        if self.protocol.scaler == "rows":
            weights[train.first : train.last] = 1.0
            return weights
        length = self.protocol.history + self.protocol.horizon
        np.add.at(weights, train.starts, 1.0)
        np.add.at(weights, train.starts + length, -1.0)
        return np.cumsum(weights)


def prepare(series: Series, protocol: Protocol) -> Prepared:
    """Cut a series by a protocol.

    Raises:
        ProtocolError: Where a part is too short for one window, or the channel is not there.
    """
    if protocol.channel >= series.values.shape[2]:
        raise ProtocolError(
            f"protocol {protocol.name} forecasts channel {protocol.channel}, but {series.name} has only "
            f"{', '.join(series.channels)}; choose another protocol or add the channel to the dataset's files"
        )
    raw = series.values[:, :, protocol.channel]
    parts: dict[str, Part] = {}
    pieces: list[NDArray[np.float32]] = []
    for name, (first, last) in zip(("train", "val", "test"), _borders(series, protocol), strict=True):
        starts = first + _window_starts(series.times[first:last], series.interval_minutes, protocol)
        if not len(starts):
            raise ProtocolError(
                f"the {name} part of {series.name} ({last - first} steps) holds no window of "
                f"{protocol.history + protocol.horizon} steps under protocol {protocol.name}; use a longer series"
            )
        parts[name] = Part(first, last, starts)
        pieces.append(_interpolated(raw[first:last], series, name))
    return Prepared(series, protocol, np.concatenate(pieces), np.isfinite(raw), parts)


def _borders(series: Series, protocol: Protocol) -> Iterable[tuple[int, int]]:
    """Row ranges of the three parts; held-out parts by days get at least one day each."""
    steps = len(series.times)
    if protocol.split_by == "rows":
        first_cut = int(steps * protocol.split[0])
        second_cut = int(steps * (protocol.split[0] + protocol.split[1]))
    else:
        days, day_starts = np.unique(series.times.astype("datetime64[D]"), return_index=True)
        held_out = [max(1, round(len(days) * share)) for share in protocol.split[1:]]
        if len(days) <= sum(held_out):
            raise ProtocolError(
                f"{series.name} has {len(days)} days, protocol {protocol.name} needs at least 3; use a longer series"
            )
        first_cut = int(day_starts[len(days) - sum(held_out)])
        second_cut = int(day_starts[len(days) - held_out[1]])
    return (0, first_cut), (first_cut, second_cut), (second_cut, steps)


def _window_starts(times: NDArray[np.datetime64], interval_minutes: int, protocol: Protocol) -> NDArray[np.int64]:
    """Starts, relative to the part, of windows without a gap in time (and inside one day where asked)."""
    length = protocol.history + protocol.horizon
    if len(times) < length:
        return np.zeros(0, dtype=np.int64)
    first, last = times[: len(times) - length + 1], times[length - 1 :]
    whole = (last - first) == np.timedelta64((length - 1) * interval_minutes, "m")
    if protocol.within_day:
        whole &= first.astype("datetime64[D]") == last.astype("datetime64[D]")
    return np.flatnonzero(whole).astype(np.int64)


def _interpolated(values: NDArray[np.float32], series: Series, part: str) -> NDArray[np.float32]:
    """Gaps filled linearly in time, node by node; what lies before the first reading takes its value."""
    silent = np.flatnonzero(~np.isfinite(values).any(axis=0))
    if len(silent):
        raise ProtocolError(
            f"sensor {series.sensor_ids[silent[0]]} of {series.name} has no reading in the {part} part "
            f"({len(silent)} such sensors); leave it out of the series and the graph"
        )
    return pd.DataFrame(values).interpolate(limit_direction="both").to_numpy(dtype=np.float32)
