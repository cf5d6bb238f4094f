"""Loading of a dataset by its name: card, files, readings, times and graph become a series."""

from pathlib import Path

from kdsearch.data.card import DatasetCard, FileSet, chosen_files
from kdsearch.data.catalog import describe_inheritance
from kdsearch.data.fetch import blob_id
from kdsearch.data.folders import KnownDataset, default_data_dir, find_dataset, known_datasets
from kdsearch.data.graph import read_graph
from kdsearch.data.graph_files import read_ids
from kdsearch.data.hdf5_files import refuse_links_out
from kdsearch.data.kinds_of_day import check_country
from kdsearch.data.places import inside, is_file
from kdsearch.data.plausible import cleaned
from kdsearch.data.readers import HDF5_SUFFIXES
from kdsearch.data.sensor_names import Sensors
from kdsearch.data.series import Series
from kdsearch.data.sources import read_source
from kdsearch.data.synthetic import make_demo
from kdsearch.errors import DataError

__all__ = [
    "KnownDataset",
    "default_data_dir",
    "find_dataset",
    "known_datasets",
    "load_series",
]


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
    readings = read_source(card, source, folder)
    values = readings.values
    channels = _channels(card, values.shape, path)
    notes = [describe_inheritance(card, files), *cleaned(readings, card, channels, path)]
    if readings.sensor_ids and source.ids_file and read_ids(folder / source.ids_file) != readings.sensor_ids:
        raise DataError(f"{path} and {source.ids_file} name other sensors; leave ids_file out, or correct header")
    ids = readings.sensor_ids or (read_ids(folder / source.ids_file) if source.ids_file else None)
    sensor_ids = ids or tuple(str(node) for node in range(values.shape[1]))
    if len(set(sensor_ids)) != values.shape[1]:
        raise DataError(
            f"{path} has {values.shape[1]} sensors with {len(set(sensor_ids))} different ids; give each its own"
        )
    steps = len(values) if readings.counted and not source.axes else None  # a row may be a sensor
    sensors = Sensors(sensor_ids, named=ids is not None, steps=steps, grid=readings.grid)
    graph = read_graph(files.graph, folder, sensors, values, readings.times)
    return Series(
        name=card.name,
        values=values,
        times=readings.times,
        interval_minutes=card.interval_minutes,
        unit=card.unit[: len(channels)],
        channels=channels,
        adjacency=graph.adjacency,
        sensor_ids=sensor_ids,
        complete=_complete(card, files, folder),
        grid=readings.grid,
        holidays=card.holidays,
        quantity=card.quantity[: len(channels)],
        marked=readings.marked,
        notes=(*(note for note in notes if note), *readings.notes, *graph.notes),
        positions=graph.positions,
        graph_rows=graph.rows,
        zone=card.timezone,
    )


def _stay_inside(files: FileSet, folder: Path) -> None:
    """Refuse files that lead out of the folder, by symbolic links or by links inside HDF5 files."""
    observed = files.series.observed
    further = (observed,) if observed and is_file(folder / observed) else ()
    for name in (*files.names, *further):
        path = inside(folder, name)
        if path.suffix.lower() in HDF5_SUFFIXES:
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
