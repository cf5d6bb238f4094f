"""From a name to a series: built-in datasets, real files, and folders of users' own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdsearch.data.catalog import CARDS, describe_completeness
from kdsearch.data.facts import facts_of
from kdsearch.data.load import default_data_dir, find_dataset, known_datasets, load_series
from kdsearch.errors import DataError
from tests.real_data import real_data


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A data directory with a user's own dataset: 15-minute CSV readings, distances in km, a `dataset.toml`."""
    folder = tmp_path / "data" / "my-town"
    folder.mkdir(parents=True)
    times = pd.date_range("2024-03-01", periods=200, freq="15min")
    speed = 50 + 10 * np.sin(np.arange(200)[:, None] / 15 + np.arange(4))
    frame = pd.DataFrame(speed.round(2), index=times, columns=["north", "east", "south", "west"])
    frame.iloc[3, 1] = np.nan
    frame.drop(index=times[[50, 51]]).to_csv(folder / "readings.csv", index_label="time")
    order = ["west", "north", "east", "south"]
    ring = [[0, 1, 9, 1], [1, 0, 1, 9], [9, 1, 0, 1], [1, 9, 1, 0]]
    pd.DataFrame(ring, columns=order).to_csv(folder / "distances.csv", index=False)
    (folder / "dataset.toml").write_text(
        'title = "ring road"\ninterval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n'
        '[series]\nfile = "readings.csv"\n'
        '[graph]\nfile = "distances.csv"\nkind = "distances"\nunit_metres = 1000\n',
        encoding="utf-8",
    )
    return folder


def test_a_users_own_folder(town: Path) -> None:
    """Times, ids, gaps and missing cells come from the file, and the graph follows the order of the readings."""
    series = load_series("my-town", town.parent)
    assert (series.name, series.unit, series.channels) == ("my-town", ("km/h",), ("speed",))
    assert series.values.shape == (198, 4, 1)
    assert series.sensor_ids == ("north", "east", "south", "west")
    assert (~series.measured).sum() == 1
    ring = np.exp(-0.1) * np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    np.testing.assert_allclose(series.adjacency, ring)
    assert series.complete is None
    facts = facts_of(series)
    assert (facts.first, facts.last, facts.gaps) == ("2024-03-01T00:00", "2024-03-03T01:45", 1)
    assert (facts.edges, facts.isolated_nodes) == (8, 0)
    assert facts.channels[0].missing_share == pytest.approx(1 / (198 * 4))


def test_a_path_does_as_well_as_a_name(town: Path) -> None:
    """A folder anywhere can be named by its path, and is the same series."""
    by_path = load_series(str(town), town.parent.parent / "elsewhere")
    assert by_path.content_hash == load_series("my-town", town.parent).content_hash


def test_rows_without_times_start_where_the_card_says(town: Path) -> None:
    """Without a column of times, `start` is needed and used."""
    frame = pd.read_csv(town / "readings.csv").drop(columns="time")
    frame.to_csv(town / "readings.csv", index=False)
    with pytest.raises(DataError, match=r"holds no times; write start"):
        load_series("my-town", town.parent)
    toml = town / "dataset.toml"
    toml.write_text('start = "2024-03-01T06:00"\n' + toml.read_text(encoding="utf-8"), encoding="utf-8")
    assert str(load_series("my-town", town.parent).times[1]) == "2024-03-01T06:15"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('channels = ["speed"]', 'channels = ["speed", "flow"]'), "has 1 channels, its card names 2"),
        (("interval_minutes = 15", "interval_minutes = 20"), "off the 20-minute grid"),
        (('file = "distances.csv"', 'file = "roads.csv"'), r"not complete .*put roads\.csv into"),
        (('file = "readings.csv"', 'file = "readings.csv"\nids_file = "ids.txt"'), r"put ids\.txt into"),
    ],
)
def test_what_does_not_fit_its_card_is_refused(town: Path, change: tuple[str, str], message: str) -> None:
    """Files that are not as `dataset.toml` says end in one sentence."""
    toml = town / "dataset.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_series("my-town", town.parent)


def test_sensors_with_one_name_are_refused(town: Path) -> None:
    """Each sensor has its own id."""
    text = (town / "readings.csv").read_text(encoding="utf-8")
    (town / "readings.csv").write_text(text.replace("east", "north"), encoding="utf-8")
    with pytest.raises(DataError, match="4 sensors with 3 different ids"):
        load_series("my-town", town.parent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("2024-03-01 06:00:00,", "2024-03-01 06:00:00,1e30"),
            "the reading 1e.30 is too large to be one; name it as missing",
        ),
        (("2024-03-01 00:00:00", "1024-03-01 00:00:00"), "the first row is of the year 1024"),
    ],
)
def test_readings_and_times_of_no_road_are_refused(town: Path, change: tuple[str, str], message: str) -> None:
    """Numbers whose squares overflow, and years before there were sensors."""
    path = town / "readings.csv"
    text = path.read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()]
    place, written = change
    row = next(row for row in rows if row[0] == place.rstrip(","))
    row[0 if "1024" in written else 1] = written.rpartition(",")[2]
    path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_series("my-town", town.parent)


def test_large_numbers_may_stand_for_missing_readings(town: Path) -> None:
    """Where the description says so."""
    path, toml = town / "readings.csv", town / "dataset.toml"
    text = path.read_text(encoding="utf-8").splitlines()
    text[2] = ",".join([text[2].split(",")[0], *["9.96921e36"] * 4])
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="too large to be one"):
        load_series("my-town", town.parent)
    toml.write_text("missing_value = 9.96921e36\n" + toml.read_text(encoding="utf-8"), encoding="utf-8")
    assert np.isnan(load_series("my-town", town.parent).values[1]).all()


def test_channels_without_readings_are_said(tmp_path: Path) -> None:
    """One of two is a note; where all are, the dataset is refused."""
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "dataset.toml").write_text(
        'start = 2024-03-01\ninterval_minutes = 60\nunit = "1"\nchannels = ["flow", "speed"]\n'
        '[series]\nfile = "r.npz"\n[graph]\nfile = "g.csv"\nkind = "weights"\n'
    )
    (folder / "g.csv").write_text("0,1\n1,0\n")
    values = np.ones((5, 2, 2))
    values[:, :, 1] = np.nan
    np.savez(folder / "r.npz", data=values)
    assert "channel speed has no reading at all" in load_series(str(folder)).notes
    np.savez(folder / "r.npz", data=np.full((5, 2, 2), np.nan))
    with pytest.raises(DataError, match=r"r\.npz has no reading at all; correct the file, or missing_value"):
        load_series(str(folder))


def write_pemsd8(folder: Path, shape: tuple[int, int, int]) -> None:
    """Files with the names and formats of PEMS08, of another shape."""
    folder.mkdir(parents=True)
    np.savez(folder / "pems08.npz", data=np.ones(shape, dtype=np.float32))
    (folder / "distance.csv").write_text("from,to,cost\n0,1,300\n", encoding="utf-8")


def test_a_copy_of_a_built_in_dataset_with_its_own_start(tmp_path: Path) -> None:
    """Unknown rows of PEMS08 are refused until a `dataset.toml` beside them gives start and channels."""
    folder = tmp_path / "pemsd8"
    write_pemsd8(folder, (300, 3, 2))
    with pytest.raises(DataError, match="neither that of the public file"):
        load_series("pemsd8", tmp_path)
    toml = folder / "dataset.toml"
    toml.write_text("start = 2016-07-02T00:00:00\n", encoding="utf-8")
    with pytest.raises(DataError, match="has 2 channels, its card names 3"):
        load_series("pemsd8", tmp_path)
    toml.write_text('start = 2016-07-02T00:00:00\nchannels = ["flow", "speed"]\n', encoding="utf-8")
    series = load_series("pemsd8", tmp_path)
    assert (str(series.times[0]), series.unit) == ("2016-07-02T00:00", ("vehicles/5 min", "mph"))
    card, _ = find_dataset("pemsd8", tmp_path)
    words = "a part of the public file: 300 of 17,856 steps, 3 of 170 sensors, flow and speed only"
    assert describe_completeness(card, series) == words


def test_readings_equal_to_the_missing_value_were_not_measured(tmp_path: Path) -> None:
    """Zero speeds of METR-LA are missing readings."""
    folder = tmp_path / "metr-la"
    folder.mkdir()
    (folder / "dataset.toml").write_text('start = 2012-03-01\n[graph]\nfile = "w.csv"\n', encoding="utf-8")
    (folder / "vel.csv").write_text("60.5,0\n0,61.5\n", encoding="utf-8")
    (folder / "w.csv").write_text("1,0.5\n0.5,1\n", encoding="utf-8")
    series = load_series("metr-la", tmp_path)
    np.testing.assert_array_equal(series.values[:, :, 0], np.array([[60.5, np.nan], [np.nan, 61.5]]))


def test_real_part_of_pemsd8() -> None:
    """The last 40 % of PEMS08: recognised, dated, not taken for the whole, its graph from 295 road segments."""
    root = real_data("pemsd8")
    series = load_series("pemsd8", root)
    facts = facts_of(series)
    assert facts.shape == (7156, 170, 1)
    assert (facts.first, facts.last, facts.gaps) == ("2016-08-07T03:40", "2016-08-31T23:55", 0)
    assert (series.channels, series.unit) == (("flow",), ("vehicles/5 min",))
    assert (facts.edges, facts.isolated_nodes) == (546, 0)
    assert series.complete is False
    words = "a part of the public file: 7,156 of 17,856 steps, flow only"
    assert describe_completeness(CARDS["pemsd8"], series) == words


def test_real_los_loop() -> None:
    """LOS-loop is the whole public file: a week of 207 detectors with their own names."""
    series = load_series("los-loop", real_data("los-loop"))
    assert series.values.shape == (2016, 207, 1)
    assert series.sensor_ids[:2] == ("773869", "767541")
    assert series.values[0, :2, 0].tolist() == [64.375, 67.625]
    assert series.complete is True
    assert describe_completeness(CARDS["los-loop"], series) == "the whole public file"


def test_the_data_directory(monkeypatch: pytest.MonkeyPatch, town: Path) -> None:
    """The argument comes before KDSEARCH_DATA, which comes before the user's data folder."""
    monkeypatch.setenv("KDSEARCH_DATA", str(town.parent))
    assert default_data_dir() == town.parent
    assert load_series("my-town").name == "my-town"
    monkeypatch.delenv("KDSEARCH_DATA")
    assert default_data_dir().name == "kdsearch"


def test_the_list_of_datasets(town: Path) -> None:
    """Built-in datasets come first, then the user's folders; each says whether its files are there."""
    known = {one.name: one for one in known_datasets(town.parent)}
    assert list(known) == [*CARDS, "my-town"]
    assert known["demo"].present
    assert known["my-town"].present
    assert not known["pemsd8"].present
    assert not known["my-town"].built_in


def test_unknown_names_are_answered_with_near_ones(town: Path) -> None:
    """The three nearest names and the command that lists all."""
    with pytest.raises(DataError, match=r"no dataset 'pemsd9'; the nearest are pemsd8, pemsd4, .*kdsearch data list"):
        load_series("pemsd9", town.parent)
    (town.parent / "bare").mkdir()
    with pytest.raises(DataError, match=r"bare has no dataset\.toml"):
        load_series("bare", town.parent)


def test_demo_needs_no_files(tmp_path: Path) -> None:
    """The synthetic dataset loads from nowhere."""
    assert load_series("demo", tmp_path).name == "demo"
