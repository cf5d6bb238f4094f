"""Tables in every layout, separator, zone and order give the same series, or a sentence that says what to write."""

import gzip
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.load import load_series
from kdsearch.data.series import Series
from kdsearch.errors import DataError, DataQuestion
from tests.data.tables import IDS, STEPS, TIMES, WRITERS, days, folder, loaded, long, speeds

FRAME = speeds()
VALUES = FRAME.to_numpy(dtype=np.float32)[:, :, None]


def holds(series: Series) -> bool:
    """Tell whether a series has the readings, times and sensors of `FRAME`."""
    assert series.sensor_ids == IDS
    np.testing.assert_array_equal(series.times, TIMES.to_numpy().astype("datetime64[m]"))
    np.testing.assert_array_equal(series.values, VALUES)
    return True


def zipped(**files: str) -> bytes:
    """A zip of text files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"export/{name}.csv", text)
    return buffer.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    """A Parquet file of a frame."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def wide(**how: Any) -> str:
    """The wide table with pandas' options."""
    return str(FRAME.to_csv(**({"index_label": "time"} | how)))


BERLIN = FRAME.tz_localize("Europe/Berlin")
UTC = BERLIN.tz_convert("UTC")
CLOCKED = FRAME.assign(Date=TIMES.strftime("%d.%m.%Y"), Time=TIMES.strftime("%H:%M"))[["Date", "Time", *IDS]]
COUNTED = FRAME.reset_index(drop=True)
HOURS = pd.DataFrame({"date": TIMES[::4].date, "hour": TIMES[::4].hour, "401": FRAME["401"][::4].to_numpy()})
LONG_IDS = long(FRAME)["sensor"]
SPRING = pd.date_range("2024-03-30", periods=STEPS, freq="15min", tz="Europe/Berlin")
START = 'start = "2024-03-01T00:00"'
LINES = wide().splitlines()
SPACED = FRAME.map("{:9.2f}".format)
DAYS = days(FRAME)


def headed(*lines: str) -> str:
    """The wide table with other lines in place of its first one."""
    return "\n".join([*lines, *LINES[1:]]) + "\n"


def days_named(names: Iterable[object]) -> str:
    """The table with a row for each day, its times of day under other names."""
    return str(DAYS.set_axis(["date", "sensor", *names], axis=1).to_csv(index=False))


CLOCKS = list(DAYS.columns[2:])

RIGHT: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "wide": ({"r.csv": wide()}, "", ""),
    "wide, no name of the times": ({"r.csv": wide(index_label="")}, "", ""),
    "wide, ISO with T and seconds": ({"r.csv": wide(date_format="%Y-%m-%dT%H:%M:%S")}, "", ""),
    "wide, slashes, year first": ({"r.csv": wide(date_format="%Y/%m/%d %H:%M")}, "", ""),
    "wide, quoted": ({"r.csv": wide(quoting=1)}, "", ""),
    "wide, CRLF and BOM": ({"r.csv": b"\xef\xbb\xbf" + wide(lineterminator="\r\n").encode()}, "", ""),
    "wide, UTF-16": ({"r.csv": wide().encode("utf-16")}, "", ""),
    "wide, semicolons and decimal commas": ({"r.csv": wide(sep=";", decimal=",")}, "", ""),
    "wide, semicolons and decimal points": ({"r.csv": wide(sep=";")}, "", ""),
    "wide, tabs": ({"r.tsv": wide(sep="\t")}, "", ""),
    "wide, tabs and decimal commas": ({"r.txt": wide(sep="\t", decimal=",")}, "", ""),
    "wide, vertical bars": ({"r.csv": wide(sep="|")}, "", ""),
    "wide, vertical bars, told": ({"r.csv": wide(sep="|")}, 'separator = "|"', ""),
    "wide, vertical bars between spaces": ({"r.csv": wide().replace(",", " | ")}, "", ""),
    "wide, runs of spaces": (
        {"r.txt": SPACED.to_csv(sep=" ", index_label="t", date_format="%FT%R").replace('"', "")},
        "",
        "",
    ),
    "wide, spaces, dates and times of day": (
        {"r.txt": "day clock  " + SPACED.to_csv(sep=" ", quoting=3, escapechar=" ").removeprefix(" ")},
        'separator = "space"',
        "",
    ),
    "wide, Excel's line of the separator": ({"r.csv": "sep=;\n" + wide(sep=";")}, "", ""),
    "wide, empty lines above": ({"r.csv": "\n\n" + wide()}, "", ""),
    "wide, separators at the ends of rows alone": (
        {"r.csv": headed(LINES[0]).replace("\n2024", ",\n2024")[:-1] + ","},
        "",
        "",
    ),
    "wide, empty columns": ({"r.csv": wide().replace(",", ",,").replace("\n", ",,,\n")}, "", ""),
    "wide, row names as R has them": ({"r.csv": headed('"401","402","403","404"')}, "", ""),
    "wide, a line of units": ({"r.csv": headed(LINES[0], ",km/h,km/h,km/h,km/h")}, "", ""),
    "wide, lines above and units": ({"r.csv": headed("Export", LINES[0], "[hh:mm],[Kfz/h],,,")}, "skip_lines = 1", ""),
    "wide, German dates": ({"r.csv": wide(sep=";", decimal=",", date_format="%d.%m.%Y %H:%M")}, "", ""),
    "wide, day first": ({"r.csv": wide(date_format="%d/%m/%Y %H:%M")}, "", ""),
    "wide, month first": ({"r.csv": wide(date_format="%m/%d/%Y %H:%M")}, "", ""),
    "wide, month first, AM and PM": ({"r.csv": wide(date_format="%m/%d/%Y %I:%M %p")}, "", ""),
    "wide, AM and PM as in Spain": (
        {"r.csv": wide(date_format="%d.%m.%Y %I:%M %p").replace("AM", "a. m.").replace("PM", "p. m.")},
        "",
        "",
    ),
    "wide, the end of a day as 24:00, told": (
        {"r.csv": wide(date_format="%d.%m.%y %H:%M").replace("02.03.24 00:00", "01.03.24 24:00")},
        'time_format = "%d.%m.%y %H:%M"',
        "",
    ),
    "wide, day first with dashes": ({"r.csv": wide(date_format="%d-%m-%Y %H:%M:%S")}, "", ""),
    "wide, names of months": ({"r.csv": wide(date_format="%d-%b-%Y %H:%M")}, "", ""),
    "wide, two-digit years, told": (
        {"r.csv": wide(date_format="%d.%m.%y %H:%M")},
        'time_format = "%d.%m.%y %H:%M"',
        "",
    ),
    "wide, order told": ({"r.csv": wide(date_format="%d/%m/%Y %H:%M")}, 'date_order = "day first"', ""),
    "wide, latest first": ({"r.csv": FRAME[::-1].to_csv(index_label="time")}, "", ""),
    "wide, shuffled": ({"r.csv": FRAME.sample(frac=1, random_state=3).to_csv(index_label="time")}, "", ""),
    "wide, date and time of day": ({"r.csv": CLOCKED.to_csv(index=False, sep=";")}, "", ""),
    "wide, date and time of day, told": (
        {"r.csv": CLOCKED.to_csv(index=False)},
        'time = ["Date", "Time"]\ndate_order = "day first"',
        "",
    ),
    "wide, times in the last column": (
        {"r.csv": FRAME.assign(when=TIMES.strftime("%Y-%m-%d %H:%M")).to_csv(index=False)},
        "",
        "",
    ),
    "wide, no times": ({"r.csv": COUNTED.to_csv(index=False)}, "header = true", START),
    "wide, row numbers ignored": ({"r.csv": COUNTED.to_csv(index_label="k7")}, 'ignore = "k7"', START),
    "wide, epoch seconds": (
        {"r.csv": FRAME.set_axis(TIMES.astype("datetime64[s]").astype(np.int64)).to_csv(index_label="ts")},
        'time = "ts"\ntime_format = "epoch seconds"',
        'timezone = "UTC"',
    ),
    "wide, epoch milliseconds in UTC": (
        {"r.csv": FRAME.set_axis(UTC.index.astype("datetime64[ms, UTC]").astype(np.int64)).to_csv(index_label="ts")},
        'time = "ts"\ntime_format = "epoch milliseconds"',
        'timezone = "Europe/Berlin"\nclock = "utc"',
    ),
    "wide, Excel's days": (
        {"r.csv": FRAME.set_axis((TIMES - pd.Timestamp("1899-12-30")) / pd.Timedelta("1D")).to_csv(index_label="t")},
        'time = "t"\ntime_format = "excel days"',
        "",
    ),
    "wide, no header, times in the second column": (
        {
            "r.csv": FRAME.reset_index()[["401", "index", "402", "403", "404"]].to_csv(index=False, header=False),
            "ids.txt": " ".join(IDS),
        },
        'ids_file = "ids.txt"',
        "",
    ),
    "wide, a separator at the end of each line": ({"r.csv": wide().replace("\n", ",\n")}, "", ""),
    "wide, offsets by a format": (
        {"r.csv": BERLIN.to_csv(index_label="t", date_format="%d.%m.%Y %H:%M %z")},
        'time_format = "%d.%m.%Y %H:%M %z"',
        'timezone = "Europe/Berlin"',
    ),
    "wide, lines above": ({"r.csv": "Export of 5 March\nvehicles\n" + wide()}, "skip_lines = 2", ""),
    "wide, a word for missing": (
        {"r.csv": wide().replace("401,402", "401,x,402", 1).replace(":00,", ":00,").replace("x,", "", 1)},
        'missing_text = "-"',
        "",
    ),
    "wide, other columns ignored": (
        {"r.csv": FRAME.assign(weekday=5, status="ok").to_csv(index_label="time")},
        'ignore = ["weekday", "status"]',
        "",
    ),
    "wide, sensors chosen": (
        {"r.csv": FRAME.assign(temperature=20.5).to_csv(index_label="time")},
        'values = ["401", "402", "403", "404"]\nignore = "temperature"',
        "",
    ),
    "wide, all times in one offset": ({"r.csv": BERLIN.to_csv(index_label="time")}, "", ""),
    "wide, an offset and a zone": ({"r.csv": BERLIN.to_csv(index_label="time")}, "", 'timezone = "Europe/Berlin"'),
    "wide, UTC and a zone": ({"r.csv": UTC.to_csv(index_label="time")}, "", 'timezone = "Europe/Berlin"'),
    "wide, Z and a zone": (
        {"r.csv": UTC.to_csv(index_label="time", date_format="%Y-%m-%dT%H:%M:%SZ")},
        "",
        'timezone = "Europe/Berlin"',
    ),
    "wide, a clock of UTC": (
        {"r.csv": UTC.tz_localize(None).to_csv(index_label="time")},
        "",
        'timezone = "Europe/Berlin"\nclock = "utc"',
    ),
    "wide, a local clock in a column called otherwise": (
        {"r.csv": wide(index_label="time_utc")},
        "",
        'clock = "local"',
    ),
    "wide, standard time": ({"r.csv": wide()}, "", 'timezone = "Europe/Berlin"\nclock = "standard"'),
    "wide, UTC is the zone": ({"r.csv": FRAME.tz_localize("UTC").to_csv()}, "", 'timezone = "UTC"'),
    "wide, PostgreSQL's offset": (
        {"r.csv": wide().replace(":00,", ":00+09,")},
        "",
        "",
    ),
    "wide, gz": ({"r.csv.gz": gzip.compress(wide().encode())}, "", ""),
    "wide, zip": ({"r.zip": zipped(readings=wide())}, "", ""),
    "wide, zip with a hidden file": ({"r.zip": zipped(readings=wide(), **{".DS_Store": "x"})}, "", ""),
    "wide, one file of a zip": (
        {"r.zip": zipped(readings=wide(), stations="id\n401\n")},
        'key = "export/readings.csv"',
        "",
    ),
    "wide, Parquet": ({"r.parquet": parquet(FRAME)}, "", ""),
    "wide, Parquet with a zone": ({"r.parquet": parquet(BERLIN)}, "", ""),
    "wide, Parquet in UTC with a zone told": ({"r.parquet": parquet(UTC)}, "", 'timezone = "Europe/Berlin"'),
    "wide, Parquet with an offset": ({"r.parquet": parquet(FRAME.tz_localize("+01:00"))}, "", ""),
    "wide, Parquet with an offset and a zone": (
        {"r.parquet": parquet(FRAME.tz_localize("+01:00"))},
        "",
        'timezone = "Europe/Berlin"',
    ),
    "wide, Parquet of text with decimal commas": (
        {"r.parquet": parquet(FRAME.map("{:.2f}".format).map(lambda one: one.replace(".", ",")))},
        'decimal = ","',
        "",
    ),
    "wide, Parquet, times in a column": ({"r.parquet": parquet(FRAME.rename_axis("t").reset_index())}, "", ""),
    "wide, Parquet of float32": ({"r.parquet": parquet(FRAME.astype(np.float32))}, "", ""),
    "wide, two files": (
        {"a.csv": FRAME[:100].to_csv(index_label="time"), "b.csv": FRAME[100:].to_csv(index_label="time")},
        'file = "a.csv"\nfurther = ["b.csv"]',
        "",
    ),
    "wide, two files, columns in another order": (
        {
            "a.csv": FRAME[:100].to_csv(index_label="time"),
            "b.csv": FRAME[100:][[*IDS[::-1]]].to_csv(index_label="time"),
        },
        'file = "a.csv"\nfurther = ["b.csv"]',
        "",
    ),
    "wide, a pattern": (
        {"p2.csv": FRAME[100:].to_csv(index_label="time"), "p1.csv": FRAME[:100].to_csv(index_label="time")},
        'file = "p*.csv"',
        "",
    ),
    "one file for each sensor": (
        {f"{one}.csv": FRAME[[one]].rename(columns={one: "speed"}).to_csv(index_label="time") for one in IDS},
        'file = "4*.csv"\neach_file = "sensor"',
        "",
    ),
    "long": ({"r.csv": long(FRAME).to_csv(index=False)}, "", ""),
    "long, shuffled": ({"r.csv": long(FRAME).sample(frac=1, random_state=1).to_csv(index=False)}, "", ""),
    "long, sensor by sensor": ({"r.csv": long(FRAME).sort_values(["sensor", "time"]).to_csv(index=False)}, "", ""),
    "long, German": (
        {
            "r.csv": long(FRAME)
            .rename(columns={"time": "Zeit", "sensor": "Messstelle", "speed": "Wert"})
            .to_csv(index=False, sep=";", decimal=",", date_format="%d.%m.%Y %H:%M")
        },
        "",
        "",
    ),
    "long, names of one's own": (
        {"r.csv": long(FRAME).set_axis(["a", "b", "c"], axis=1).to_csv(index=False)},
        'time = "a"\nsensor = "b"\nvalues = "c"',
        "",
    ),
    "long, told by layout alone": (
        {"r.csv": long(FRAME).set_axis(["a", "b", "c"], axis=1).to_csv(index=False)},
        'layout = "long"',
        "",
    ),
    "long, more columns, channel by name": (
        {"r.csv": long(FRAME).assign(lane=1.5, flow=100.5).to_csv(index=False)},
        "",
        "",
    ),
    "long, without a header": (
        {"r.csv": long(FRAME).to_csv(index=False, header=False)},
        'time = "1"\nsensor = "2"\nvalues = "3"',
        "",
    ),
    "long, ids with and without a decimal zero": (
        {
            "r.csv": long(FRAME)
            .assign(sensor=np.where(np.arange(4 * STEPS) % 2, LONG_IDS, LONG_IDS + ".0"))
            .to_csv(index=False)
        },
        "",
        "",
    ),
    "long, words that repeat beside named ids": (
        {"r.csv": long(FRAME).assign(direction=np.where(LONG_IDS < "403", "N", "S")).to_csv(index=False)},
        "",
        "",
    ),
    "long, what was observed in a column without a name": (
        {"r.csv": long(FRAME).assign(percent=100).to_csv(index=False, header=False)},
        'time = "1"\nsensor = "2"\nvalues = "3"\nobserved = "4"',
        "",
    ),
    "long, what was observed as true and false": (
        {"r.csv": long(FRAME).assign(ok=True).to_csv(index=False)},
        'observed = "ok"',
        "",
    ),
    "long, Parquet": ({"r.parquet": parquet(long(FRAME))}, "", ""),
    "long, ids as numbers in Parquet": ({"r.parquet": parquet(long(FRAME).astype({"sensor": int}))}, "", ""),
    "long, ids as floats in Parquet": ({"r.parquet": parquet(long(FRAME).astype({"sensor": float}))}, "", ""),
    "long, in UTC": (
        {"r.csv": long(UTC.tz_convert("UTC")).to_csv(index=False)},
        "",
        'timezone = "Europe/Berlin"',
    ),
    "a row for each day": ({"r.csv": days(FRAME).to_csv(index=False)}, "", ""),
    "a row for each day, German": (
        {"r.csv": days(FRAME, "%d.%m.%Y").to_csv(index=False, sep=";", decimal=",")},
        "",
        "",
    ),
    "a row for each day, month first": ({"r.csv": days(FRAME, "%m/%d/%Y").to_csv(index=False)}, "", ""),
    "a row for each day, columns without times": (
        {"r.csv": days(FRAME).set_axis(["date", "sensor", *(f"v{n}" for n in range(96))], axis=1).to_csv(index=False)},
        'layout = "days"\ntime = "date"\nsensor = "sensor"',
        "",
    ),
    "a row for each day, columns 0000 to 2345": ({"r.csv": days_named(one.replace(":", "") for one in CLOCKS)}, "", ""),
    "a row for each day, columns 1 to 96": ({"r.csv": days_named(range(1, 97))}, "", ""),
    "a row for each day, columns Q0 to Q95": ({"r.csv": days_named(f"Q{one}" for one in range(96))}, "", ""),
    "a row for each day, dots": ({"r.csv": days_named(one.replace(":", ".") for one in CLOCKS)}, "", ""),
    "a row for each day, AM and PM": (
        {"r.csv": days_named(f"{pd.Timestamp('2024-01-01 ' + one):%I:%M %p}" for one in CLOCKS)},
        "",
        "",
    ),
    "a row for each day, spans": (
        {"r.csv": days_named(f"{one}-{end}" for one, end in zip(CLOCKS, [*CLOCKS[1:], "24:00"], strict=True))},
        "",
        "",
    ),
    "transposed, Parquet with whole ids as index": (
        {"r.parquet": parquet(FRAME.T.set_axis(TIMES.astype(str), axis=1).set_axis([401, 402, 403, 404]))},
        "",
        "",
    ),
    "transposed": ({"r.csv": FRAME.T.to_csv(index_label="sensor")}, "", ""),
    "transposed, German": (
        {"r.csv": FRAME.T.set_axis(TIMES.strftime("%d.%m.%Y %H:%M"), axis=1).to_csv(sep=";", decimal=",")},
        "",
        "",
    ),
    "on the grid, nearest": (
        {"r.csv": FRAME.set_axis(TIMES + pd.to_timedelta(np.arange(STEPS) % 7 - 3, unit="s")).to_csv()},
        'on_grid = "nearest"',
        "",
    ),
    "on the grid, mean of one": (
        {"r.csv": FRAME.set_axis(TIMES + pd.to_timedelta(np.arange(STEPS) % 7, unit="s")).to_csv()},
        'on_grid = "mean"',
        "",
    ),
    "wide, tabs in front of commas": ({"r.csv": wide().replace(",", "\t,")}, "", ""),
    "wide, tabs behind commas": ({"r.csv": wide().replace(",", ",\t")}, "", ""),
    "wide, tabs around semicolons, decimal commas": (
        {"r.csv": wide(sep=";", decimal=",").replace(";", "\t;\t")},
        "",
        "",
    ),
    "wide, Chinese dates": (
        {"r.csv": wide(date_format="%Y\u5e74%m\u6708%d\u65e5 %H:%M")},
        'time = "time"\ntime_format = "%Y\u5e74%m\u6708%d\u65e5 %H:%M"',
        "",
    ),
    "a row for each day, its total ignored": (
        {"r.csv": DAYS.assign(Total=5123).to_csv(index=False)},
        'ignore = "Total"',
        "",
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_file_is_read_right(tmp_path: Path, case: str) -> None:
    files, series, top = RIGHT[case]
    assert holds(loaded(tmp_path / "data", files, series, top))


ASKED: dict[str, tuple[dict[str, str | bytes], str, str, str]] = {
    "row numbers without a name": ({"r.csv": COUNTED.to_csv()}, "", START, "the column '' holds no times"),
    "row numbers named index": ({"r.csv": COUNTED.to_csv(index_label="index")}, "", START, 'ignore = ["index"]'),
    "row numbers named timestep": (
        {"r.csv": COUNTED.to_csv(index_label="timestep")},
        "",
        START,
        'ignore = ["timestep"]',
    ),
    "row numbers named Unnamed: 0": (
        {"r.csv": COUNTED.to_csv(index_label="Unnamed: 0")},
        "",
        START,
        'ignore = ["Unnamed: 0"]',
    ),
    "row numbers of any name": ({"r.csv": COUNTED.to_csv(index_label="k7")}, "", START, "grows from row to row"),
    "row numbers that skip some": (
        {"r.csv": COUNTED.set_axis(np.arange(STEPS) * 3 + (np.arange(STEPS) > 5)).to_csv(index_label="k7")},
        "",
        START,
        "grows from row to row",
    ),
    "row numbers that fall": (
        {"r.csv": COUNTED.set_axis(np.arange(STEPS)[::-1]).to_csv(index_label="k7")},
        "",
        START,
        "grows from row to row",
    ),
    "epoch seconds": (
        {"r.csv": FRAME.set_axis(TIMES.astype("datetime64[s]").astype(np.int64)).to_csv(index_label="k7")},
        "",
        START,
        "counts rows or is a time",
    ),
    "a year and a month as numbers": (
        {"r.csv": FRAME.assign(month=3).to_csv(index_label="time")},
        "",
        "",
        'ignore = ["month"]',
    ),
    "latitude beside readings": (
        {"r.csv": FRAME.assign(Latitude=52.1).to_csv(index_label="time")},
        "",
        "",
        'ignore = ["Latitude"]',
    ),
    "what was observed beside readings": (
        {"r.csv": FRAME.assign(**{"% Observed": 100}).to_csv(index_label="time")},
        "",
        "",
        "'% Observed' looks like no sensor",
    ),
    "ids as floats": (
        {"r.csv": "401.0,402.0,403.0,404.0\n" + COUNTED.to_csv(index=False, header=False)},
        "",
        START,
        "write header = true or header = false",
    ),
    "times in UTC": ({"r.csv": UTC.to_csv()}, "", "", 'are in UTC; write timezone = "Europe/Berlin"'),
    "times with Z": (
        {"r.csv": UTC.to_csv(date_format="%Y-%m-%dT%H:%M:%SZ")},
        "",
        "",
        "are in UTC; write timezone",
    ),
    "several offsets": (
        {
            "r.csv": FRAME.set_axis(
                pd.date_range("2024-03-30", periods=STEPS, freq="15min", tz="Europe/Berlin")
            ).to_csv()
        },
        "",
        "",
        r"offsets from \+01:00 to \+02:00; write timezone",
    ),
    "Parquet in UTC": ({"r.parquet": parquet(UTC)}, "", "", "are in UTC; write timezone"),
    "a zone that is not there": ({"r.csv": wide()}, "", 'timezone = "Berlin"', "there is no time zone 'Berlin'"),
    "a clock that is not there": ({"r.csv": wide()}, "", 'clock = "gmt"', "clock"),
    "UTC without the place": ({"r.csv": wide()}, "", 'clock = "utc"', "wants the zone of the place"),
    "a local hour that is not there": (
        {"r.csv": FRAME.set_axis(TIMES + pd.Timedelta("30D")).to_csv()},
        "",
        'timezone = "Europe/Berlin"',
        'does not exist in Europe/Berlin.*write clock = "utc" or clock = "standard"',
    ),
    "the hour that comes twice": (
        {"r.csv": FRAME.set_axis(TIMES.where(np.arange(STEPS) < 12, TIMES - pd.Timedelta("1h"))).to_csv()},
        "",
        "",
        r"is there twice .*write timezone = .* if the clock was set back",
    ),
    "day or month first": (
        {"r.csv": FRAME[:90].set_axis(TIMES[:90].strftime("%d/%m/%Y %H:%M")).to_csv()},
        "",
        "",
        "may begin with the day or with the month; write date_order = ",
    ),
    "points of three digits": (
        {"r.csv": "Zeit;401\n" + "".join(f"{time};1.{number + 100}\n" for number, time in enumerate(TIMES[:96]))},
        "",
        "",
        r"the mark in '1.100' may be a decimal one, or stand between thousands .*; write decimal = ",
    ),
    "midnight at the end of its day": (
        {"r.csv": wide(date_format="%d.%m.%Y %H:%M").replace("02.03.2024 00:00", "01.03.2024 00:00")},
        "",
        "",
        "line 98: 2024-03-01T00:00:00 follows 2024-03-01T23:45:00, so that 00:00 ends a day there; write it as 24:00",
    ),
    "a row for each day, midnight at its end": (
        {"r.csv": days_named([*CLOCKS[1:], "00:00"])},
        "",
        "",
        "the column '00:00' follows '23:45', and so is the end of a day; write it as 24:00",
    ),
    "numbers with units": (
        {"r.csv": FRAME.map("{} km/h".format).to_csv(index_label="time")},
        "",
        "",
        "line 2, column 2: '60.25 km/h' is not a number; write the number alone, and its unit as unit =",
    ),
    "one number with a unit": (
        {"r.csv": wide() + "2024-03-05 00:00,1,2,12 %,4\n"},
        "",
        "",
        "line 386, column 4: '12 %' is not a number; write the number alone",
    ),
    "long, numbers with units": (
        {"r.csv": long(FRAME).assign(speed=long(FRAME)["speed"].map("{}km/h".format)).to_csv(index=False)},
        "",
        "",
        "line 2, column 3: '60.25km/h' is not a number; write the number alone",
    ),
    "quoted decimal commas": (
        {"r.csv": FRAME.map("{:.2f}".format).map(lambda one: one.replace(".", ",")).to_csv(index_label="time")},
        "",
        "",
        "line 2, column 2: '60,25' is not a number; write decimal = \",\" under [series]",
    ),
    "quoted marks between thousands": (
        {"r.csv": (FRAME * 20).round().map("{:,.0f}".format).to_csv(index_label="time")},
        "",
        "",
        "'1,205' is not a number; write numbers without marks between thousands, or decimal",
    ),
    "a spelling of nan that is none": (
        {"r.csv": wide() + "2024-03-05 00:00,1,2,nAn,4\n"},
        "",
        "",
        "line 386, column 4: 'nAn' is not a number",
    ),
    "true and false": (
        {"r.csv": (FRAME > 60).to_csv(index_label="time")},
        "",
        "",
        "the column '401' holds true and false, which are no readings; write ignore = ",
    ),
    "true and false beside readings": (
        {"r.parquet": parquet(FRAME.assign(ok=True))},
        "",
        "",
        "the column 'ok' holds true and false, which are no readings; write ignore = [\"ok\"]",
    ),
    "words beside readings": (
        {"r.csv": FRAME.assign(state="fine").to_csv(index_label="time")},
        "",
        "",
        "the column 'state' holds words, such as 'fine'; write ignore = [\"state\"]",
    ),
    "months of another language": (
        {"r.csv": wide(date_format="%d. %B %Y %H:%M").replace("March", "M\u00e4rz")},
        "",
        "",
        "the column 'time' holds no times, but '01. M\u00e4rz 2024 00:00'; write dates in numbers",
    ),
    "a month that begins like an English one": (
        {"r.csv": wide(date_format="%d %B %Y %H:%M").replace("March", "marraskuu")},
        "",
        "",
        "holds no times, but '01 marraskuu 2024 00:00'; write dates in numbers",
    ),
    "months of another language, told": (
        {"r.csv": wide(date_format="%d %B %Y %H:%M").replace("March", "mars")},
        'time_format = "%d %B %Y %H:%M"\ntime = "time"',
        "",
        "is not written as time_format = .* says; .* whose months are English words",
    ),
    "the name of a zone": (
        {"r.csv": BERLIN.to_csv(date_format="%Y-%m-%d %H:%M %Z", index_label="begin")},
        "",
        "",
        "the column 'begin' holds no times, but '2024-03-01 00:00 CET'; write its offset, such as",
    ),
    "compact times": (
        {"r.csv": wide(date_format="%Y%m%d%H%M")},
        "",
        "",
        "the column 'time' holds '202403010000', which may be a time; write time = [\"time\"]",
    ),
    "compact times, told": (
        {"r.csv": wide(date_format="%Y%m%d%H%M")},
        'time = "time"',
        "",
        "'202403010000' is not a time; write time_format = \"%Y%m%d%H%M\"",
    ),
    "two-digit years": (
        {"r.csv": wide(date_format="%d.%m.%y %H:%M")},
        "",
        "",
        "'01.03.24 00:00' has no year of four digits; write time_format = \"%d.%m.%y %H:%M\"",
    ),
    "days up to 12 taken for months": (
        {
            "r.csv": FRAME.set_axis(
                [
                    one.strftime("%m/%d/%Y %H:%M" if one.day < 13 else "%d/%m/%Y %H:%M")
                    for one in TIMES + pd.Timedelta("10D")
                ]
            ).to_csv()
        },
        "",
        "",
        "line 2: '03/11/2024 00:00' has day and month swapped, as the other dates are day first; write all alike",
    ),
    "a clock of UTC by its name": (
        {"r.csv": wide(index_label="Zeit (UTC)")},
        "",
        "",
        'the column \'Zeit (UTC)\' may show the clock of UTC; write clock = "utc" or clock = "local" at the top',
    ),
    "speeds beside flows": (
        {"r.csv": pd.concat([FRAME.add_prefix("speed_"), FRAME.add_prefix("flow_")], axis=1).to_csv()},
        "",
        "",
        'flow_401\' and \'speed_401\' look like different quantities; write values = ["flow_401", "flow_402"',
    ),
    "a state as a number": (
        {"r.csv": FRAME.assign(ok=1).to_csv(index_label="time")},
        "",
        "",
        "the column 'ok' looks like no sensor; write ignore = [\"ok\"]",
    ),
    "dates in two ways": (
        {"r.csv": wide().replace("2024-03-03", "03/03/2024")},
        "",
        "",
        "line 2: '2024-03-01 00:00:00' is written in another way than '03/03/2024 00:00:00'; write all alike",
    ),
    "dates with two marks": (
        {"r.csv": wide(date_format="%d.%m.%Y %H:%M").replace("03.03.2024", "03/03/2024")},
        "",
        "",
        "line 194: '03/03/2024 00:00' is written in another way than '01.03.2024 00:00'",
    ),
    "a row without a time": (
        {"r.csv": wide() + ",1,2,3,4\n"},
        "",
        "",
        "line 386: the row has no time; write it, or take the row out",
    ),
    "a row of totals": (
        {"r.csv": wide() + "Sum,1,2,3,4\n"},
        "",
        "",
        "line 386: 'Sum' is not a time; .* take the row out",
    ),
    "a title": (
        {"r.csv": "Export of 5 March, city\n\n" + wide()},
        "",
        "",
        "line 1: 'Export of 5 March, city' is no line of the table, which begins below it; write skip_lines = 2",
    ),
    "a title with separators": (
        {"r.csv": "Export,2024-03-05,,,\n" + wide()},
        "",
        "",
        "line 1: 'Export,2024-03-05,,,' is no line of the table, .*; write skip_lines = 1",
    ),
    "numbers as names above words": (
        {"r.csv": "401,402,403,404\nnorth,south,north,south\n" + COUNTED.to_csv(index=False, header=False)},
        "",
        START,
        "line 2: 'north' stands above numbers|the first line may be sensor ids",
    ),
    "a second line of the header": (
        {"r.csv": headed(LINES[0], ",north,south,north,south")},
        "",
        "",
        "line 2: 'north' stands above numbers, as a second header does; take it out, or, .* skip_lines = 1",
    ),
    "an unknown separator": (
        {"r.csv": wide(sep="^")},
        "",
        "",
        r"line 2: '2024-03-01 00:00:00\^60.25\^.*' has no separator; write commas, semicolons, tabs, \| or spaces",
    ),
    "spaces in a time": (
        {"r.txt": wide().replace(",", " ")},
        "",
        "",
        "line 2: 6 cells where the first line has 5; write a name for each, dates and times of day apart",
    ),
    "an empty line": (
        {"r.csv": wide().replace("\n2024-03-02 00:00", "\n\n2024-03-02 00:00")},
        "",
        "",
        "line 98: the line is empty",
    ),
    "ids beside a header": ({"r.csv": wide(), "ids.txt": "a b c d"}, 'ids_file = "ids.txt"', "", "name other sensors"),
    "long, one id written in two ways": (
        {
            "r.csv": long(FRAME)
            .assign(sensor=LONG_IDS.where(np.arange(4 * STEPS) % 2 == 0, "0" + LONG_IDS))
            .to_csv(index=False)
        },
        "",
        "",
        "the ids '0401' and '401' are never there at the same time, and may be one sensor; write them alike",
    ),
    "long, ids as numbers beyond 2^53": (
        {"r.parquet": parquet(long(FRAME).assign(sensor=LONG_IDS.astype(float) + 2.0**53))},
        "",
        "",
        r"ids as numbers with a point, which are not exact beyond 2\^53; save them as text",
    ),
    "long, rows of two lanes": (
        {"r.csv": pd.concat([long(FRAME).assign(lane=one) for one in (1, 2)]).to_csv(index=False)},
        "",
        "",
        "of sensor 401 is there twice .*; remove one, or keep rows of one kind where a column tells kinds such as",
    ),
    "long, headerless, numbers may be ids": (
        {"r.csv": long(FRAME).assign(direction=np.where(LONG_IDS < "403", "N", "S")).to_csv(index=False, header=False)},
        "",
        "",
        'which column names the sensor; write sensor = "2" or sensor = "4"',
    ),
    "hours in a column": (
        {"r.csv": HOURS.to_csv(index=False)},
        'sensor = "hour"',
        "interval_minutes = 60",
        "most rows of data are 1,440 minutes apart, and interval_minutes says 60; write interval_minutes = 1440, or",
    ),
    "another interval": (
        {"r.csv": wide()},
        "",
        "interval_minutes = 5",
        "most rows of data are 15 minutes apart, and interval_minutes says 5",
    ),
    "a first row of whole numbers like readings": (
        {"r.csv": "60,61,62,65\n" + COUNTED.to_csv(index=False, header=False)},
        "",
        START,
        "the first line may be sensor ids or readings",
    ),
    "epoch seconds without a zone": (
        {"r.csv": FRAME.set_axis(TIMES.astype("datetime64[s]").astype(np.int64)).to_csv(index_label="ts")},
        'time = "ts"\ntime_format = "epoch seconds"',
        "",
        "are in UTC; write timezone",
    ),
    "a format without a directive": ({"r.csv": wide()}, 'time_format = "mixed"', "", "has no directive"),
    "a format that is none": ({"r.csv": wide()}, 'time_format = "%Q"', "", "is not understood"),
    "spans of time": (
        {"r.csv": FRAME[:20].set_axis([f"2024-03-01 {n:02d}:00-{n + 1:02d}:00" for n in range(20)]).to_csv()},
        "",
        "",
        "has no offset of a time zone; write the beginning of a span alone",
    ),
    "an open quotation mark": (
        {"r.csv": wide().replace("2024-03-02 00:00:00", '"2024-03-02 00:00:00').replace("2024-03-03 00:00:00", '"x')},
        "",
        "",
        "quotation mark is not closed|cells where the first line has",
    ),
    "two columns of times": (
        {"r.csv": FRAME.assign(end=(TIMES + pd.Timedelta("15min")).strftime("%Y-%m-%d %H:%M")).to_csv(index_label="t")},
        "",
        "",
        'several columns of times; write time = "t" or time = "end"',
    ),
    "flow beside speed": (
        {"r.csv": FRAME[["401", "402"]].set_axis(["flow", "v"], axis=1).to_csv(index_label="time")},
        "",
        "",
        r"the column 'flow' looks like a quantity rather than a sensor; .*write values = ",
    ),
    "long, two columns that may be sensors": (
        {
            "r.csv": long(FRAME)
            .assign(sensor="A" + LONG_IDS, x="B" + LONG_IDS)
            .to_csv(index=False)
            .replace("sensor", "y")
        },
        "",
        "",
        'which column names the sensor; write sensor = "y" or sensor = "x"',
    ),
    "long, readings of two kinds": (
        {"r.csv": long(FRAME).rename(columns={"speed": "v"}).assign(flow=1.5).to_csv(index=False)},
        "",
        "",
        r"has the columns 'v', 'flow' for 1 channel \(speed\); write values = ",
    ),
    "long, a reading twice": (
        {"r.csv": pd.concat([long(FRAME), long(FRAME)[:1]]).to_csv(index=False)},
        "",
        "",
        r"line 1538: the time 2024-03-01T00:00 of sensor 401 is there twice \(first at .*line 2\)",
    ),
    "long, a row without a sensor": (
        {"r.csv": long(FRAME).to_csv(index=False).replace(",403,", ",,", 1)},
        "",
        "",
        "line 770: the row names no sensor",
    ),
    "a row for each day, too few columns": (
        {"r.csv": days(FRAME).drop(columns="12:15").to_csv(index=False)},
        "",
        "",
        "has 95 columns of readings in a row for each day, and a day of 15 minute steps has 96",
    ),
    "off the grid": (
        {"r.csv": FRAME.set_axis(TIMES + pd.to_timedelta(np.arange(STEPS) % 7, unit="s")).to_csv()},
        "",
        "",
        'off the 15-minute grid .*write on_grid = "nearest" or "mean"',
    ),
    "a time twice": (
        {"r.csv": pd.concat([FRAME, FRAME[5:6]]).to_csv()},
        "",
        "",
        r"line 386: the time 2024-03-01T01:15 is there twice \(first at .*line 7\); remove one",
    ),
    "ragged": ({"r.csv": wide() + "2024-03-05 00:00,1,2\n"}, "", "", "line 386: 3 cells where the first line has 5"),
    "a word among numbers": (
        {"r.csv": wide() + "2024-03-05 00:00,1,2,closed,4\n"},
        "",
        "",
        "line 386, column 4: 'closed' is not a number; .*missing_text",
    ),
    "points between thousands": (
        {"r.csv": wide(sep=";") + "2024-03-05 00:00;1.234,5;2;3;4\n".replace("2024-03-05", "2024-02-29")},
        "",
        "",
        "is not a number|points and commas",
    ),
    "commas of three digits": (
        {"r.csv": (FRAME * 1000).round().map(lambda one: f"{one:,.0f}").to_csv(sep=";", index_label="time")},
        "",
        "",
        r'may be a decimal one, or stand between thousands .*; write decimal = ","',
    ),
    "a date that is not there": (
        {"r.csv": wide().replace("2024-03-02 00:00", "2024-02-30 00:00")},
        "",
        "",
        "a date that no calendar knows",
    ),
    "25 o'clock": (
        {"r.csv": wide(date_format="%Y-%m-%d %H:%M").replace("2024-03-02 01:00", "2024-03-02 25:00")},
        "",
        "",
        "a time of day that no clock shows",
    ),
    "yesterday": (
        {"r.csv": wide().replace("2024-03-02 01:00:00", "yesterday")},
        "",
        "",
        "line .*'yesterday' is not a time",
    ),
    "a column that is not there": (
        {"r.csv": wide()},
        'time = "tim"',
        "",
        "has no column 'tim'; write time = one of 'time'",
    ),
    "a zip of several files": (
        {"r.zip": zipped(a=wide(), b="x\n")},
        "",
        "",
        'holds several files; write key = "export/a.csv" or key = "export/b.csv"',
    ),
    "a damaged gz": ({"r.csv.gz": b"\x1f\x8b\x08 nothing"}, "", "", "cannot be read as gz"),
    "a damaged zip": ({"r.zip": b"PK nothing"}, "", "", "cannot be read as zip"),
    "a damaged Parquet": ({"r.parquet": b"PAR1 nothing"}, "", "", "cannot be read as Parquet"),
    "a picture": ({"r.csv": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))}, "", "", "is not a text file"),
    "an empty file": ({"r.csv": "\n\n"}, "", "", "is empty"),
    "a header alone": ({"r.csv": "time,401,402\n"}, "", "", "no rows below its header"),
    "a pattern that fits nothing": ({"r.csv": wide()}, 'file = "x*.csv"', "", r"put x\*.csv"),
    "an unknown kind of file": ({"r.xlsx": "x"}, "", "", r"ends in '\.xlsx'"),
    "files of other sensors": (
        {"a.csv": wide(), "b.csv": FRAME.rename(columns={"404": "405"}).to_csv(index_label="time")},
        'file = "a.csv"\nfurther = ["b.csv"]',
        "",
        "b.csv has other sensors or channels than a.csv",
    ),
    "a row for each day, with its total": (
        {"r.csv": DAYS[DAYS["sensor"] == "401"].drop(columns="sensor").assign(Total=[1, 2, 3, 4]).to_csv(index=False)},
        "",
        "",
        "the column 'Total' looks like no sensor (write sensor = 'Total' if it is one); write ignore = [\"Total\"]",
    ),
    "a row for each day, with another number": (
        {"r.csv": DAYS[DAYS["sensor"] == "401"].drop(columns="sensor").assign(DTV=[1, 2, 3, 4]).to_csv(index=False)},
        "",
        "",
        "one row for each date, and the column 'DTV' changes, so that it names no sensor; write ignore = [\"DTV\"]",
    ),
    "a row for each day, sensors and totals": (
        {"r.csv": DAYS.assign(Total=range(16)).to_csv(index=False)},
        'sensor = "sensor"',
        "",
        "the column 'Total' looks like no sensor",
    ),
    "a row for each day, sensors and words": (
        {"r.csv": DAYS.assign(note="dry").to_csv(index=False)},
        'sensor = "sensor"',
        "",
        "the column 'note' is not named; write ignore = [\"note\"]",
    ),
    "transposed, with totals": (
        {"r.csv": FRAME.T.assign(Total=1.5).reset_index(drop=True).to_csv(index=False)},
        "",
        "",
        "the column 'Total' looks like no sensor",
    ),
    "two-digit years, which order them": (
        {"r.csv": wide(date_format="%d/%m/%y %H:%M")},
        "",
        "",
        "'01/03/24 00:00' has no year of four digits; write time_format = \"%d/%m/%y %H:%M\" or",
    ),
    "columns without names": (
        {"r.csv": headed("time,401,,,404")},
        "",
        "",
        "the columns 3, 4 have readings and no name; write one above each",
    ),
    "counters that go on": (
        {"r.csv": FRAME.cumsum().to_csv(index_label="time")},
        "",
        "",
        "'401' grows from row to row (60.25, 119.83, 179.73, ...), and so do all others, as counters do that go on",
    ),
    "another sign of numbers below zero": (
        {"r.csv": wide() + "2024-03-05 00:00:00,1,\u22122.5,3,4\n"},
        "",
        "",
        "line 386, column 3: '\u22122.5' is not a number; write the sign of numbers below zero as -",
    ),
    "digits of another script": (
        {"r.csv": wide() + "2024-03-05 00:00:00,1,\uff12\uff15,3,4\n"},
        "",
        "",
        "'\uff12\uff15' is not a number; write numbers in the digits 0 to 9",
    ),
    "a mark behind a number": (
        {"r.csv": wide() + "2024-03-05 00:00:00,1,25*,3,4\n"},
        "",
        "",
        "'25.' is not a number; write the number alone, or missing_text = ['25.']",
    ),
    "thin spaces between thousands": (
        {"r.csv": wide() + "2024-03-05 00:00:00,1,1\u2009205,3,4\n"},
        "",
        "",
        "column 3: .* is not a number; write numbers without marks between thousands",
    ),
    "words for what is missing": (
        {"r.csv": wide() + "2024-03-05 00:00:00,1,k.A.,3,4\n"},
        "",
        "",
        "'k.A.' is not a number; .*; write missing_text = [\"k.A.\"] under [series]",
    ),
    "whole numbers above whole numbers": (
        {"r.csv": "12,15,17,19\n13,16,18,20\n"},
        "",
        START,
        "write header = true or header = false",
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_what_is_not_certain_is_asked(tmp_path: Path, case: str) -> None:
    files, series, top, message = ASKED[case]
    with pytest.raises(DataError, match=re.sub(r"(?<!\\)([\[\]()])", r"\\\1", message)) as caught:
        loaded(tmp_path / "data", files, series, top)
    assert "\n" not in str(caught.value)


def test_a_question_names_its_key_and_its_answers(tmp_path: Path) -> None:
    with pytest.raises(DataQuestion) as caught:
        loaded(tmp_path / "data", {"r.csv": COUNTED.to_csv(index_label="k7")}, "", START)
    assert (caught.value.key, caught.value.choices, caught.value.table) == ("ignore", (["k7"],), "series")


def test_readings_without_a_gap_stay_what_they_are(tmp_path: Path) -> None:
    """Missing cells are missing, whatever word says so, and a gap in time stays a gap."""
    frame = FRAME.copy()
    frame.iloc[3, 1] = np.nan
    frame.iloc[7] = np.nan
    frame = frame.drop(index=TIMES[[50, 51]])
    written = [
        loaded(tmp_path / "a", {"r.csv": frame.to_csv(index_label="time", na_rep="NA")}),
        loaded(tmp_path / "b", {"r.csv": frame.to_csv(index_label="time", na_rep="-")}, 'missing_text = "-"'),
        loaded(tmp_path / "c", {"r.csv": long(frame).to_csv(index=False)}),
        loaded(tmp_path / "d", {"r.csv": frame.to_csv(index_label="time", sep=";", decimal=",")}),
    ]
    whole = frame.to_numpy(dtype=np.float32)
    for series in written:
        np.testing.assert_array_equal(series.values[:, :, 0], whole)
    assert len(written[0].times) == STEPS - 2


ID_KINDS = {
    "with decimals": ("12.10", "12.1", "12.30", "7.15"),
    "with zeros in front": ("0401", "401", "0402", "07"),
    "like exponents": ("1E5", "10E4", "100000", "2E5"),
    "beyond 2^53": ("9007199254740993", "9007199254740992", "12345678901234567", "12345678901234568"),
    "like dates": ("12-1-1", "12-1-2", "1.1.1", "1.1.2"),
    "with signs": ("+1", "-1", "1", "2"),
    "like missing ones": ("NA", "None", "nan", "N1"),
    "with quotes": ('A "x"', '"N" ramp', "c d", "e,f"),
}


@pytest.mark.parametrize("layout", WRITERS)
@pytest.mark.parametrize("kind", ID_KINDS)
def test_ids_stay_as_they_are_written(tmp_path: Path, layout: str, kind: str) -> None:
    """No two of them become one."""
    ids = ID_KINDS[kind]
    place = folder(tmp_path / "data", {"r.csv": WRITERS[layout](FRAME.set_axis([*ids], axis=1))})
    toml = place / "dataset.toml"
    toml.write_text(toml.read_text().partition("[graph]")[0] + '[graph]\nkind = "none"\n')
    series = load_series(str(place))
    assert sorted(series.sensor_ids) == sorted(ids)
    order = [series.sensor_ids.index(one) for one in ids]
    np.testing.assert_array_equal(series.values[:, order], VALUES)


@given(
    layout=st.sampled_from(sorted(WRITERS)),
    order=st.randoms(use_true_random=False),
    steps=st.integers(13, 40),
    missing=st.integers(0, 8),
)
@settings(max_examples=40, deadline=None)
def test_layouts_and_orders_agree_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, layout: str, order: Any, steps: int, missing: int
) -> None:
    """The same readings give the same series in every layout and every order of the rows."""
    frame = FRAME.iloc[: steps if layout != "days" else 192].copy()
    cells = [order.randrange(1, frame.size) for _ in range(missing)]
    for cell in cells:
        frame.iloc[cell // 4 % len(frame), cell % 4] = np.nan
    frame = frame[frame.notna().any(axis=1)]
    text = WRITERS[layout](frame)
    head, *rows = text.splitlines()
    order.shuffle(rows)
    place = tmp_path_factory.mktemp("layouts")
    series = loaded(place / "one", {"r.csv": "\n".join([head, *rows]) + "\n"})
    plain = loaded(place / "two", {"r.csv": WRITERS["wide"](frame)})
    if layout == "transposed":  # its sensors are in the order of the file
        back = [series.sensor_ids.index(one) for one in IDS]
        np.testing.assert_array_equal(series.values[:, back], plain.values)
        return
    if layout == "days":  # a row for each day has every step
        there = np.isin(series.times, plain.times)
        assert np.isnan(series.values[~there]).all()
        np.testing.assert_array_equal(series.values[there], plain.values)
        return
    assert series.content_hash == plain.content_hash


CLOCK_CHANGES: dict[str, Callable[[pd.DataFrame], tuple[str, str]]] = {
    "offsets": lambda frame: (frame.to_csv(), ""),
    "UTC": lambda frame: (frame.tz_convert("UTC").to_csv(), ""),
    "a clock of UTC": lambda frame: (frame.tz_convert("UTC").tz_localize(None).to_csv(), 'clock = "utc"'),
    "standard time": lambda frame: (frame.tz_convert("Etc/GMT-1").tz_localize(None).to_csv(), 'clock = "standard"'),
    "the local clock": lambda frame: (frame.tz_localize(None).to_csv(), ""),
    "long": lambda frame: (long(frame.tz_convert("UTC")).to_csv(index=False), ""),
}


@pytest.mark.parametrize("written", CLOCK_CHANGES)
@pytest.mark.parametrize("month", ["03-30", "10-26"])
def test_summer_time_begins_and_ends(tmp_path: Path, written: str, month: str) -> None:
    """In spring an hour is not there; in autumn one comes twice, has the mean of both and counts as not measured."""
    index = pd.date_range(f"2024-{month}", periods=STEPS, freq="15min", tz="Europe/Berlin")
    frame = FRAME.set_axis(index)
    text, clock = CLOCK_CHANGES[written](frame)
    series = loaded(tmp_path / "data", {"r.csv": text}, "", f'timezone = "Europe/Berlin"\n{clock}')
    local = frame.tz_localize(None).groupby(level=0).mean()
    np.testing.assert_array_equal(series.times, local.index.to_numpy().astype("datetime64[m]"))
    np.testing.assert_allclose(series.values[:, :, 0], local.to_numpy(), rtol=1e-6)
    assert series.marked is None if month == "03-30" else int(series.filled_in.sum()) == 4 * 4
    assert bool(series.notes) == (month == "10-26")
    gaps = int((np.diff(series.times) != np.timedelta64(15, "m")).sum())
    assert gaps == (1 if month == "03-30" else 0)


@pytest.mark.parametrize("layout", WRITERS)
def test_empty_cells_in_the_hour_that_is_not_there_are_no_question(tmp_path: Path, layout: str) -> None:
    """Tables of whole days have them; a reading there is asked about."""
    index = pd.date_range("2024-03-30", periods=STEPS, freq="15min")
    frame = FRAME.set_axis(index)
    frame.loc["2024-03-31 02:00":"2024-03-31 02:45"] = np.nan
    top = 'timezone = "Europe/Berlin"'
    series = loaded(tmp_path / "empty", {"r.csv": WRITERS[layout](frame)}, "", top)
    assert len(series.times) == STEPS - 4
    np.testing.assert_array_equal(series.values[:, :, 0], frame.dropna().to_numpy(dtype=np.float32))
    frame.iloc[96 + 9, 1] = 61.5
    with pytest.raises(DataQuestion, match=r"2024-03-31T02:15:00 does not exist in Europe/Berlin"):
        loaded(tmp_path / "read", {"r.csv": WRITERS[layout](frame)}, "", top)


def test_arrays_with_a_zone_follow_its_clock(tmp_path: Path) -> None:
    """Rows without times are counted in real hours from the start."""
    buffer = io.BytesIO()
    np.savez(buffer, data=VALUES)
    top = 'start = "2024-03-30T00:00"\ntimezone = "Europe/Berlin"'
    files: dict[str, str | bytes] = {"r.npz": buffer.getvalue(), "ids.txt": " ".join(IDS)}
    series = loaded(tmp_path / "data", files, 'ids_file = "ids.txt"', top)
    index = pd.date_range("2024-03-30", periods=STEPS, freq="15min", tz="Europe/Berlin").tz_localize(None)
    np.testing.assert_array_equal(series.times, index.to_numpy().astype("datetime64[m]"))
    np.testing.assert_array_equal(series.values, VALUES)


def test_a_column_says_what_was_observed(tmp_path: Path) -> None:
    """In long tables for each reading, in wide ones for the whole row."""
    rows = long(FRAME).assign(observed=lambda table: np.where(table["sensor"] == "402", 0, 100))
    series = loaded(tmp_path / "long", {"r.csv": rows.to_csv(index=False)}, 'observed = "observed"')
    assert series.filled_in[:, :, 0].all(axis=0).tolist() == [False, True, False, False]
    table = FRAME.assign(quality=[0] * 10 + [1] * (STEPS - 10)).to_csv(index_label="time")
    series = loaded(tmp_path / "wide", {"r.csv": table}, 'observed = "quality"')
    assert series.filled_in[:, :, 0].all(axis=1).tolist() == [True] * 10 + [False] * (STEPS - 10)
    assert holds(series)


def test_readings_between_the_steps_are_averaged(tmp_path: Path) -> None:
    """One-minute readings on a quarter-hour grid."""
    minutes = pd.date_range("2024-03-01", periods=90, freq="1min")
    frame = pd.DataFrame(np.arange(360.0).reshape(90, 4) % 97, index=minutes, columns=list(IDS))
    for name, rule in (("mean", frame.resample("15min").mean()), ("nearest", frame[::15])):
        series = loaded(tmp_path / name, {"r.csv": frame.to_csv()}, f'on_grid = "{name}"')
        np.testing.assert_allclose(series.values[: len(rule), :, 0], rule.to_numpy(), rtol=1e-6)


def test_one_station_has_its_channels_in_columns(tmp_path: Path) -> None:
    """Named like the channels, they are no sensors; other columns are left out."""
    table = FRAME.set_axis(["flow", "speed", "lanes", "note"], axis=1).assign(note="ok").to_csv(index_label="time")
    place = folder(tmp_path / "station", {"r.csv": table}, channels='["speed"]')
    toml = place / "dataset.toml"
    toml.write_text(toml.read_text().partition("[graph]")[0] + '[graph]\nkind = "none"\n')
    series = load_series(str(place))
    assert (series.sensor_ids, series.values.shape) == (("station",), (STEPS, 1, 1))
    np.testing.assert_array_equal(series.values[:, 0, 0], VALUES[:, 1, 0])


def test_letters_of_windows_are_read_and_said(tmp_path: Path) -> None:
    """A file of Excel on a German Windows."""
    text = FRAME.rename(columns={"401": "Köln"}).to_csv(index_label="time", sep=";", decimal=",")
    series = loaded(tmp_path / "data", {"r.csv": text.encode("cp1252")})
    assert series.sensor_ids[0] == "Köln"
    assert "is not UTF-8" in series.notes[0]
