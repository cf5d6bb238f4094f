"""Loading of a dataset by its name: card, files, readings, times and graph become a series."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from kdsearch.data.card import DatasetCard, FileSet, chosen_files
from kdsearch.data.catalog import describe_inheritance
from kdsearch.data.fetch import blob_id
from kdsearch.data.folders import KnownDataset, default_data_dir, find_dataset, known_datasets
from kdsearch.data.graph import read_adjacency
from kdsearch.data.graph_files import read_ids
from kdsearch.data.hdf5_files import refuse_links_out
from kdsearch.data.kinds_of_day import check_country
from kdsearch.data.places import inside, is_file
from kdsearch.data.plausible import check_range, check_years
from kdsearch.data.series import Series
from kdsearch.data.sizes import check_graph_fits
from kdsearch.data.sources import read_marks, read_source
from kdsearch.data.synthetic import make_demo
from kdsearch.data.times import check_times, row_times
from kdsearch.errors import DataError

__all__ = [
    "ChannelFacts",
    "KnownDataset",
    "SeriesFacts",
    "default_data_dir",
    "facts_of",
    "find_dataset",
    "known_datasets",
    "load_series",
]


class ChannelFacts(BaseModel):
    """The facts of one channel: shares of all cells, and the range of the measured readings.

    Attributes:
        filled_in_share: Share that the source filled in: marked, or equal to the week before to the last digit.
        filled_in_nodes: Nodes of which it filled in more than half.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    unit: str
    missing_share: float
    zero_share: float
    filled_in_share: float
    filled_in_nodes: int
    smallest: float
    largest: float


class SeriesFacts(BaseModel):
    """The facts of a loaded series, for `kdsearch data check`.

    Attributes:
        shape: ``(step, node, channel)``.
        first: First time.
        last: Last time.
        gaps: Places where rows are more than one interval apart.
        channels: Facts of each channel.
        edges: Directed edges.
        isolated_nodes: Nodes without any edge.
        active_nodes: Nodes with any reading but zero.
    """

    model_config = ConfigDict(frozen=True)

    shape: tuple[int, int, int]
    first: str
    last: str
    gaps: int
    channels: list[ChannelFacts]
    edges: int
    isolated_nodes: int
    active_nodes: int


def load_series(dataset: str, data_dir: Path | None = None, *, allow_outside: bool = False) -> Series:
    """Read a whole dataset.

    >>> load_series("demo").values.shape
    (6048, 20, 1)

    Args:
        dataset: A built-in name, the name of a folder in the data directory, or a path to a folder with a
            `dataset.toml`.
        data_dir: The data directory, `default_data_dir()` if absent.
        allow_outside: Whether its files may lie, or lead, outside its folder.

    Raises:
        DataError: The dataset is unknown, its files are not there, lead out of its folder, or are not as its card says.
    """
    card, folder = find_dataset(dataset, data_dir, allow_outside=allow_outside)
    if card.series is None:
        return make_demo()
    if card.holidays is not None:
        check_country(card.holidays)
    files = chosen_files(card, folder)
    if not allow_outside:
        _stay_inside(files, folder)
    source, path = files.series, folder / files.series.file
    readings = read_source(source, folder, card.interval_minutes)
    values = readings.values
    times = row_times(card, source, values.shape) if readings.times is None else readings.times
    check_times(times, card.interval_minutes, path)
    check_years(times, path)
    channels = _channels(card, values.shape, path)
    if card.missing_value is not None:
        values = np.where(values == np.float32(card.missing_value), np.float32(np.nan), values)
    if card.negative_is_zero:
        values = np.maximum(values, np.float32(0))
    notes = [describe_inheritance(card, files), *check_range(values, channels, path)]
    check_graph_fits(values.shape[1], path)
    ids = readings.sensor_ids or (read_ids(folder / source.ids_file) if source.ids_file else None)
    sensor_ids = ids or tuple(str(node) for node in range(values.shape[1]))
    if len(set(sensor_ids)) != values.shape[1]:
        raise DataError(
            f"{path} has {values.shape[1]} sensors with {len(set(sensor_ids))} different ids; give each its own"
        )
    return Series(
        name=card.name,
        values=values,
        times=times,
        interval_minutes=card.interval_minutes,
        unit=card.unit[: len(channels)],
        channels=channels,
        adjacency=read_adjacency(files.graph, folder, sensor_ids, named=ids is not None, grid=readings.grid),
        sensor_ids=sensor_ids,
        complete=_complete(card, files, folder),
        grid=readings.grid,
        holidays=card.holidays,
        marked=read_marks(source, folder, card.interval_minutes, values.shape),
        notes=tuple(note for note in notes if note),
    )


def _stay_inside(files: FileSet, folder: Path) -> None:
    """Refuse files that lead out of the folder, by symbolic links or by links inside HDF5 files."""
    observed = files.series.observed
    further = (observed,) if observed and is_file(folder / observed) else ()
    for name in (*files.names, *further):
        path = inside(folder, name)
        if path.suffix.lower() in (".h5", ".hdf5"):
            refuse_links_out(path)


def _channels(card: DatasetCard, shape: tuple[int, ...], path: Path) -> tuple[str, ...]:
    """Name the channels of the file; known pieces of a public file may have only the first ones."""
    if shape[2] != len(card.channels) and not any(part.shape == shape for part in card.parts):
        raise DataError(
            f"{path} has {shape[2]} channels, its card names {len(card.channels)} ({', '.join(card.channels)}); "
            "write the right channels into dataset.toml"
        )
    return card.channels[: shape[2]]


def _complete(card: DatasetCard, files: FileSet, folder: Path) -> bool | None:
    """Tell whether all files are the public ones; None where they may be, but one of them has no known hash."""
    ids = {file.name: file.blob_id for file in card.files}
    known = [(name, public) for name in files.names if (public := ids.get(name)) is not None]
    if any(blob_id(folder / name) != public for name, public in known):
        return False
    return True if len(known) == len(files.names) else None


def facts_of(series: Series) -> SeriesFacts:
    """Gather the facts of a series: shape, range, shares of missing readings and zeros, times and edges."""
    steps, nodes, channels = series.values.shape
    linked = series.adjacency > 0
    gaps = np.diff(series.times) > np.timedelta64(series.interval_minutes, "m")
    return SeriesFacts(
        shape=(steps, nodes, channels),
        first=str(series.times[0]),
        last=str(series.times[-1]),
        gaps=int(gaps.sum()),
        channels=[_channel_facts(series, channel) for channel in range(channels)],
        edges=int(linked.sum()),
        isolated_nodes=int((~(linked.any(axis=0) | linked.any(axis=1))).sum()),
        active_nodes=int((series.present & (series.values != 0)).any(axis=(0, 2)).sum()),
    )


def _channel_facts(series: Series, channel: int) -> ChannelFacts:
    name, values, filled_in = series.channels[channel], series.values[:, :, channel], series.filled_in[:, :, channel]
    readings = values[np.isfinite(values)]
    if readings.size == 0:
        raise DataError(f"channel {name} has no reading at all; check missing_value and the file")
    return ChannelFacts(
        name=name,
        unit=series.unit[channel],
        missing_share=1.0 - readings.size / values.size,
        zero_share=float((readings == 0).sum() / values.size),
        filled_in_share=float(filled_in.mean()),
        filled_in_nodes=int((filled_in.mean(axis=0) > 0.5).sum()),
        smallest=float(readings.min()),
        largest=float(readings.max()),
    )
