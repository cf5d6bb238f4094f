"""Mistakes in a `dataset.toml`: each ends in one sentence of our own that names the key and the remedy."""

import string
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.card import DatasetCard
from kdsearch.data.catalog import read_card
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.series_source import SeriesSource
from kdsearch.errors import DataError, KdsearchError

GOOD = """name = "x"
start = "2024-03-01T00:00"
interval_minutes = 5
unit = "km/h"
channels = ["speed"]
# top
[series]
file = "r.csv"
# series
[graph]
file = "g.csv"
kind = "edges"
# graph
"""

FOREIGN = [
    "pydantic",
    "validation error",
    "Extra inputs",
    "Field required",
    "Input should",
    "valid integer",
    "unable to parse",
]
"""Words of libraries."""


def card_of(folder: Path, content: str | bytes) -> DatasetCard:
    """Read the card of a folder that holds only this `dataset.toml`."""
    folder.mkdir(exist_ok=True)
    (folder / "dataset.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    return read_card(folder)


def refusal(folder: Path, content: str | bytes) -> str:
    """The sentence with which it is refused, without the path: one line, in our words."""
    with pytest.raises(DataError) as caught:
        card_of(folder, content)
    said = str(caught.value)
    assert said.startswith(str(folder / "dataset.toml"))
    assert len(said.splitlines()) == 1
    assert not [word for word in FOREIGN if word in said]
    return said.removeprefix(str(folder / "dataset.toml")).removeprefix(": ")


def test_the_good_one_is_read(tmp_path: Path) -> None:
    """Else the tests below would prove nothing."""
    assert card_of(tmp_path / "town", GOOD).name == "x"


OUT = "leads out of the dataset's folder"
NO_TIME = "is no time; write local time such as 2024-03-01T00:00"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("missing = 0", "the key missing at the top of the file is not known; did you mean missing_value?"),
        ("Interval_Minutes = 5", "the key Interval_Minutes at the top of the file is not known; did you mean interval"),
        ("'interval minutes' = 5", "did you mean interval_minutes?"),
        ("colour = 'red'", "the key colour at the top of the file is not known; the keys there are name, title, start"),
        ('"a\\nb" = 1', r"the key 'a\nb' at the top"),
        ("x.y.z = 1", "the table [x] at the top of the file is not known"),
        ("file = 'a'", "file belongs under [series] or [graph], not at the top of the file; move it there"),
        ("weekdays_only = true", "weekdays_only belongs under [series], not at the top of the file; move it there"),
        ("sigma2_km2 = 3", "sigma2_km2 belongs under [graph], not at the top of the file"),
        ("missing_value = nan", "missing_value = nan is missing in every file; leave missing_value out"),
        ("missing_value = -inf", "leave missing_value out"),
        ("missing_value = 1e300", "missing_value = 1e+300 is larger than any reading"),
        ("missing_value = '0'", 'missing_value = "0" is no number; write one without quotes'),
        ("missing_value = true", "missing_value = true is no number"),
        ("missing_value = 0\nmissing_value = 1", ", line 7, column 18: a key or a table is there twice; remove one"),
        ("negative_is_zero = 'maybe'", "is neither true nor false; write negative_is_zero = true"),
        ("holidays = 7", 'holidays = 7 is no text; write it in quotes, holidays = "7"'),
        ("title = 3", 'title = 3 is no text; write it in quotes, title = "3"'),
        ("shape = [1, 2]", "entry 3 of shape is missing"),
        ("shape = [1, 2, 3, 4]", "shape = [1, 2, 3, 4] has too many entries; write at most 3"),
        ("shape = [1, 2, '3']", 'entry 3 of shape = "3" is no whole number'),
        ("parts = 3", "parts = 3 is no list"),
        ("parts = [{start = 3}]", f"start in entry 1 of parts = 3 {NO_TIME}"),
        ("alternatives = [3]", "entry 1 of alternatives = 3 is no table"),
        ("files = [{name = 'a'}]", "source in entry 1 of files is missing"),
        ("files = [{name = '../a', source = 'x'}]", f'name in entry 1 of files = "../a" {OUT}'),
        ("files = [{name = 'a', source = 'x', address = 'file:///a'}]", 'files = "file:///a" is no https address'),
        ("files = [{name = 'a', source = 'x', address = 'http://a.b/c'}]", "is no https address"),
        ("files = [{name = 'a', source = 'x', blob_id = 'zz'}]", "is no git blob id; write its 40 hexadecimal digits"),
        ("title = " + "9" * 5000, " holds a number or a date that cannot be read; correct it"),
        ("title = 0x" + "f" * 5000, "title is a whole number of more than 63 bits; write a smaller one"),
        ("title = " + "[" * 5000 + "]" * 5000, " nests lists or tables too deeply; write them flat"),
        ("start = 2024-02-30", ", line 6, column 9: this is not valid TOML; write key = value"),
    ],
)
def test_at_the_top(tmp_path: Path, line: str, sentence: str) -> None:
    """A further line above the tables."""
    assert sentence in refusal(tmp_path / "town", GOOD.replace("# top", line))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("missing_value = 0", "missing_value belongs at the top of the file, above [series], not under [series]; move"),
        ("start = 2024-01-01", "start belongs at the top of the file, above [series], not under [series]"),
        ("kind = 'edges'", "kind belongs under [graph], not under [series]"),
        ("columns = 'x'", "the key columns under [series] is not known; the keys there are file, further"),
        ("futher = ['a']", "the key futher under [series] is not known; did you mean further?"),
        ("further = 'a.csv'", 'series.further = "a.csv" is no list; write it in brackets, further = ["a.csv"]'),
        ("further = ['a', '../b']", f'entry 2 of series.further = "../b" {OUT}'),
        ("ids_file = 'C:/x'", f'series.ids_file = "C:/x" {OUT}'),
        ("observed = '/etc/passwd'", f'series.observed = "/etc/passwd" {OUT}'),
        ("header = 'maybe'", "is neither true nor false; write header = true"),
        ("axes = 3", 'series.axes = 3 is no text; write it in quotes, axes = "3"'),
        ("key = ['a']", 'series.key = ["a"] is no text'),
        (
            "absent = [['2024-01-01', '9999-01-01']]",
            'series.absent = "9999-01-01" is not between the years 1900 and 2100',
        ),
        ("absent = [['2024-01-02', '2024-01-01']]", "ends at 2024-01-01T00:00 where it begins, or before"),
        ("absent = [['1950-01-01', '2050-01-01']]", "leaves out more than 3,660 days"),
        ("absent = [['2024-01-01']]", "entry 2 of entry 1 of series.absent is missing; write all of its entries"),
        ("absent = ['2024-01-01']", 'entry 1 of series.absent = "2024-01-01" is no list'),
    ],
)
def test_under_series(tmp_path: Path, line: str, sentence: str) -> None:
    """A further line under [series]."""
    assert sentence in refusal(tmp_path / "town", GOOD.replace("# series", line))


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('file = "r.csv"', 'file = "/etc/passwd"', f'series.file = "/etc/passwd" {OUT}; put the file there'),
        ('file = "r.csv"', 'file = "a/../../r.csv"', OUT),
        ('file = "r.csv"', 'file = "\\\\\\\\host\\\\r.csv"', OUT),
        ('file = "r.csv"', 'file = "a\\\\r.csv"', "holds a backslash; write / between a folder and a file"),
        ('file = "r.csv"', 'file = ""', 'series.file = "" is empty; write a word'),
        ('file = "r.csv"', 'file = "a\\u0000b"', "holds a control character"),
        ('file = "r.csv"', 'file = "a\\u2028b"', "holds a control character"),
        ('file = "r.csv"', f'file = "{"a" * 300}"', "is longer than 255 bytes"),
        ('file = "r.csv"', "", "series.file is missing; write file = ... under [series]"),
        ('file = "g.csv"', 'file = "../g.csv"', f'graph.file = "../g.csv" {OUT}'),
        (
            '[series]\nfile = "r.csv"',
            'series = "r.csv"',
            "is no table; write its keys on lines of their own below [series]",
        ),
        ('[series]\nfile = "r.csv"', "", "there is no [series] table; add one"),
        ("[graph]", "[grpah]", "the table [grpah] at the top of the file is not known; did you mean graph?"),
        ("[graph]", "[series]", ", line 10, column 8: a key or a table is there twice; remove one"),
        ("[graph]", "[graph", ", line 10, column 7: this is not valid TOML"),
        ('"edges"', '"Edges"', "graph.kind = \"Edges\" is not known; write one of 'distances'"),
        (
            'kind = "edges"',
            'kind = "edges"\ntreshold = 0.1',
            "treshold under [graph] is not known; did you mean threshold?",
        ),
        (
            'kind = "edges"',
            'kind = "edges"\nthreshold = 2',
            "graph.threshold = 2 is out of range; write a number that is",
        ),
        ('kind = "edges"', 'kind = "edges"\nunit_metres = "km"', 'graph.unit_metres = "km" is no number'),
        ("minutes = 5", 'minutes = "five"', 'interval_minutes = "five" is no whole number; write interval_minutes = 5'),
        ("minutes = 5", "minutes = 5.5", "interval_minutes = 5.5 is no whole number"),
        ("minutes = 5", "minutes = true", "interval_minutes = true is no whole number"),
        ("minutes = 5", "minutes = 0", "interval_minutes = 0 is out of range; write a number that is greater than 0"),
        ("minutes = 5", "minutes = 100000", "is out of range; write a number that is at most 1440"),
        ("minutes = 5", "minutes = 7", "interval_minutes = 7 does not divide a day; write one that does"),
        ("minutes = 5", "minutes = " + "9" * 18, "= 999999999999999999 is out of range"),
        ("interval_minutes = 5", "", "interval_minutes is missing; write interval_minutes = ..."),
        ("interval_minutes = 5", "interval_minute = 5", "did you mean interval_minutes?"),
        ('["speed"]', "7", "channels = 7 is no list; write it in brackets"),
        ('["speed"]', '"speed"', 'channels = "speed" is no list; write it in brackets, channels = ["speed"]'),
        ('["speed"]', "[]", "channels = [] has too few entries; write at least 1"),
        ('["speed"]', '["a", "a"]', 'channels = ["a", "a"] names a channel twice; give each its own name'),
        ('["speed"]', '[" "]', 'entry 1 of channels = " " is empty'),
        ('["speed"]', '[["speed"]]', 'entry 1 of channels = ["speed"] is no text'),
        ('"km/h"', '""', 'unit = "" is empty; write a word'),
        ('"km/h"', '["km/h", "mph"]', "2 units for 1 channels; give one for each"),
        ('name = "x"', 'name = "a/b"', 'name = "a/b" is no plain name'),
        ('name = "x"', 'name = "-x"', "is no plain name; write one without slashes, spaces around it and - before it"),
        ('"km/h"', '"km\\nh"', "holds a control character; write it without"),
        ('"km/h"', f'"{"k" * 2000}"', "has more than 1000 letters"),
        ('name = "x"', 'name = ".."', 'name = ".." is no plain name'),
        ('name = "x"', "name = 7", 'name = 7 is no text; write it in quotes, name = "7"'),
        ('"2024-03-01T00:00"', '"2024-03-01T00:00+09:00"', "has a time zone; write local time without one"),
        ('"2024-03-01T00:00"', "2024-03-01T00:00:00Z", "has a time zone; write local time without one"),
        ('"2024-03-01T00:00"', "2024", f"start = 2024 {NO_TIME}"),
        ('"2024-03-01T00:00"', "07:30:00", f"start = 07:30:00 {NO_TIME}"),
        ('"2024-03-01T00:00"', '"2024-02-30"', f'start = "2024-02-30" {NO_TIME}'),
        ('"2024-03-01T00:00"', "0001-01-01", "start = 0001-01-01 is not between the years 1900 and 2100"),
        ('"2024-03-01T00:00"', "9999-12-31", "is not between the years 1900 and 2100"),
        ('"2024-03-01T00:00"', '"2024-03-01T00:00:30"', "is no whole minute"),
    ],
)
def test_in_place_of_what_is_right(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    """A value or a table that is wrong, or gone."""
    assert before in GOOD
    assert sentence in refusal(tmp_path / "town", GOOD.replace(before, after))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "there is no [series] table"),
        (GOOD.encode("utf-16"), " is written in UTF-16; save it as UTF-8"),
        ("name = 'café'\n".encode("latin-1"), ", line 1: there is a byte that is no UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no UTF-8"),
        (b"a = 1\0", " is no text file"),
        (b"[series", ", at its end: this is not valid TOML"),
        (b"= 15", ", line 1, column 1: this is not valid TOML"),
        (b"#" * 2_000_000, " has 2.0 MB, a file of keys has some kB"),
    ],
)
def test_files_that_are_no_toml(tmp_path: Path, content: bytes, sentence: str) -> None:
    """Another encoding, another kind of file, an unfinished one, one that is too large."""
    assert sentence in refusal(tmp_path / "town", content)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace('"x"', '"東京"').replace("r.csv", "пункты/r.csv").encode(),
        GOOD.replace('"2024-03-01T00:00"', "2024-03-01").encode(),
        GOOD.replace('"2024-03-01T00:00"', '"20240301"').encode(),
    ],
)
def test_what_is_right_in_another_form_is_read(tmp_path: Path, content: bytes) -> None:
    """A byte order mark, other line ends, other scripts, a day without a time."""
    card = card_of(tmp_path / "town", content)
    assert str(card.start) == "2024-03-01 00:00:00"


keys = st.sampled_from(
    [*DatasetCard.model_fields, *SeriesSource.model_fields, *GraphSource.model_fields, "missing", "colour", ""]
) | st.text(string.ascii_letters + "_ é\n", max_size=8)
plain = (
    st.text(max_size=12)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.datetimes()
    | st.dates()
    | st.times()
    | st.sampled_from(["a.csv", "edges", "grid", "../x", "2024-03-01", "5"])
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


@settings(max_examples=200, deadline=None)
@given(
    changes=st.dictionaries(keys, values, max_size=4),
    series=st.dictionaries(keys, values, max_size=2),
    base=st.sampled_from(["town", "metr-la"]),
    whole=st.booleans(),
)
def test_whatever_is_written_becomes_a_card_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any], series: dict[str, Any], base: str, whole: bool
) -> None:
    """Nothing but a refusal of our own comes out, over a built-in card too."""
    right: dict[str, Any] = {"interval_minutes": 5, "unit": "mph", "channels": ["speed"], "graph": {"kind": "grid"}}
    fields = {**(right if whole else {}), "series": {"file": "a.csv", **series}, **changes}
    folder = tmp_path_factory.getbasetemp() / base
    try:
        said = str(card_of(folder, tomli_w.dumps(fields)).interval_minutes)
    except KdsearchError as error:
        said = str(error)
    assert len(said.splitlines()) == 1
    assert not [word for word in FOREIGN if word in said]
