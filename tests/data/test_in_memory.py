"""Frames of pandas are read by the rules for files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdsearch.data.series import Series
from kdsearch.errors import DataError
from tests.data.tables import IDS, days, loaded, long, speeds

FRAME = speeds()


def zero_first() -> pd.DataFrame:
    """`FRAME` with a zero as its first reading."""
    frame = FRAME.copy()
    frame.iloc[0, 0] = 0.0
    return frame


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.rename_axis("when").reset_index(),
        long(FRAME),
        long(FRAME).set_index("time"),
        days(FRAME),
        FRAME.tz_localize("Europe/Berlin"),
        FRAME.sample(frac=1, random_state=2),
    ],
    ids=["wide", "times in a column", "long", "long with an index", "days", "zoned", "shuffled"],
)
def test_a_frame_is_what_its_file_is(tmp_path: Path, frame: pd.DataFrame) -> None:
    """Interval and layout are seen; only the graph is another."""
    series = Series.from_frame(frame, unit="km/h", channels=["speed"])
    file = loaded(tmp_path / "data", {"r.csv": FRAME.to_csv(index_label="time")})
    assert (series.interval_minutes, series.sensor_ids, series.unit) == (15, IDS, ("km/h",))
    np.testing.assert_array_equal(series.values, file.values)
    np.testing.assert_array_equal(series.times, file.times)
    assert not series.adjacency.any()


def test_keys_of_files_are_keys_of_frames() -> None:
    frame = zero_first()
    utc = frame.tz_localize("Europe/Berlin").tz_convert("UTC")
    weights = pd.DataFrame(np.ones((4, 4)) - np.eye(4) * 0.5, index=IDS[::-1], columns=IDS[::-1]).astype(float)
    weights.loc["401", "404"] = 0.25
    series = Series.from_frame(
        utc, unit="km/h", adjacency=weights, timezone="Europe/Berlin", missing_value=0, holidays="DE", name="town"
    )
    assert (series.name, series.holidays, str(series.times[0])) == ("town", "DE", "2024-03-01T00:00")
    assert np.isnan(series.values[0, 0, 0])
    assert series.adjacency[0, 3] == 0.25
    assert (np.diag(series.adjacency) == 0).all()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sensro": "x"}, "there is no key 'sensro'"),
        ({"layout": "tall"}, 'layout = "tall" is not known; write one of'),
        ({"adjacency": np.ones((3, 3))}, r"adjacency has the shape \(3, 3\) for 4 sensors"),
        ({"adjacency": pd.DataFrame(np.ones((3, 3)))}, "does not name sensor '401'"),
        ({"holidays": "XX"}, "XX"),
        ({"interval_minutes": 7}, "does not divide a day"),
        ({"interval_minutes": "15"}, 'interval_minutes = "15" is no whole number'),
        ({"unit": None}, "unit is missing; write unit = ..."),
        ({"unit": 3}, r"unit = 3 is no list; write it in brackets, unit = \[...\]"),
        ({"unit": [None]}, "entry 1 of unit = None is no text"),
        ({"unit": ["km/h", "mph"]}, "2 units for 1 channels; give one for each"),
        ({"channels": None}, "channels is missing"),
        ({"channels": 3}, "channels = 3 is no list"),
        ({"channels": []}, "channels = .* has too few entries; write at least 1"),
        ({"channels": [3]}, "entry 1 of channels = 3 is no text"),
        ({"name": None}, "name is missing"),
        ({"name": "a/b"}, 'name = "a/b" is no plain name'),
        ({"file": "r.csv"}, "the key 'file' is of files, and says nothing of a frame; leave it out"),
        ({"graph": {"kind": "none"}}, "the key 'graph' is of files"),
        ({"missing_value": "0"}, 'missing_value = "0" is no number'),
        ({"quantity": 3}, "quantity = 3; write one of none, count, speed"),
        ({"timezone": "Europe/Berln"}, "there is no time zone 'Europe/Berln'"),
        (
            {"adjacency": np.ones((4, 4), dtype=complex)},
            "adjacency is a ndarray of complex128; give an array of numbers",
        ),
        ({"adjacency": [[0.0]]}, "adjacency is a list; give an array"),
        ({"adjacency": pd.DataFrame(4 * [4 * ["a"]], IDS, IDS)}, "adjacency holds a cell that is no number"),
        ({"adjacency": pd.DataFrame(np.ones((4, 4)), [[*IDS], [*IDS]], IDS)}, "rows or columns of several levels"),
    ],
)
def test_mistakes_are_sentences(keys: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Series.from_frame(FRAME, **({"unit": "km/h"} | keys))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (None, "frame is a NoneType; give a DataFrame of pandas"),
        (FRAME["401"], "frame is a Series; give a DataFrame"),
        (FRAME[:0], "no rows or no columns"),
        (FRAME.astype({"402": complex}), "the column '402' holds complex numbers; give plain ones"),
        (FRAME > 60, "the column '401' holds true and false, which are no readings"),
        (FRAME.set_axis(["a", "a", "b", "c"], axis=1), "sensor 'a' is there twice"),
    ],
)
def test_what_is_no_frame_of_readings_is_a_sentence(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Series.from_frame(frame, unit="km/h")


def test_numbers_of_numpy_are_numbers() -> None:
    series = Series.from_frame(FRAME, unit=np.array(["km/h"]), interval_minutes=np.int64(15), channels=pd.Index(["v"]))  # type: ignore[arg-type]
    assert (series.unit, series.interval_minutes, series.channels) == (("km/h",), 15, ("v",))


def test_the_frame_stays_as_it_was() -> None:
    before = zero_first().astype(np.float32)
    copy = before.copy()
    Series.from_frame(before, unit="km/h", missing_value=0)
    pd.testing.assert_frame_equal(before, copy)
