"""Epochs that a search has time for."""

import pytest

from kdsearch.data.protocols import SplitSeries
from kdsearch.pipeline.timely import timely_space
from kdsearch.study.space.files import load_space
from kdsearch.study.space.narrowed import narrowed
from kdsearch.study.space.overrides import overridden
from kdsearch.study.space.parameters import Range
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.foreseen import Foreseen

EPOCH_SECONDS = {"stid": 1.0, "stgcn": 10.0}


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> SearchSpace:
    """STIDs, whose epoch takes a second here, and STGCNs, whose epoch takes ten."""
    monkeypatch.setattr(
        "kdsearch.pipeline.timely.foreseen_training",
        lambda _series, config, **_: Foreseen(EPOCH_SECONDS[config.family], 0.0, 1),
    )
    return narrowed(load_space("auto"), ["stid", "stgcn"])


def highest(space: SearchSpace, family: str) -> list[float]:
    """Ends of a family's ranges of epochs."""
    found = (one for one in space.parameters if one.key == f"{family}.epochs")
    return [one.high for one in found if isinstance(one, Range)]


@pytest.mark.parametrize(
    ("seconds", "stid", "stgcn"),
    [(1e6, [80], [80, 20]), (200.0, [50], [5, 5]), (4000.0, [80], [80, 20]), (1.0, [1], [1, 1])],
)
def test_no_training_takes_more_than_a_quarter_of_the_search(
    space: SearchSpace, series: SplitSeries, seconds: float, stid: list[float], stgcn: list[float]
) -> None:
    """Ranges and points alike; the space stays one that can be searched."""
    left, said = timely_space(space, series, seconds)
    assert (highest(left, "stid"), highest(left, "stgcn")) == (stid, stgcn)
    assert len(said) == (stid != [80]) + (stgcn != [80, 20])
    assert max(int(point.params["epochs"]) for point in left.points if point.params["family"] == "stid") <= stid[0]
    left.check("what there is time for")


def test_fixed_epochs_stay(space: SearchSpace, series: SplitSeries) -> None:
    fixed = overridden(space, [], ["epochs=70"])
    assert timely_space(fixed, series, 1.0) == (fixed, [])


def test_points_of_a_space_of_one_family_are_shortened_too(space: SearchSpace, series: SplitSeries) -> None:  # noqa: ARG001
    left, said = timely_space(load_space("stid"), series, 20.0)
    assert [point.params["epochs"] for point in left.points] == [5]
    assert said == ["stid trains for at most 5 epochs: with more, one trial would take over a quarter of the search"]
    left.check("what there is time for")
