"""The protocols by name, and a series cut by one of them."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.fill import FILLS
from kdsearch.data.protocol import Protocol
from kdsearch.data.series import Series
from kdsearch.data.split import Split, SplitSeries
from kdsearch.data.window_starts import check_day, no_window, window_starts
from kdsearch.errors import ProtocolError

__all__ = ["PROTOCOLS", "Protocol", "Split", "SplitSeries", "resolved", "split_series"]


def _stresnet(name: str, history_days: int, test_days: int) -> Protocol:
    """Make a protocol of ST-ResNet: the next step of all flows, the last days for test, scaled to the range of tanh.

    It is that of Zhang, Zheng and Qi, AAAI 2017. Their scaler is fitted on train and val, this one on train alone. They
    drop days that lack a slot and then require only those steps of a history that the network looks at; here no window
    has a gap anywhere in its history, so that more windows are lost after a gap.
    """
    return Protocol(
        name,
        (0.9, 0.1, 0.0),
        "rows",
        history=0,
        horizon=1,
        reported_steps=(1,),
        within_day=False,
        scaler="min-max",
        channel=None,
        history_days=history_days,
        test_days=test_days,
        inputs_reach_back=True,
    )


PROTOCOLS = {
    # Yu et al. 2018 and Izadi et al.: 34 / 5 / 5 of 44 days; the printed 35 / 5 / 5 needs a day that is not there.
    "stgcn": Protocol("stgcn", (34 / 44, 5 / 44, 5 / 44), "days", 12, 9, (3, 6, 9), within_day=True, scaler="windows"),
    # ASTGCN, LightST and the PEMS benchmarks.
    "six-two-two": Protocol(
        "six-two-two", (0.6, 0.2, 0.2), "rows", 12, 12, (3, 6, 12), within_day=False, scaler="rows"
    ),
    # METR-LA and PEMS-BAY in DCRNN, D2STGNN and ST-MLP.
    "seven-one-two": Protocol(
        "seven-one-two",
        (0.7, 0.1, 0.2),
        "rows",
        12,
        12,
        (3, 6, 12),
        within_day=False,
        scaler="rows",
        published_fill="zero",
    ),
    "stresnet": _stresnet("stresnet", history_days=7, test_days=10),  # BikeNYC, with frames of one week
    "stresnet-four-weeks": _stresnet("stresnet-four-weeks", history_days=28, test_days=10),  # BikeNYC as published
    "stresnet-taxibj": _stresnet("stresnet-taxibj", history_days=7, test_days=28),
}


def resolved(protocol: Protocol, interval_minutes: int) -> Protocol:
    """Turn a history in days into steps of a series; other protocols stay as they are."""
    if protocol.history_days is None:
        return protocol
    return replace(protocol, history=protocol.history_days * DAY_MINUTES // interval_minutes)


def split_series(series: Series, protocol: Protocol) -> SplitSeries:
    """Cut a series by a protocol.

    >>> from kdsearch import PROTOCOLS, load_series
    >>> series = split_series(load_series("demo"), PROTOCOLS["stgcn"])
    >>> {name: len(split.starts) for name, split in series.splits.items()}  # windows
    {'train': 4556, 'val': 536, 'test': 536}

    Raises:
        ProtocolError: A split has no window or nothing measured to forecast, a channel is not there, channels that are
            forecast together have different units or quantities, or the graph knows more rows than the train split.
    """
    protocol = resolved(protocol, series.interval_minutes)
    protocol.quantity(series)
    check_day(series, protocol, PROTOCOLS)
    raw = _forecast_readings(series.values, series, protocol)
    filled_in = _forecast_readings(series.filled_in, series, protocol)
    present = np.isfinite(raw)
    if present.all():
        protocol = protocol.filled("published")
    if not filled_in.any():
        protocol = protocol.counting("published")
    splits: dict[str, Split] = {}
    borders = _borders(series, protocol)
    _check_graph(series, protocol, borders[0][1])
    for name, (first, last) in zip(("train", "val", "test"), borders, strict=True):
        reach = protocol.first_row(first)
        starts = reach + window_starts(series.times[reach:last], series.interval_minutes, protocol)
        if not len(starts):
            raise no_window(series, protocol, name, first, last)
        splits[name] = Split(first, last, starts)
    values = FILLS[protocol.fill].values(raw, borders)
    cut = SplitSeries(series, protocol, values, present, filled_in, splits)
    _check_readings(cut)
    return cut


def _check_graph(series: Series, protocol: Protocol, training_rows: int) -> None:
    """Refuse a graph that was computed from rows after the training part."""
    if series.graph_rows > training_rows:
        raise ProtocolError(
            f"the graph of {series.name} is of correlations in its first {series.graph_rows:,} rows, but protocol "
            f"{protocol.name} trains on the first {training_rows:,} alone; train on half of the rows or more, or write "
            "another kind under [graph] in dataset.toml"
        )


def _check_readings(series: SplitSeries) -> None:
    """Refuse a node that is silent where it must not be, and a split that has nothing to forecast."""
    source, protocol = series.source, series.protocol
    for name, split in series.splits.items():
        silent = np.flatnonzero(~series.present[split.first : split.last].any(axis=0))
        if len(silent) and (name == "train" or FILLS[protocol.fill].every_split):
            raise ProtocolError(
                f"sensor {source.sensor_ids[silent[0] % len(source.sensor_ids)]} of {source.name} has no reading in "
                f"the {name} part ({len(silent)} such sensors); leave it out of the series and the graph"
            )
        targets = split.starts[:, None] + protocol.history + np.arange(protocol.horizon)
        if not series.measured[targets].any():
            raise ProtocolError(
                f"the {name} part of {source.name} has no measured reading to forecast, from "
                f"{source.times[split.first]} to {source.times[split.last - 1]}; use another piece of the series"
            )


def _forecast_readings(cells: NDArray[Any], series: Series, protocol: Protocol) -> NDArray[Any]:
    """Select the forecast channel of ``(step, node, channel)``, or all one after the other: ``(step, node)``."""
    if protocol.channel is None:
        if len(set(series.unit)) > 1:
            raise ProtocolError(
                f"protocol {protocol.name} forecasts all channels of {series.name} together, but their units are "
                f"{', '.join(series.unit)}; choose one channel"
            )
        return cells.transpose(0, 2, 1).reshape(len(cells), -1)
    if protocol.channel >= series.values.shape[2]:
        raise ProtocolError(
            f"protocol {protocol.name} forecasts channel {protocol.channel}, but {series.name} has only "
            f"{', '.join(series.channels)}; choose another protocol or add the channel to the dataset's files"
        )
    return cells[:, :, protocol.channel]


def _borders(series: Series, protocol: Protocol) -> tuple[tuple[int, int], ...]:
    """Compute the row ranges of the three splits; val and test by days get at least one day each."""
    steps = len(series.times)
    days, day_starts = np.unique(series.times.astype("datetime64[D]"), return_index=True)
    if protocol.validation_from is not None:
        first_cut, second_cut = _dated_cuts(series, protocol)
    elif protocol.test_days is not None:
        if len(days) <= protocol.test_days:
            raise ProtocolError(
                f"{series.name} has {len(days)} days, protocol {protocol.name} takes the last {protocol.test_days} for "
                "test; use a longer series"
            )
        second_cut = int(day_starts[len(days) - protocol.test_days])
        first_cut = int(second_cut * protocol.split[0] / sum(protocol.split[:2]))
    elif protocol.split_by == "rows":
        first_cut = int(steps * protocol.split[0])
        second_cut = int(steps * (1 - protocol.split[2]))
    else:
        held_out = [max(1, round(len(days) * share)) for share in protocol.split[1:]]
        if len(days) <= sum(held_out):
            raise ProtocolError(
                f"{series.name} has {len(days)} days, protocol {protocol.name} needs at least {sum(held_out) + 1}, "
                f"{protocol.split_words}; use a longer series, or choose --protocol six-two-two, which cuts rows"
            )
        first_cut = int(day_starts[len(days) - sum(held_out)])
        second_cut = int(day_starts[len(days) - held_out[1]])
    return (0, first_cut), (first_cut, second_cut), (second_cut, steps)


def _dated_cuts(series: Series, protocol: Protocol) -> tuple[int, int]:
    """Find the first rows of validation and test where a protocol gives dates."""
    steps = len(series.times)
    moments = [np.datetime64(str(one), "m") for one in (protocol.validation_from, protocol.test_from)]
    first_cut, second_cut = (int(row) for row in np.searchsorted(series.times, moments))
    if not 0 < first_cut < second_cut < steps:
        raise ProtocolError(
            f"{series.name} has rows from {series.times[0]} to {series.times[-1]}, and {protocol.split_words} leaves "
            f"{first_cut:,}, {second_cut - first_cut:,} and {steps - second_cut:,} of them for training, "
            "validation and test; correct the dates"
        )
    return first_cut, second_cut
