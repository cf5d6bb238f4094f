"""The table `[series]` of a `dataset.toml`: how the readings are stored."""

from pydantic import NaiveDatetime

from kdsearch.data.frozen import Frozen

__all__ = ["SeriesSource"]


class SeriesSource(Frozen):
    """The stored form of the readings.

    Attributes:
        file: File name in the dataset's folder: `.csv`, `.npz`, `.h5` or `.hdf5`.
        further: Files of the same layout that go on where it ends, in order of time.
        key: Array, dataset or pandas frame inside an npz or HDF5 file; may be left out where there is only one.
        axes: The order of the axes in the file, such as "node step"; "step node" or "step node channel" if absent. The
            nodes of "step channel row column" are the cells of a grid, row by row.
        dates: Array inside an HDF5 file with the time of each row as YYYYMMDDSS, the slots SS of a day from 01.
        header: Whether a CSV file's first line holds sensor ids; seen from the file where absent.
        ids_file: A text file with the sensor ids in column order, for files without a header.
        weekdays_only: Rows are the Mondays to Fridays from `start` on, without a row for weekends.
        absent: Spans of local time, the end not included, for which the file has no rows.
        observed: What says how much of each reading was observed, in the layout of the readings: another array of the
            same npz or HDF5 file, or another file of the folder. Where it is zero the source filled the reading in.
    """

    file: str
    further: tuple[str, ...] = ()
    key: str | None = None
    axes: str | None = None
    dates: str | None = None
    header: bool | None = None
    ids_file: str | None = None
    weekdays_only: bool = False
    absent: tuple[tuple[NaiveDatetime, NaiveDatetime], ...] = ()
    observed: str | None = None
