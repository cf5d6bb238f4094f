"""Schedules and optimisers are rows: one that is half there is refused, and only foreseeable curves are foreseen."""

from typing import Any

import pytest

from kdsearch.errors import SpaceError
from kdsearch.training.optimisers import Optimiser
from kdsearch.training.plan import Plan
from kdsearch.training.schedules import SCHEDULES, Schedule


@pytest.mark.parametrize("kind", [Schedule, Optimiser])
@pytest.mark.parametrize(("sentence", "function"), [("", lambda *_: 1.0), ("as it is", None), ("as it is", lambda: 1)])
def test_a_row_that_is_half_there_is_refused_when_it_is_made(kind: Any, sentence: str, function: Any) -> None:
    with pytest.raises(SpaceError, match=f"the {kind.__name__.lower()} 'half' needs a "):
        kind("half", sentence, function)


def test_a_rate_that_falls_to_zero_at_the_end_is_foreseeable_and_others_are_not() -> None:
    for schedule in SCHEDULES.values():
        assert (schedule.rate(1.0, 999, 1000, 9) < 1e-4) == schedule.foreseeable


def test_a_plan_has_no_rate_by_a_schedule_without_a_row() -> None:
    with pytest.raises(SpaceError, match="there is no schedule 'linear'; choose one of cosine, staircase, constant"):
        Plan(epochs=1, learning_rate=1.0, schedule="linear").rate(0, 1, 0)
