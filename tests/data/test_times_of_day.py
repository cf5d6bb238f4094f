"""Dates and times of day in columns of their own: clocks, and numbers that count the intervals of a day."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kdsearch.data.describe import describe_file
from kdsearch.data.load import load_series
from kdsearch.data.times_of_day import day_columns, is_clock
from kdsearch.errors import DataError
from tests.data.tables import IDS, STEPS, TIMES, folder, loaded, speeds

FRAME = speeds()
HOURLY = FRAME[::4]
SLOTS = np.arange(STEPS) % 96
HOURS = np.arange(STEPS // 4) % 24
MORNING = HOURLY[(HOURS > 5) & (HOURS < 21)]
SEVERAL = 'time = ["date", "x"]'


def beside(
    frame: pd.DataFrame, times: Any, name: str = "x", dates: str = "%Y-%m-%d", date: str = "date", **how: Any
) -> str:
    """The wide table with a column of dates and one of times of day."""
    index = pd.DatetimeIndex(frame.index)
    table = frame.assign(**{date: index.strftime(dates), name: times})[[date, name, *IDS]]
    return str(table.to_csv(**({"index": False} | how)))


def bast(dates: str = "%y%m%d") -> str:
    """The hourly counts of the German federal roads: a row for each station and hour, which is numbered from 1."""
    rows = HOURLY.rename_axis("when").reset_index().melt("when", var_name="Zst", value_name="KFZ_R1")
    rows = rows.assign(
        Land="8", Datum=rows["when"].dt.strftime(dates), Wotag=5, Stunde=(rows["when"].dt.hour + 1).map("{:02d}".format)
    )
    more = {f"PLZ_R{number}": 0 for number in range(12)}  # it has far more columns than most long tables
    columns = ["Zst", "Land", "Datum", "Wotag", "Stunde", "KFZ_R1", *more]
    return str(rows.assign(**more)[columns].to_csv(sep=";", decimal=",", index=False))


def clocks(how: str) -> list[str]:
    return list(TIMES.strftime(how))


BAST = 'time = ["Datum", "Stunde"]\ntime_format = "%y%m%d"\nvalues = "KFZ_R1"'
HOUR = "interval_minutes = 60"
RIGHT: dict[str, tuple[str, str, str, pd.DataFrame]] = {
    "quarter-hours from 1": (beside(FRAME, SLOTS + 1, "interval"), "", "", FRAME),
    "quarter-hours from 0": (beside(FRAME, SLOTS, "Viertelstunde", "%d.%m.%Y", sep=";", decimal=","), "", "", FRAME),
    "quarter-hours, told": (beside(FRAME, SLOTS + 1), SEVERAL, "", FRAME),
    "quarter-hours with a decimal zero": (beside(FRAME, SLOTS + 1.0, "slot"), "", "", FRAME),
    "hours from 1": (beside(HOURLY, HOURS + 1, "Stunde", "%d.%m.%Y"), "", HOUR, HOURLY),
    "hours from 0": (beside(HOURLY, HOURS, "hour"), "", HOUR, HOURLY),
    "hours, first told": (beside(HOURLY, HOURS + 1), f"{SEVERAL}\nfirst_slot = 1", HOUR, HOURLY),
    "hours of the day alone": (
        beside(MORNING, pd.DatetimeIndex(MORNING.index).hour + 1, "hour"),
        "first_slot = 1",
        HOUR,
        MORNING,
    ),
    "numbers that are clocks": (beside(FRAME, TIMES.hour * 100 + TIMES.minute), SEVERAL, "", FRAME),
    "four digits that are clocks": (beside(FRAME, clocks("%H%M"), "Time"), "", "", FRAME),
    "four digits that are clocks beside compact dates": (
        beside(FRAME, clocks("%H%M"), "Time", "%Y%m%d"),
        'time = ["date", "Time"]\ntime_format = "%Y%m%d"',
        "",
        FRAME,
    ),
    "hours from 0, by a format": (
        beside(HOURLY, HOURS, "hour"),
        'time = ["date", "hour"]\ntime_format = "%Y-%m-%d %H"',
        HOUR,
        HOURLY,
    ),
    "hours from 1, dates by a format": (
        beside(HOURLY, HOURS + 1, dates="%y%m%d"),
        f'{SEVERAL}\ntime_format = "%y%m%d"',
        HOUR,
        HOURLY,
    ),
    "BASt": (bast(), BAST, HOUR, HOURLY),
    "year, month, day and hour from 1": (
        HOURLY.assign(y=2024, m=3, d=pd.DatetimeIndex(HOURLY.index).day, h=HOURS + 1).to_csv(index=False),
        'time = ["y", "m", "d", "h"]\ntime_format = "%Y %m %d"',
        HOUR,
        HOURLY,
    ),
    "date, hour and minute": (
        FRAME.assign(d=TIMES.date, h=TIMES.hour, m=TIMES.minute).to_csv(index=False),
        'time = ["d", "h", "m"]\ntime_format = "%Y-%m-%d %H %M"',
        "",
        FRAME,
    ),
    "year, month and day": (
        FRAME[::96].assign(y=2024, m=3, d=range(1, 5)).to_csv(index=False),
        'time = ["y", "m", "d"]\ntime_format = "%Y %m %d"',
        "interval_minutes = 1440",
        FRAME[::96],
    ),
    "full times beside an hour": (
        FRAME.assign(hour=TIMES.hour).to_csv(index_label="time"),
        'ignore = "hour"',
        "",
        FRAME,
    ),
    "clocks with milliseconds": (beside(FRAME, clocks("%H:%M:%S.000")), "", "", FRAME),
    "clocks with AM and PM": (beside(FRAME, clocks("%I:%M %p"), dates="%d.%m.%Y"), "", "", FRAME),
    "clocks with dots": (beside(FRAME, clocks("%H.%M"), "Uhrzeit", "%d.%m.%Y", sep=";"), "", "", FRAME),
    "clocks with h": (beside(FRAME, clocks("%Hh%M")), "", "", FRAME),
    "clocks before dates": (FRAME.assign(c=clocks("%H:%M"), d=TIMES.date).to_csv(index=False), "", "", FRAME),
    "clocks, dates by a format": (
        beside(FRAME, clocks("%H:%M"), dates="%d.%m.%y"),
        f'{SEVERAL}\ntime_format = "%d.%m.%y"',
        "",
        FRAME,
    ),
    "clocks beside midnights": (beside(FRAME, clocks("%H:%M"), dates="%Y-%m-%dT00:00:00"), "", "", FRAME),
    "clocks beside midnights, told": (beside(FRAME, clocks("%H:%M:%S"), dates="%d.%m.%Y 0:00"), SEVERAL, "", FRAME),
    "clocks beside American midnights": (
        beside(FRAME, clocks("%I:%M %p"), dates="%m/%d/%Y 12:00:00 AM"),
        "",
        "",
        FRAME,
    ),
    "clocks with the end of a day": (
        beside(FRAME[1:], clocks("%H:%M")[1:], dates="%d.%m.%Y").replace("02.03.2024,00:00", "01.03.2024,24:00"),
        "",
        "",
        FRAME[1:],
    ),
    "spans": (beside(FRAME, [f"{one:%H:%M} - {one + pd.Timedelta('15min'):%H:%M}" for one in TIMES]), "", "", FRAME),
}


@pytest.mark.parametrize("case", RIGHT)
def test_dates_and_times_of_day_become_times(tmp_path: Path, case: str) -> None:
    text, series, top, frame = RIGHT[case]
    found = loaded(tmp_path / "data", {"r.csv": text}, series, top)
    assert found.sensor_ids == IDS
    np.testing.assert_array_equal(found.times, pd.DatetimeIndex(frame.index).to_numpy().astype("datetime64[m]"))
    np.testing.assert_array_equal(found.values[:, :, 0], frame.to_numpy(dtype=np.float32))


ASKED: dict[str, tuple[str, str, str, str]] = {
    "hours of the day alone": (
        beside(MORNING, pd.DatetimeIndex(MORNING.index).hour, "hour"),
        "",
        HOUR,
        r"the column 'hour' \(6 to 20\) may count from 0 or from 1; write first_slot = 1 or first_slot = 0",
    ),
    "numbers of no name": (
        beside(FRAME, SLOTS),
        "",
        "",
        r"may be times of day, or sensors \(write sensor = 'x' then\); write time = \[\"date\", \"x\"\]",
    ),
    "BASt": (bast(), "", HOUR, r"'Datum' holds '240301', which may be a time; write time = \[\"Datum\", \"Stunde\"\]"),
    "BASt without a format": (
        bast(),
        'time = ["Datum", "Stunde"]\nvalues = "KFZ_R1"',
        HOUR,
        '\'240301\' is not a time; write time_format = "%y%m%d" or time_format = "%d%m%y"',
    ),
    "year, month and day": (
        FRAME[::96].assign(year=2024, month=3, day=range(1, 5)).to_csv(index=False),
        "",
        "interval_minutes = 1440",
        r"has its times in several columns; write time = \[\"year\", \"month\", \"day\"\]",
    ),
    "date, hour and minute": (
        FRAME.assign(date=TIMES.date, hour=TIMES.hour, minute=TIMES.minute).to_csv(index=False),
        "",
        "",
        r"has its times in several columns; write time = \[\"date\", \"hour\", \"minute\"\]",
    ),
    "the beginning and the end": (
        FRAME.assign(Datum=TIMES.date, Von=clocks("%H:%M"), Bis=clocks("%H:%M")).to_csv(index=False),
        "",
        "",
        r"several columns of times of day; write time = \[\"Datum\", \"Von\"\] or time = \[\"Datum\", \"Bis\"\]",
    ),
    "the wrong first one": (
        beside(HOURLY, HOURS + 1, "hour"),
        "first_slot = 0",
        HOUR,
        "line 25: 24 is no number of an interval, which are 0 to 23 on a day of 60-minute steps; correct",
    ),
    "another interval": (
        beside(FRAME, SLOTS + 1, "interval"),
        "",
        "interval_minutes = 5",
        "'interval' ends at 96, as numbers of 15-minute intervals do, .*; write interval_minutes = 15",
    ),
    "numbers that are no clocks": (
        beside(FRAME, TIMES.hour * 100 + TIMES.minute * 2),
        SEVERAL,
        "",
        "line 6: 100 is no number of an interval, .* or write times of day like 07:15",
    ),
    "hours from 1 by a format": (
        beside(HOURLY, HOURS + 1),
        f'{SEVERAL}\ntime_format = "%Y-%m-%d %H"',
        HOUR,
        "line 25: '2024-03-01 24' is not written as .*, without the hour where it counts from 1 to 24",
    ),
    "a time of day twice": (
        beside(FRAME, clocks("%H:%M"), dates="%Y-%m-%d 07:00"),
        SEVERAL,
        "",
        "line 2: '2024-03-01 07:00' has a time of day beside that of the column 'x'; write time = the one that holds",
    ),
    "an empty time of day": (
        beside(FRAME, clocks("%H:%M")).replace("2024-03-01,01:00", "2024-03-01,"),
        "",
        "",
        "line 6: the row has no time; write it, or take the row out",
    ),
    "four hours of spans": (
        HOURLY[7:11].set_axis([f"2024-03-01 {one:02d}:00-{one + 1:02d}:00" for one in range(7, 11)]).to_csv(),
        "",
        f'{HOUR}\ntimezone = "Europe/Berlin"',
        "'2024-03-01 07:00-08:00' has no offset of a time zone; write the beginning of a span alone",
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_what_is_not_certain_is_asked(tmp_path: Path, case: str) -> None:
    text, series, top, message = ASKED[case]
    with pytest.raises(DataError, match=message) as caught:
        loaded(tmp_path / "data", {"r.csv": text}, series, top)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["int", "float", "clock", "time", "span"])
def test_dates_of_pandas_beside_times_of_day(tmp_path: Path, dtype: str) -> None:
    """A Parquet file keeps both as what they are."""
    times: dict[str, Any] = {
        "int": SLOTS + 1,
        "float": SLOTS + 1.0,
        "clock": clocks("%H:%M"),
        "time": TIMES.time,
        "span": TIMES - TIMES.normalize(),
    }
    frame = FRAME.assign(date=TIMES.normalize(), slot=times[dtype]).reset_index(drop=True)
    place = folder(tmp_path / "data", {"r.parquet": b""})
    frame[["date", "slot", *IDS]].to_parquet(place / "r.parquet")
    series = load_series(str(place))
    np.testing.assert_array_equal(series.times, TIMES.to_numpy().astype("datetime64[m]"))
    np.testing.assert_array_equal(series.values[:, :, 0], FRAME.to_numpy(dtype=np.float32))


def test_what_the_numbers_count_is_said(tmp_path: Path) -> None:
    series = loaded(tmp_path / "data", {"r.csv": beside(HOURLY, HOURS + 1, "Stunde")}, "", HOUR)
    assert "the column 'Stunde' counts the 60-minute intervals of a day from 1, at 00:00" in series.notes


@pytest.mark.parametrize("text", [bast(), bast("%d.%m.%Y"), beside(FRAME, SLOTS, "quarter"), beside(FRAME, SLOTS + 1)])
def test_a_proposal_reads_its_file(tmp_path: Path, text: str) -> None:
    """Each question is answered by its likeliest answer, which is right here."""
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    proposal = describe_file(tmp_path / "r.csv")
    proposal.series |= {"values": "KFZ_R1"} if "values" in proposal.series else {}
    (tmp_path / "dataset.toml").write_text(proposal.toml(), encoding="utf-8")
    series = load_series(str(tmp_path))
    assert (series.interval_minutes, len(series.times)) in {(60, STEPS // 4), (15, STEPS)}
    assert (series.sensor_ids, str(series.times[0])) == (IDS, "2024-03-01T00:00")


@pytest.mark.parametrize(
    ("names", "slots", "found"),
    [
        (["date", "07:00", "07:15"], None, {1: 420, 2: 435}),
        (["12.10", "12.20", "13.10"], None, {}),
        ([str(hour) for hour in range(24)], 24, {hour: 60 * hour for hour in range(24)}),
        ([str(hour) for hour in range(24)], 96, {}),
        ([str(hour) for hour in range(2, 26)], None, {}),
        ([f"{401 + hour}" for hour in range(24)], None, {}),
    ],
)
def test_names_of_columns_that_are_times_of_day(names: list[str], slots: int | None, found: dict[int, int]) -> None:
    """Numbers that may be ids of sensors are so only where they are a whole day."""
    assert day_columns(names, slots) == found


@pytest.mark.parametrize(
    ("cell", "clock"),
    [("07:15", True), ("7:15 PM", True), ("24:00", True), ("25:00", False), ("7:61", False), ("7", False)],
)
def test_times_of_day(cell: str, clock: bool) -> None:
    assert is_clock(cell) == clock
