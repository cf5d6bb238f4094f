"""A study in Python: what it holds, its networks, their forecasts from a frame."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdsearch.api import Study, load_study, search
from kdsearch.data.series import Series
from kdsearch.errors import DataError, StudyError
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.testing import ring_road
from tests.commands import here
from tests.spaces import TINY_SPACE

SPACE = f"""{TINY_SPACE}
[parameters.width]
choices = [1, 2]
[parameters.loss]
value = "none"
"""

SENSORS = ["north", "east", "south", "west", "gate"]


def readings() -> pd.DataFrame:
    """The ring's readings, wide."""
    ring = ring_road()
    return pd.DataFrame(ring.values[:, :, 0], index=ring.times, columns=SENSORS)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one study of two trials on the ring."""
    folder = tmp_path_factory.mktemp("studies")
    (folder / "tiny.toml").write_text(SPACE)
    series = Series.from_frame(readings(), unit="km/h", channels="speed", adjacency=ring_road().adjacency, name="ring")
    options = RunOptions(
        space=str(folder / "tiny.toml"), objectives="mae,params", trials=2, executor="local", studies=folder
    )
    run(options, data=series)
    return folder


@pytest.fixture(scope="module")
def study(studies: Path) -> Study:
    return load_study("ring-tiny", studies=studies)


def test_a_study_keeps_what_its_networks_forecast(study: Study) -> None:
    """Also the teacher and the STID, which no trial made."""
    assert study.target is not None
    assert study.target.sensors == tuple(SENSORS)
    assert (study.target.unit, study.target.history, study.target.horizon) == ("km/h", 12, 9)
    assert (study.kept_trials, study.kept_baselines) == ((0, 1), ("STID", "teacher"))
    assert repr(study) == f"<study ring-tiny: 2 trials on ring, front {study.summary.front}>"


@pytest.mark.parametrize("pick", ["knee", "best", "smallest", 1, "1", "teacher", "STID"])
def test_every_network_forecasts_from_a_frame(study: Study, pick: str | int) -> None:
    """Wide and long frames, in any order of columns, give the same table."""
    network, newest = study.network(pick), readings().tail(14)
    table = network.predict(newest)
    assert len(table) == 9 * 5
    assert np.isfinite(table["forecast"]).all()
    assert table["time"].min() == newest.index[-1] + pd.Timedelta("15min")
    pd.testing.assert_frame_equal(network.predict(newest[SENSORS[::-1]]), table)
    long = newest.rename_axis("time").reset_index().melt("time", var_name="sensor", value_name="speed")
    pd.testing.assert_frame_equal(network.predict(long), table)
    assert repr(network).endswith("12 steps of 15 minutes in, 9 out, 5 sensors, km/h>")


def test_a_network_of_8_bits_forecasts_nearly_alike(study: Study, studies: Path, tmp_path: Path) -> None:
    """Its C file has them; the command rounds as Python does, and refuses other numbers."""
    network, newest = study.network("knee"), readings().tail(14)
    before, after = (one.predict(newest)["forecast"] for one in (network, network.quantised()))
    assert 0 < (after - before).abs().mean() < 0.05 * before.std()
    files = network.quantised().export(tmp_path / "python", ["c"])
    command = ("export", "ring-tiny", "--format", "c", "--studies", str(studies), "--quantize")
    here(tmp_path, *command, "int8", "--output", "command")
    assert [(tmp_path / "command" / one.name).read_bytes() for one in files] == [one.read_bytes() for one in files]
    assert "int8_t Weight" in files[0].read_text()
    said = here(tmp_path, *command, "int4", check=2).stderr
    assert "--quantize 'int4' is no kind of numbers; write --quantize int8, or leave it out" in said


def test_a_trial_is_trained_on_with_the_data_and_the_teacher_of_its_study(study: Study, studies: Path) -> None:
    """Other data are refused, and what is no trial."""
    series = Series.from_frame(readings(), unit="km/h", channels="speed", adjacency=ring_road().adjacency, name="ring")
    card = study.fine_tuned("knee", 1, data=series).kept.card
    assert card.rounding is not None
    assert card.rounding.val_mae["float"] == study.network("knee").kept.card.metrics["val"]["mae"]["all"]
    assert card.rounding.epochs == 1
    other = Series.from_frame(readings() + 1, unit="km/h", channels="speed", name="ring")
    with pytest.raises(StudyError, match="the data read now are not those of study 'ring-tiny'; name these with"):
        study.fine_tuned("knee", 1, data=other)
    with pytest.raises(StudyError, match="STID is no trial, and only those can be fine-tuned"):
        study.fine_tuned("STID", 1, data=series)
    command = ("export", "ring-tiny", "--studies", str(studies), "--fine-tune", "1")
    assert "add --quantize int8" in here(studies, *command, check=2).stderr
    refused = here(studies, *command, "--quantize", "int8", "--dataset", "demo", check=2).stderr
    assert "the data read now are not those of study" in refused


def test_picks_are_those_of_the_report(study: Study) -> None:
    """The knee is the report's; best has the least error of all but the teacher, smallest the fewest parameters."""
    sizes = {trial.number: trial.cost.parameters for trial in study.summary.front_trials if trial.cost is not None}
    errors = {f"trial {trial.number}": trial.metrics["val"]["mae"]["all"] for trial in study.summary.trials}
    errors |= {one.name: one.metrics["val"]["mae"]["all"] for one in study.summary.baselines if one.name == "STID"}
    assert study.network().name == f"trial {study.summary.knee}"
    assert study.network("smallest").name == f"trial {min(sizes, key=lambda one: sizes[one])}"
    assert study.network("best").name == min(errors, key=lambda one: errors[one])


def test_trials_are_a_frame(study: Study) -> None:
    """Settings, errors and costs are columns; the front is its rows, best first."""
    trials = study.trials
    assert trials["number"].tolist() == [0, 1]
    assert set(trials["width"]) == {1, 2}
    first = study.summary.horizons[0]
    for trial in study.summary.trials:
        row = trials.loc[trial.number]
        assert row[f"val_mae_{first}"] == trial.metrics["val"]["mae"][first]
        assert trial.cost is not None
        assert (row["parameters"], row["state"]) == (trial.cost.parameters, "COMPLETE")
    assert study.front["number"].tolist() == study.summary.front
    assert study.front["val_mae_all"].is_monotonic_increasing
    assert study.knee.name == study.network("knee").name
    assert study.best().name == study.network("best").name
    assert study.teacher.checkpoint.spec == study.network("teacher").checkpoint.spec


def test_figures_are_those_of_the_report(study: Study, tmp_path: Path) -> None:
    page = study.report(tmp_path / "report.html").read_text(encoding="utf-8")
    for name in study.figures:
        assert f'id="figure-{name}"' in page or f'{{"name":"{name}","title":' in page  # a cost is a switch
        assert study.figure(name).data
    with pytest.raises(StudyError, match="has no figure 'x'; choose one of flops, latency, params, horizon"):
        study.figure("x")
    with pytest.raises(StudyError, match="is a folder, not a file"):
        study.report(tmp_path)
    shown = study._repr_html_()
    assert "<h4>ring-tiny</h4>" in shown
    assert shown.count("<tr") > len(study.summary.front)


def test_weights_and_limits_choose_when_a_study_is_loaded(studies: Path) -> None:
    """Nothing but what is shown changes."""
    own = load_study("ring-tiny", studies=studies)
    sizes = own.trials.set_index("number")["parameters"]
    smaller = load_study("ring-tiny", studies=studies, constraints=f"params<={sizes.min()}", prefer="mae=2")
    assert smaller.front["number"].tolist() == [sizes.idxmin()]
    assert smaller.summary.rule == "your weights mae 2, params 1"
    assert load_study("ring-tiny", studies=studies).summary == own.summary


def test_search_goes_on_where_a_study_was(studies: Path) -> None:
    """A series, with the options of a run; the study that it gives is the one that is kept."""
    series = Series.from_frame(readings(), unit="km/h", channels="speed", adjacency=ring_road().adjacency, name="ring")
    said: list[str] = []
    space, objectives = str(studies / "tiny.toml"), ["mae", "params"]
    found = search(
        series, objectives, space=space, trials=2, executor="local", studies=str(studies), on_message=said.append
    )
    assert said
    assert found.summary == load_study("ring-tiny", studies=studies).summary


def test_search_takes_a_frame(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(SPACE)
    space = str(tmp_path / "tiny.toml")
    found = search(
        readings(), "mae,params", unit="km/h", space=space, trials=1, executor="local", studies=tmp_path, study="own"
    )
    assert repr(found) == "<study own: 1 trials on frame, front [0]>"
    assert len(found.knee.predict(readings().tail(14))) == 9 * 5
    assert found.summary.command.startswith("kdsearch.search('frame', 'mae,params', space=")


def test_mistakes_of_a_search_are_one_sentence() -> None:
    with pytest.raises(DataError, match='a frame does not say what its readings are; give unit="km/h"'):
        search(readings())
    with pytest.raises(DataError, match="unit = 'm' is that of a frame, and a dataset or series has its own"):
        search("demo", unit="m")
    with pytest.raises(StudyError, match=r"there is no option 'trial'; choose of protocol, .*trials, budget_seconds"):
        search("demo", trial=3)
    with pytest.raises(StudyError, match="--objective 'mae,mae' is not one or more different"):
        search("demo", ["mae", "mae"])


def test_what_is_not_there_is_refused(study: Study, studies: Path) -> None:
    with pytest.raises(StudyError, match=r"keeps no network '7'; choose one of .*, STID, teacher, a trial of 0 to 1"):
        study.network(7)
    with pytest.raises(StudyError, match=r"there is no study 'x' in .*; it holds: ring-tiny"):
        load_study("x", studies=studies)
    with pytest.raises(DataError, match="readings of 3 steps"):
        study.network().predict(readings().tail(3))


def test_studies_without_networks_say_so() -> None:
    """Those that are kept with the code have left them out."""
    kept = load_study("pemsd8-features", studies=Path(__file__).parent.parent / "studies" / "reproductions")
    with pytest.raises(StudyError, match="run it again: its networks were left out"):
        kept.network("knee")
