"""The table `[series]` of a `dataset.toml`: how the readings are stored."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from kdsearch.data.frozen import Frozen
from kdsearch.data.keys import FileName, LocalTime

__all__ = ["SeriesSource"]

LONGEST_ABSENCE = timedelta(days=3660)
"""Of all spans together; their steps are counted one by one."""


def _several(value: Any) -> Any:
    """Let one name stand for a list of one."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]


class SeriesSource(Frozen):
    """The stored form of the readings.

    Attributes:
        file: File name in the dataset's folder: `.csv`, `.txt`, `.tsv`, `.parquet`, `.npy`, `.npz`, `.h5`, `.hdf5` or
            `.mat`; text may be packed as `.gz` or `.zip`. A pattern such as "*.csv" names several files.
        further: Files of the same layout that go on where it ends.
        each_file: What each of several files holds: a piece of "time", or a "sensor", whose id is the file's name.
        key: Array, dataset or frame inside an npz or HDF5 file, or file inside a zip; may be left out where there is
            only one.
        axes: The order of the axes in an array, such as "node step"; "step", "step node" or "step node channel" if
            absent. The nodes of "step channel row column" are the cells of a grid, row by row.
        dates: Array inside an HDF5 file with the time of each row as YYYYMMDDSS, the slots SS of a day from 01.
        layout: How a table is laid out: "wide" (a column for each sensor), "long" (a row for each reading), "days" (a
            row for each day) or "transposed" (a row for each sensor); seen from the file where absent.
        time: Column of the times, or several: of dates and, the last one, of times of day, or of numbers that count
            the intervals of a day; by a `time_format` that has the hour, all together.
        first_slot: Number of a day's first interval where such numbers count them, 0 or 1; seen from the file where
            absent.
        time_format: How times are written, as in `strftime`; also "epoch seconds", "epoch milliseconds", "excel days".
        date_order: "day first" or "month first", for dates such as 04/01/2016.
        sensor: Column that says which sensor a row is of, for long tables.
        values: Columns of readings: one for each channel in a long table, one for each sensor in a wide one.
        ignore: Columns that hold no readings.
        observed: What says how much of each reading was observed: a column of the table, another array of the same
            npz or HDF5 file, or another file of the folder in the layout of the readings. Where it is zero the source
            filled the reading in.
        on_grid: What to do with readings between the steps: "nearest" takes the one nearest to each step, "mean" the
            mean of those within it.
        header: Whether a text file's first line holds names; seen from the file where absent.
        skip_lines: Lines above the table.
        separator: What stands between cells; seen from the file where absent.
        decimal: Decimal mark; seen from the file where absent.
        missing_text: Cells that say that nothing was measured, such as "-".
        ids_file: A text file with the sensor ids in column order, for files without a header.
        weekdays_only: Rows are the Mondays to Fridays from `start` on, without a row for weekends.
        absent: Spans of local time, the end not included, for which the file has no rows.
    """

    file: FileName
    further: tuple[FileName, ...] = ()
    each_file: Literal["time", "sensor"] = "time"
    key: str | None = None
    axes: str | None = None
    dates: str | None = None
    layout: Literal["wide", "long", "days", "transposed"] | None = None
    time: Names = ()
    first_slot: Literal[0, 1] | None = None
    time_format: str | None = None
    date_order: Literal["day first", "month first"] | None = None
    sensor: str | None = None
    values: Names = ()
    ignore: Names = ()
    observed: FileName | None = None
    on_grid: Literal["nearest", "mean"] | None = None
    header: bool | None = None
    skip_lines: int = Field(default=0, ge=0)
    separator: Literal[",", ";", "|", "tab", "space"] | None = None
    decimal: Literal[".", ","] | None = None
    missing_text: Names = ()
    ids_file: FileName | None = None
    weekdays_only: bool = False
    absent: tuple[tuple[LocalTime, LocalTime], ...] = ()

    @field_validator("absent")
    @classmethod
    def _spans_of_time(cls, absent: tuple[tuple[LocalTime, LocalTime], ...]) -> tuple[tuple[LocalTime, LocalTime], ...]:
        for first, end in absent:
            if end <= first:
                raise ValueError(f"ends at {end:%Y-%m-%dT%H:%M} where it begins, or before; write [from, to]")
        if sum((end - first for first, end in absent), timedelta()) > LONGEST_ABSENCE:
            raise ValueError(f"leaves out more than {LONGEST_ABSENCE.days:,} days; name spans inside the file's time")
        return absent
