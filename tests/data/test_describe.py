"""A proposed dataset.toml reads the file that it was made for, and says what is not certain."""

import shutil
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from kdsearch.data.describe import describe_file
from kdsearch.data.load import load_series
from kdsearch.errors import DataError
from tests.data.tables import IDS, WRITERS, long, speeds
from tests.real_data import real_data

FRAME = speeds()


@pytest.mark.parametrize("layout", WRITERS)
def test_a_proposal_reads_its_file(tmp_path: Path, layout: str) -> None:
    """Whatever the layout, the proposal is a dataset.toml as it stands."""
    (tmp_path / "speed.csv").write_text(WRITERS[layout](FRAME), encoding="utf-8")
    (tmp_path / "roads.csv").write_text("from,to,cost\n401,402,400\n402,403,500\n403,404,600\n", encoding="utf-8")
    text = describe_file(tmp_path / "speed.csv").toml()
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
    series = load_series(str(tmp_path))
    assert (series.interval_minutes, series.channels, series.sensor_ids) == (15, ("speed",), IDS)
    np.testing.assert_array_equal(series.values[:, :, 0], FRAME.to_numpy(dtype=np.float32))
    assert (series.adjacency > 0).sum() == 6
    assert '# not certain: the file does not say it; write such as "km/h"' in text


def test_questions_are_answered_by_the_likeliest_and_marked(tmp_path: Path) -> None:
    """Columns that are no sensors, files that go on, zeros, and no road."""
    frame = FRAME.assign(**{"% Observed": 100, "weekday": 1})
    frame.iloc[:100, 0] = 0.0
    frame[:200].to_csv(tmp_path / "a.csv", index_label="time", sep=";")
    frame[200:].to_csv(tmp_path / "b.csv", index_label="time", sep=";")
    proposal = describe_file(tmp_path / "a.csv")
    assert proposal.series == {
        "file": "a.csv",
        "further": ["b.csv"],
        "observed": "% Observed",
        "ignore": ["weekday"],
    }
    assert proposal.graph == {"kind": "none"}
    assert set(proposal.questions) == {"further", "observed", "ignore", "unit", "kind"}
    assert any("6.5 % of the readings are zero" in sentence for sentence in proposal.certain)
    (tmp_path / "dataset.toml").write_text(proposal.toml(), encoding="utf-8")
    assert load_series(str(tmp_path)).values.shape == (384, 4, 1)


BESIDE: dict[str, tuple[str, str]] = {
    "a long table of another quantity": (long(FRAME).rename(columns={"speed": "flow"}).to_csv(index=False), "none"),
    "the same columns of another quantity": (FRAME.to_csv(index_label="time"), "none"),
    "readings of one sensor": (FRAME[["401"]].to_csv(index_label="time"), "none"),
    "readings of three sensors without times": (FRAME[["401", "402", "403"]].to_csv(index=False), "none"),
    "readings of three sensors without a header": (FRAME.iloc[:, :3].to_csv(index=False, header=False), "none"),
    "as many rows as sensors": (FRAME[:4].to_csv(index=False, header=False), "none"),
    "dates and numbers": ("".join(f"2024030{day},{slot},61\n" for day in range(1, 5) for slot in range(96)), "none"),
    "names of the sensors": ("id,name\n401,A\n402,B\n403,C\n", "none"),
    "lanes of the sensors": ("id,lanes,limit\n401,2,100\n402,3,120\n", "none"),
    "roads of another network": ("from,to,cost\n901,902,400\n902,903,500\n", "none"),
    "roads of a larger network": ("from,to,cost\n901,902,400\n402,403,500\n403,404,500\n", "edges"),
    "a matrix of weights": ("0,1,0,0\n1,0,1,0\n0,1,0,1\n0,0,1,0\n", "weights"),
    "coordinates": ("id,lat,lon\n401,49.5,8.4\n402,49.5,8.5\n", "coordinates"),
}


@pytest.mark.parametrize("case", BESIDE)
def test_only_a_graph_of_its_sensors_is_taken_for_one(tmp_path: Path, case: str) -> None:
    """Other files lie beside the readings too."""
    text, kind = BESIDE[case]
    (tmp_path / "speed.csv").write_text(FRAME.to_csv(index_label="time"), encoding="utf-8")
    (tmp_path / "another.csv").write_text(text, encoding="utf-8")
    proposal = describe_file(tmp_path / "speed.csv")
    assert (proposal.graph["kind"], proposal.series) == (kind, {"file": "speed.csv"})


def test_a_pickle_that_is_no_graph_is_left(tmp_path: Path) -> None:
    (tmp_path / "speed.csv").write_text(FRAME.to_csv(index_label="time"), encoding="utf-8")
    FRAME.to_pickle(tmp_path / "frame.pkl")
    assert describe_file(tmp_path / "speed.csv").graph == {"kind": "none"}
    named = describe_file(tmp_path / "speed.csv", graph=tmp_path / "frame.pkl")
    assert named.questions["kind"] == "frame.pkl is no graph that names a sensor of the readings"


def test_times_of_day_in_the_header_may_be_sensors(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.arange(24.0 * 40).reshape(40, 24) % 7 + 0.5, index=pd.date_range("2024-03-01", periods=40))
    frame.to_csv(tmp_path / "r.csv", index_label="date")
    proposal = describe_file(tmp_path / "r.csv")
    assert proposal.series["layout"] == "days"
    assert "the columns '0' to '23' may be the times of a day, or sensors" in proposal.questions["layout"]
    assert proposal.top["interval_minutes"] == 60


def test_lines_above_a_table_are_counted(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("Export\nvehicles\n" + FRAME.to_csv(index_label="time"), encoding="utf-8")
    assert describe_file(tmp_path / "r.csv").series == {"file": "r.csv", "skip_lines": 2}


def test_words_for_what_is_missing_are_gathered(tmp_path: Path) -> None:
    table = FRAME.astype(object)
    table.iloc[3, 0], table.iloc[5, 1] = "n.a.", "--"
    table.to_csv(tmp_path / "r.csv", index_label="time")
    assert describe_file(tmp_path / "r.csv").series["missing_text"] == ["n.a.", "--"]


def test_two_digits_of_a_year_leave_the_likeliest_order(tmp_path: Path) -> None:
    """As they stand 01/03/24 may be of January; only days first go on without jumps."""
    FRAME.to_csv(tmp_path / "r.csv", index_label="time", date_format="%d/%m/%y %H:%M")
    assert describe_file(tmp_path / "r.csv").series["time_format"] == "%d/%m/%y %H:%M"


def test_units_in_names_are_taken(tmp_path: Path) -> None:
    rows = long(FRAME).rename(columns={"speed": "Flow (Veh/5 Minutes)"})
    rows.to_csv(tmp_path / "r.csv", index=False)
    proposal = describe_file(tmp_path / "r.csv")
    assert (proposal.top["channels"], proposal.top["unit"]) == (["flow"], "vehicles/5 min")
    assert proposal.top["quantity"] == "count"


def test_a_file_without_times_asks_for_its_start(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", data=FRAME.to_numpy())
    proposal = describe_file(tmp_path / "r.npz")
    assert {"start", "interval_minutes"} <= set(proposal.questions)
    assert tomllib.loads(proposal.toml())["start"] == "2000-01-01T00:00"


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_of_several_arrays_the_largest_is_taken(tmp_path: Path, suffix: str) -> None:
    """Arrays of text, of one value and small ones are no readings; all are named with their shapes."""
    arrays = {"ids": np.array([b"a", b"b"]), "mean": np.array(60.0), "speed": FRAME.to_numpy(), "week": np.arange(7)}
    path = tmp_path / f"r.{suffix}"
    if suffix == "npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
    else:
        with h5py.File(path, "w") as file:
            file.update(arrays)
    proposal = describe_file(path)
    assert proposal.series == {"file": path.name, "key": "speed"}
    listed = "ids (2 of type |S1), mean (a single value), speed (384 x 4), week (7)"
    assert proposal.questions["key"] == f"r.{suffix} holds several arrays: {listed}"
    (tmp_path / "dataset.toml").write_text(proposal.toml(), encoding="utf-8")
    np.testing.assert_array_equal(load_series(str(tmp_path)).values[:, :, 0], FRAME.to_numpy(dtype=np.float32))


def test_channels_and_axes_of_an_array_are_asked(tmp_path: Path) -> None:
    """A grid of two flows: the proposal reads it as it stands."""
    np.save(tmp_path / "r.npy", np.random.default_rng(0).uniform(1, 9, (200, 2, 4, 5)))
    proposal = describe_file(tmp_path / "r.npy")
    assert proposal.series["axes"] == "step channel row column"
    assert proposal.top["channels"] == ["channel 1", "channel 2"]
    assert {"axes", "channels"} <= set(proposal.questions)
    (tmp_path / "dataset.toml").write_text(proposal.toml(), encoding="utf-8")
    assert load_series(str(tmp_path)).values.shape == (200, 20, 2)


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    with pytest.raises(DataError, match="is not a text file"):
        describe_file(tmp_path / "r.csv")
    with pytest.raises(DataError, match="is not there"):
        describe_file(tmp_path / "x.csv")
    (tmp_path / "r.docx").touch()
    with pytest.raises(DataError, match=r"ends in '\.docx'; readings are read from \.csv, .*\.npy, \.npz, \.h5"):
        describe_file(tmp_path / "r.docx")


@pytest.mark.parametrize(
    ("folder", "file", "shape", "first", "kind", "series"),
    [
        ("mannheim", "timeseries_data_with-NaN.csv", (7833, 25, 1), "2023-02-28T23:00", "weights", {}),
        (
            "pems-export",
            "train.csv",
            (12096, 1, 1),
            "2016-01-04T00:00",
            "none",
            {"further": ["test.csv"], "ignore": ["# Lane Points"], "observed": "% Observed"},
        ),
        ("metr-la", "metr-la.h5", (34272, 29, 1), "2012-03-01T00:00", "dcrnn-pickle", {}),
        ("pems-bay", "pems-bay.h5", (52116, 67, 1), "2017-01-01T00:00", "dcrnn-pickle", {}),
        ("pemsd7m", "V_228.csv", (9792, 228, 1), "2000-01-01T00:00", "distances", {}),
    ],
)
def test_real_files_as_they_are(
    tmp_path: Path,
    folder: str,
    file: str,
    shape: tuple[int, int, int],
    first: str,
    kind: str,
    series: dict[str, object],
) -> None:
    """The files of agencies and of papers, read by what is proposed for them."""
    town = tmp_path / "town"
    shutil.copytree(real_data(folder) / folder, town, ignore=shutil.ignore_patterns("dataset.toml"))
    proposal = describe_file(town / file)
    assert proposal.series == {"file": file} | series
    (town / "dataset.toml").write_text(proposal.toml(), encoding="utf-8")
    read = load_series(str(town))
    assert (read.values.shape, str(read.times[0]), proposal.graph["kind"]) == (shape, first, kind)
    assert (read.adjacency > 0).any() == (kind != "none")
