"""A study in Python: what it holds, its networks, their forecasts from a frame."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdsearch.api import Study, load_study
from kdsearch.data.series import Series
from kdsearch.errors import DataError, StudyError
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.testing import ring_road
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDSEARCH_CACHE", str(folder / "cache"))
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
    assert (study.trials, study.baselines) == ((0, 1), ("STID", "teacher"))
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


def test_picks_are_those_of_the_report(study: Study) -> None:
    """The knee is the report's; best has the least error of all but the teacher, smallest the fewest parameters."""
    sizes = {trial.number: trial.cost.parameters for trial in study.summary.front_trials if trial.cost is not None}
    errors = {f"trial {trial.number}": trial.metrics["val"]["mae"]["all"] for trial in study.summary.trials}
    errors |= {one.name: one.metrics["val"]["mae"]["all"] for one in study.summary.baselines if one.name == "STID"}
    assert study.network().name == f"trial {study.summary.knee}"
    assert study.network("smallest").name == f"trial {min(sizes, key=lambda one: sizes[one])}"
    assert study.network("best").name == min(errors, key=lambda one: errors[one])


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
