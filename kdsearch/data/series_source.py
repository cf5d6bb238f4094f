"""The table `[series]` of a `dataset.toml`: how the readings are stored."""

from datetime import timedelta

from pydantic import field_validator

from kdsearch.data.frozen import Frozen
from kdsearch.data.keys import FileName, LocalTime

__all__ = ["SeriesSource"]

LONGEST_ABSENCE = timedelta(days=3660)
"""Of all spans together; their steps are counted one by one."""


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

    file: FileName
    further: tuple[FileName, ...] = ()
    key: str | None = None
    axes: str | None = None
    dates: str | None = None
    header: bool | None = None
    ids_file: FileName | None = None
    weekdays_only: bool = False
    absent: tuple[tuple[LocalTime, LocalTime], ...] = ()
    observed: FileName | None = None

    @field_validator("absent")
    @classmethod
    def _spans_of_time(cls, absent: tuple[tuple[LocalTime, LocalTime], ...]) -> tuple[tuple[LocalTime, LocalTime], ...]:
        for first, end in absent:
            if end <= first:
                raise ValueError(f"ends at {end:%Y-%m-%dT%H:%M} where it begins, or before; write [from, to]")
        if sum((end - first for first, end in absent), timedelta()) > LONGEST_ABSENCE:
            raise ValueError(f"leaves out more than {LONGEST_ABSENCE.days:,} days; name spans inside the file's time")
        return absent
