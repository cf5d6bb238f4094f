"""Who teaches: the best candidate on the validation split, the mean of several, and what is left out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.data.series import Series
from kdsearch.errors import SpaceError
from kdsearch.pipeline.election import Elected, elect
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.pipeline.trainer import Trainer
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.foreseen import Foreseen
from tests.spaces import TINY_SPACE

STID = {"family": "stid", "width": 4, "epochs": 2, "learning_rate": 1e-2, "batch": 50}
STGCN = {"family": "stgcn", "width": 1, "epochs": 1}


def elected(series: SplitSeries, *asked: dict[str, object], ensemble: int = 1) -> tuple[Elected, list[str]]:
    """Elect among these, with all the time there is."""
    said: list[str] = []
    return elect(Trainer(series, "best", "cpu", None, said.append), asked, ensemble, "mae,params", 0), said


def mae(found: Elected, name: str) -> float:
    """Validation MAE of a baseline."""
    return next(line.metrics["val"]["mae"]["all"] for line in found.baselines if line.name == name)


def test_the_least_validation_error_teaches_whatever_the_order(series: SplitSeries) -> None:
    one, said = elected(series, STID, STGCN)
    other, _ = elected(series, STGCN, STID)
    assert [line.name for line in one.baselines] == ["teacher", "stgcn-1"]
    assert [line.role for line in one.baselines] == ["teacher", "candidate"]
    assert one.networks["teacher"].checkpoint.spec["family"] == "stid"
    assert mae(one, "teacher") < mae(one, "stgcn-1")
    assert one.networks["teacher"].hash == other.networks["teacher"].hash
    for found in (one, other):  # whichever of them was trained first, and timed the other
        costs = [line.cost for line in found.baselines if line.cost is not None]
        assert costs[0].latency_ratio == 1.0
        assert costs[0].latency_ms is not None
        assert costs[1].latency_ms is not None
        assert costs[1].latency_ratio == pytest.approx(costs[1].latency_ms.p2 / costs[0].latency_ms.p2)
    assert "stid-4 teaches: it errs least of 2 candidates on the validation split" in said


def test_a_mean_teaches_where_it_is_better_and_is_one_network(series: SplitSeries) -> None:
    found, said = elected(series, STID, ensemble=3)
    teacher = found.networks["teacher"]
    assert "the mean teaches" in said[-1]
    assert [line.name for line in found.baselines] == ["teacher", "stid-4"]
    assert teacher.checkpoint.spec["family"] == "ensemble"
    assert teacher.inside.spec["family"] == "stid"
    assert teacher.inside.hash != teacher.checkpoint.hash
    members = teacher.checkpoint.spec["size"]["members"]
    assert len(members) == 3
    assert teacher.cost.parameters == 3 * found.networks["stid-4"].cost.parameters
    assert mae(found, "teacher") < mae(found, "stid-4")


def test_the_forecasts_of_a_mean_are_the_mean_of_forecasts(series: SplitSeries) -> None:
    found, _ = elected(series, STID, ensemble=2)
    network, data = found.networks["teacher"].seen(series, torch.device("cpu"))
    whole = found.networks["teacher"].checkpoint.network(torch.device("cpu")).eval()
    x = data.inputs(torch.as_tensor(series.splits["val"].starts[:3]), with_clock=True)
    members = [member.eval().forecast(x, series.protocol.horizon) for member in whole.members]  # type: ignore[union-attr]
    torch.testing.assert_close(whole.forecast(x, series.protocol.horizon), (members[0] + members[1]) / 2)
    assert not torch.equal(members[0], members[1])
    torch.testing.assert_close(network.eval().forecast(x, series.protocol.horizon), members[0])


def test_networks_of_an_ensemble_must_see_the_same(series: SplitSeries) -> None:
    with pytest.raises(SpaceError, match="the networks of an ensemble must see the same input, and have"):
        elected(series, STID, STGCN | {"input": "raw"}, ensemble=2)


def test_a_candidate_that_takes_too_long_is_left_out(series: SplitSeries) -> None:
    """The first is trained, shortened or not; a later one that would end after the time is none."""

    class Slow(Trainer):
        def foreseen(self, config: TrialConfig, seed: int) -> Foreseen:  # noqa: ARG002
            return Foreseen(1.0 if config.family == "stid" else 1000.0, 0.0, 1)

        @property
        def seconds_left(self) -> float | None:
            return 100.0

    said: list[str] = []
    found = elect(Slow(series, "best", "cpu", 1.0, said.append), [STGCN, STID], 1, "mae", 0)
    assert [line.name for line in found.baselines] == ["teacher"]
    assert any(one.startswith("stgcn-1 is no candidate for teacher: it would take about 17 min") for one in said)


def test_a_study_of_an_ensemble_goes_on_with_it_and_shows_its_candidates(
    source: Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained once, kept as one network; what teaches a second run is the study's own."""
    candidates = 'candidates = [{ family = "stid", width = 4, epochs = 2, learning_rate = 1e-2, batch = 50 }]'
    text = TINY_SPACE.replace("width = 1\nepochs = 1\n[stid]", f"ensemble = 2\n{candidates}\n[stid]")
    (tmp_path / "tiny.toml").write_text(text + '[parameters.loss]\nvalue = "rd-l2"\n[parameters.width]\nvalue = 1\n')
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"), objectives="mae,params", trials=1, executor="local", studies=tmp_path
    )
    first = run(options, data=source).summary
    assert {line.name for line in first.baselines} >= {"teacher", "STID", "stid-4"}
    monkeypatch.setattr("kdsearch.pipeline.setup.elect", lambda *_: pytest.fail("the study has its teacher"))
    again = run(options, data=source).summary
    errors = [[one.metrics["val"]["mae"]["all"] for one in each.baselines] for each in (first, again)]
    np.testing.assert_array_equal(errors[0], errors[1])


def test_a_candidate_that_is_far_worse_is_in_no_ensemble(series: SplitSeries) -> None:
    """Further seeds of the best one take its place."""
    found, said = elected(series, STID, STGCN, ensemble=2)
    assert mae(found, "stgcn-1") > 1.03 * found.records["stid-4"].metrics["val"]["mae"]["all"]
    assert said[-1].startswith("the mean of stid-4 (seed 0), stid-4 (seed 1) has validation MAE ")
    assert {line.name for line in found.baselines} == {"teacher", "stid-4", "stgcn-1"}
