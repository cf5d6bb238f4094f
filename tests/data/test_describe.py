"""A proposed dataset.toml reads the file that it was made for, and says what is not certain."""

import shutil
import tomllib
from pathlib import Path

import h5py
import numpy as np
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
