"""How a budget is shared out, and trainings that are shortened to fit."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import RunError
from kdsearch.pipeline.budget import Budget
from kdsearch.pipeline.trainer import CACHED_SECONDS, Trainer, TrainingEvent
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.foreseen import Foreseen


@given(st.floats(1, 1e6))
def test_the_parts_follow_one_another_inside_the_whole(seconds: float) -> None:
    budget = Budget(seconds, began=0.0)
    parts = [budget.teacher_until, budget.search_until, budget.twins_until, budget.end]
    known = [part for part in parts if part is not None]
    assert known == sorted(known)
    assert known[-1] == seconds
    assert known[0] == pytest.approx(0.4 * seconds)
    assert known[1] >= 0.6 * seconds - 1e-9


def test_without_a_budget_nobody_waits() -> None:
    budget = Budget(None)
    assert {budget.teacher_until, budget.search_until, budget.twins_until, budget.end} == {None}


class Timed(Trainer):
    """A trainer whose epochs take a second for each channel, with another one for scores."""

    def foreseen(self, config: TrialConfig, seed: int) -> Foreseen:  # noqa: ARG002
        return Foreseen(float(config.width), 1.0, 1)

    @property
    def seconds_left(self) -> float | None:
        return self.until


def trainer(series: SplitSeries, seconds: float | None, said: list[str]) -> Timed:
    """Make a trainer with so many seconds."""
    return Timed(series, "best", "cpu", seconds, said.append)


@pytest.mark.parametrize(
    ("seconds", "width", "epochs"),
    [
        (None, 32, 12),
        (385.0, 32, 12),  # 12 epochs of 32 s, and 1 s
        (384.0, 32, 11),
        (200.0, 32, 6),  # half of them
        (190.0, 16, 11),  # fewer than half: narrower
        (30.0, 4, 7),
        (7.0, 4, 1),
    ],
)
def test_a_training_is_shortened_to_fit(series: SplitSeries, seconds: float | None, width: int, epochs: int) -> None:
    said: list[str] = []
    asked = TrialConfig(width=32, epochs=12)
    config, _ = trainer(series, seconds, said).shortened(asked, 0, "teacher")
    assert (config.width, config.epochs) == (width, epochs)
    assert bool(said) == ((width, epochs) != (32, 12))


def test_a_budget_without_room_for_one_epoch_is_said(series: SplitSeries) -> None:
    words = "STID would take about 5 s for one epoch, and the budget leaves 4 s for it; give a larger --budget"
    with pytest.raises(RunError, match=words):
        trainer(series, 4.0, []).shortened(TrialConfig(width=4, epochs=3), 0, "STID")


def test_a_cached_network_is_taken_however_late_it_is(series: SplitSeries) -> None:
    class Cached(Timed):
        def foreseen(self, config: TrialConfig, seed: int) -> Foreseen:  # noqa: ARG002
            return Foreseen(CACHED_SECONDS / config.epochs, 0.0, 1)

    asked = TrialConfig(width=4, epochs=3)
    assert Cached(series, "best", "cpu", -5.0, lambda _: None).shortened(asked, 0, "STID")[0] == asked


def test_of_a_training_that_goes_on_only_the_rest_has_to_fit(series: SplitSeries) -> None:
    """With another number of epochs it would be another training, which has all its epochs before it."""

    class Begun(Timed):
        def foreseen(self, config: TrialConfig, seed: int) -> Foreseen:  # noqa: ARG002
            return Foreseen(float(config.width), 1.0, 1, done_epochs=8)

    asked = TrialConfig(width=32, epochs=12)
    for seconds, width, epochs in ((4 * 32 + 1.0, 32, 12), (4 * 32.0, 16, 7)):
        config, _ = Begun(series, "best", "cpu", seconds, lambda _: None).shortened(asked, 0, "teacher")
        assert (config.width, config.epochs) == (width, epochs)


def test_a_training_says_its_time_first_then_its_epochs_error_and_time_left(
    series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the cache holds says so, and has no epochs."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path))
    events, said, asked = list[TrainingEvent](), list[str](), TrialConfig(family="stid", width=4, epochs=3)
    for _ in range(2):
        one = Trainer(series, "best", "cpu", time.monotonic() + 600, said.append, events.append)
        _, record = one.trained(asked, 0, one.foreseen(asked, 0), None, "teacher")
    assert re.fullmatch(r"teacher: training takes about \d+ s, and the budget has 10 min for it", said[0])
    assert said[1:] == ["teacher: taking it from the cache"]
    assert [(one.name, one.epoch) for one in events] == [
        ("stid-4", 0),
        *(("teacher", epoch) for epoch in range(4)),
    ]
    assert [one.seconds_left is None for one in events] == [True, *[False] * 4]
    assert events[0].error is events[1].error is None
    assert events[-1].error == record.curve[-1].val_errors["mae"]
    assert events[-1].seconds_left == 0
