"""The whole way from an own CSV to forecasts, from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdsearch.api import load_study
from kdsearch.testing import ring_road
from tests.commands import Here, process
from tests.spaces import TINY_SPACE

WITHOUT = """
import sys
for name in ("torch", "optuna", "ray"):
    sys.modules[name] = None
from kdsearch.cli.app import main
sys.argv[0] = "kdsearch"
main()
"""


def without_torch(folder: Path, *arguments: str) -> str:
    """Run a command in a process where torch, optuna and ray cannot be imported."""
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an own dataset, a study of it, and its networks' files."""
    folder = tmp_path_factory.mktemp("home")
    source = ring_road()
    (folder / "roads").mkdir()
    frame = pd.DataFrame(source.values[:, :, 0], columns=["north", "east", "south", "west", "gate"], index=source.times)
    frame.iloc[100:130, 1] = frame.iloc[-300:-280, 2] = frame.iloc[-9:-4, 0] = np.nan
    frame.index.name = "time"
    frame.to_csv(folder / "roads/speeds.csv")
    (folder / "roads/dataset.toml").write_text(
        'interval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n[series]\nfile = "speeds.csv"\n'
        '[graph]\nkind = "none"\n'
    )
    own = '[parameters.family]\nvalue = "stid"\n[parameters.width]\nvalue = 2\n'
    (folder / "tiny.toml").write_text(TINY_SPACE + own)
    process(folder, "data", "check", "roads")
    process(
        folder,
        *("run", "--dataset", "./roads", "--space", "tiny.toml", "--protocol", "stgcn", "--study", "roads"),
        *("--trials", "1", "--executor", "local", "--objective", "mae,params", "--seed", "0"),
    )
    for pick in ("knee", "STID", "teacher"):
        process(folder, "export", "roads", "--pick", pick, "--output", f"out/{pick}")
    return folder


@pytest.mark.parametrize("pick", ["knee", "STID", "teacher"])
def test_a_file_forecasts_and_errs_as_its_network(home: Path, pick: str) -> None:
    fresh = pd.read_csv(home / "roads/speeds.csv", parse_dates=["time"]).set_index("time").iloc[-400:]
    fresh[fresh.columns[::-1]].assign(other=7.5).to_csv(home / "fresh.csv")
    without_torch(home, "predict", f"out/{pick}/model.onnx", "--input", "fresh.csv", "--output", "next.csv")
    made = pd.read_csv(home / "next.csv", parse_dates=["time"])
    network = load_study("roads", studies=home / "studies").network(pick)
    expected = network.predict(fresh)
    assert list(made.columns) == ["time", "sensor", "step", "forecast", "lower", "upper"]
    assert (made["sensor"] == expected["sensor"]).all()
    for column in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(made[column], expected[column], rtol=0, atol=2e-3)
    found = json.loads(without_torch(home, "measure", f"out/{pick}/model.onnx", "--dataset", "./roads", "--json"))
    for metric, errors in network.kept.card.metrics["test"].items():
        assert found["errors"][metric] == pytest.approx(errors, rel=1e-5)
    assert found["bytes"] == (home / f"out/{pick}/model.onnx").stat().st_size
    assert 0 < found["inside"] <= 1
    card = json.loads((home / f"out/{pick}/card.json").read_text())
    inside, count, width = card["breakdown"]["fixed"]["overall"]
    assert found["inside"] == pytest.approx(inside / count, abs=1e-3)
    assert found["width"] == pytest.approx(width / count, rel=1e-3)
    text = (home / f"out/{pick}/card.md").read_text()
    assert "## Its bounds" in text
    assert "| week from " in text
    assert "| worst sensor, " in text
    assert found["memory_bytes"] is None or found["memory_bytes"] > found["bytes"]
    teacher = load_study("roads", studies=home / "studies").summary.teacher
    assert teacher is not None
    assert teacher.cost is not None
    assert teacher.cost.deployed_ratio == 1, "files are measured where nobody says otherwise"


def test_the_script_needs_nothing_but_onnxruntime_and_numpy(home: Path) -> None:
    ready = pd.read_csv(home / "roads/speeds.csv").iloc[-40:]
    ready.to_csv(home / "ready.csv", index=False)
    blocked = "import sys\nfor name in ('kdsearch', 'torch', 'pandas'):\n    sys.modules[name] = None\n"
    code = blocked + "sys.argv = ['forecast.py', '../../ready.csv']\nexec(open('forecast.py').read())"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=home / "out/knee", capture_output=True, text=True, check=True
    )
    heading, first, *others = said.stdout.splitlines()
    assert heading.split(",") == ["time", *ready.columns[1:]]
    assert len(others) == 8
    without_torch(home, "predict", "out/knee/model.onnx", "--input", "ready.csv", "--output", "next.csv")
    table = pd.read_csv(home / "next.csv")
    np.testing.assert_allclose([float(cell) for cell in first.split(",")[1:]], table["forecast"][:5], rtol=1e-5)


def test_mistakes_are_one_sentence_before_anything_is_done(home: Path, kdsearch: Here) -> None:
    said = kdsearch(home, "export", "roads", "--pick", "nobody", check=2).stderr
    assert "keeps no network 'nobody'; choose one of knee" in said
    assert "there is no format 'exe'" in kdsearch(home, "export", "roads", "--format", "exe", check=2).stderr
    assert "there is no file x.onnx" in kdsearch(home, "measure", "x.onnx", check=2).stderr
    model = "out/knee/model.onnx"
    assert "there is no part 'train'" in kdsearch(home, "measure", model, "--split", "train", check=2).stderr
    given = ("predict", model, "--input", "roads/speeds.csv")
    assert "give the name of a .csv or .parquet file" in kdsearch(home, *given, "--output", "a.xls", check=2).stderr
    (home / "five.csv").write_text("time,north\n2024-05-01T00:00,50\n2024-05-01T00:05,51\n2024-05-01T00:10,52\n")
    assert "five.csv" in kdsearch(home, "predict", model, "--input", "five.csv", check=2).stderr
