"""Loading of a dataset by its name: card, files, readings, times and graph become a series."""

import difflib
import os
from pathlib import Path

import numpy as np
from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict

from kdsearch.data.card import DatasetCard, FileSet, chosen_files
from kdsearch.data.catalog import CARDS, read_card
from kdsearch.data.fetch import blob_id
from kdsearch.data.graph import read_adjacency
from kdsearch.data.graph_files import read_ids
from kdsearch.data.kinds_of_day import check_country
from kdsearch.data.quantity import check_readings
from kdsearch.data.series import Series
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


class KnownDataset(BaseModel):
    """A line of `kdsearch data list`.

    Attributes:
        name: The value of `--dataset`.
        title: One line for people.
        shape: Public shape ``(step, node, channel)``; None for a user's own folder, whose files are not opened.
        present: Whether all files of one form are in the folder.
        folder: The folder where they are, or belong.
        built_in: False for a user's own folder.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    shape: tuple[int, int, int] | None
    present: bool
    folder: Path
    built_in: bool


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


def default_data_dir() -> Path:
    """Find the folder of the datasets: `KDSEARCH_DATA`, or the user's data folder of this system."""
    named = os.environ.get("KDSEARCH_DATA")
    return Path(named).expanduser() if named else user_data_path("kdsearch", appauthor=False)


def find_dataset(dataset: str, data_dir: Path | None = None) -> tuple[DatasetCard, Path]:
    """Find card and folder of a dataset, whether or not its files are there.

    Args:
        dataset: A built-in name, the name of a folder in the data directory, or a path to a folder with a
            `dataset.toml`.
        data_dir: The data directory, `default_data_dir()` if absent.

    Raises:
        DataError: There is no such dataset; the message names the nearest.
    """
    data_dir = data_dir or default_data_dir()
    places = (data_dir / dataset, Path(dataset).expanduser())
    for folder in places:
        if (folder / "dataset.toml").is_file():
            return read_card(folder.absolute()), folder
    if dataset in CARDS:
        return CARDS[dataset], data_dir / dataset
    for folder in places:
        if folder.is_dir():  # a built-in dataset elsewhere, or a folder that still wants its dataset.toml
            return read_card(folder.absolute()), folder
    names = [known.name for known in known_datasets(data_dir)]
    near = difflib.get_close_matches(dataset, names, n=3, cutoff=0.0)
    raise DataError(
        f"there is no dataset {dataset!r}; the nearest are {', '.join(near)}, and `kdsearch data list` names all"
    )


def known_datasets(data_dir: Path | None = None) -> list[KnownDataset]:
    """List the built-in datasets and the user's own folders in the data directory, by name."""
    data_dir = data_dir or default_data_dir()
    own = {path.parent.name for path in data_dir.glob("*/dataset.toml")} - CARDS.keys()
    known = []
    for name in (*CARDS, *sorted(own)):
        card, folder = find_dataset(name, data_dir)
        present = not card.file_sets or any(
            all((folder / file).is_file() for file in form.names) for form in card.file_sets
        )
        known.append(
            KnownDataset(
                name=name, title=card.title, shape=card.shape, present=present, folder=folder, built_in=name in CARDS
            )
        )
    return known


def load_series(dataset: str, data_dir: Path | None = None) -> Series:
    """Read a whole dataset.

    >>> load_series("demo").values.shape
    (6048, 20, 1)

    Args:
        dataset: A built-in name, the name of a folder in the data directory, or a path to a folder with a
            `dataset.toml`.
        data_dir: The data directory, `default_data_dir()` if absent.

    Raises:
        DataError: The dataset is unknown, its files are not there, or they are not as its card says.
    """
    card, folder = find_dataset(dataset, data_dir)
    if card.series is None:
        return make_demo()
    if card.holidays is not None:
        check_country(card.holidays)
    files = chosen_files(card, folder)
    source, path = files.series, folder / files.series.file
    readings = read_source(source, folder, card.interval_minutes)
    values = readings.values
    times = row_times(card, source, values.shape) if readings.times is None else readings.times
    check_times(times, card.interval_minutes, path)
    channels = _channels(card, values.shape, path)
    if card.missing_value is not None:
        values = np.where(values == np.float32(card.missing_value), np.float32(np.nan), values)
    if card.negative_is_zero:
        values = np.maximum(values, np.float32(0))
    check_readings(values, channels, card.quantity[: len(channels)], card.name)
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
        quantity=card.quantity[: len(channels)],
        marked=read_marks(source, folder, card.interval_minutes, values.shape),
    )


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
