"""Read a dataset and cut it by a protocol, for a run and for other commands."""

from dataclasses import replace
from pathlib import Path

from kdsearch.data.catalog import describe_completeness
from kdsearch.data.folders import find_dataset
from kdsearch.data.load import load_series
from kdsearch.data.profile import unseen_days
from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError
from kdsearch.study.space.space import SearchSpace

__all__ = ["protocol_of", "split_dataset"]

LEAST_FILLED_IN_SHARE = 0.005
"""Of the test readings; from here on every head says it."""


def protocol_of(
    named: str | None,
    space: SearchSpace,
    dataset: str | Series,
    data_dir: Path | None,
    *,
    allow_outside: bool = False,
) -> str | ProtocolTable:
    """Choose the protocol: that of the command line, the table of the space, that of the dataset, the space's name."""
    if named is not None:
        return named
    if isinstance(space.protocol, ProtocolTable) or isinstance(dataset, Series):
        return space.protocol
    return find_dataset(dataset, data_dir, allow_outside=allow_outside)[0].protocol or space.protocol


def split_dataset(
    dataset: str | Series,
    protocol: str | ProtocolTable,
    data_dir: Path | None,
    channel: str | None = None,
    *,
    fill: str = "causal",
    readings: str = "measured",
    allow_outside: bool = False,
    changes: ProtocolTable | None = None,
) -> tuple[SplitSeries, str]:
    """Cut a dataset by a protocol, and say what of the public files it is.

    Args:
        dataset: Name or folder, or a series in memory.
        protocol: As in `PROTOCOLS`, or a user's own.
        data_dir: Folder of datasets.
        channel: Name of the forecast channel; the protocol's where None.
        fill: "causal", or "published" for that of the papers (`Protocol.filled`).
        readings: Which count, "measured" or "published" (`Protocol.counting`).
        allow_outside: Whether the dataset's files may lie outside its folder.
        changes: What the command line changes of the protocol.

    Raises:
        ProtocolError: Where there is no such protocol, channel, fill or readings, or the series cannot follow them.
    """
    table = protocol if isinstance(protocol, ProtocolTable) else ProtocolTable.read({"base": protocol}, None)
    chosen = PROTOCOLS[table.base].filled(fill).counting(readings)
    if isinstance(dataset, Series):
        source, note = dataset, "a series in memory"
    else:
        card, _ = find_dataset(dataset, data_dir, allow_outside=allow_outside)
        source = load_series(dataset, data_dir, allow_outside=allow_outside)
        note = describe_completeness(card, source)
    for one in (table, *([changes] if changes is not None else [])):
        chosen = one.changing(chosen, source.interval_minutes)
    if channel is not None:
        if channel not in source.channels:
            raise ProtocolError(f"{source.name} has no channel {channel!r}; choose one of {', '.join(source.channels)}")
        chosen = replace(chosen, channel=source.channels.index(channel))
    series = split_series(source, chosen)
    if (filled_in := filled_in_share(series)) >= LEAST_FILLED_IN_SHARE:
        note += f"; the source filled in {100 * filled_in:.0f} % of the test readings, {_FILLED_IN[chosen.readings]}"
    if unseen := unseen_days(series):
        note += (
            f"; no training day is {' or '.join(unseen)}, so that of such days the calendar knows the level alone: "
            'search input = "raw" too (--set input=raw,deviation)'
        )
    if series.grid is not None and series.active_share < 1:
        active, factor = 100 * series.active_share, series.active_share**-0.5
        note += (
            f"; {active:.0f} % of the cells ever have flow, and over those alone every RMSE here is {factor:.4f} times "
            "as large, which is what papers on this data print"
        )
    return series, note


_FILLED_IN = {
    "measured": "which are left out of training and errors",
    "published": "and a network that knows weekday and time gives repeated weeks back",
}


def filled_in_share(series: SplitSeries) -> float:
    """Share of the test split's readings that the source filled in."""
    test = slice(series.splits["test"].first, series.splits["test"].last)
    return float(series.filled_in[test].sum() / max(1, series.present[test].sum()))
