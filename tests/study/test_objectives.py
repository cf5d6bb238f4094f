import math
from collections.abc import Callable

import pytest

from kdsearch.record import Baseline, Cost, Role, TrialRecord
from kdsearch.study.objectives import OBJECTIVES, reference_point


def test_each_objective_reads_its_own_number(record: Callable[..., TrialRecord]) -> None:
    """Errors come from the validation split over the whole horizon, latency is the median at batch 1."""
    full = record({"route": "student"}, 7, 4.0)
    errors = {"mae": {"all": 1.0}, "rmse": {"all": 2.0}, "mape": {"all": 3.0}}
    full = full.model_copy(update={"metrics": {"val": errors, "test": {"mae": {"all": 99.0}}}})
    values = {name: objective.read(full) for name, objective in OBJECTIVES.items()}
    assert values == {"mae": 1, "rmse": 2, "mape": 3, "latency": 2, "flops": 1000, "params": 100, "stored": 120}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_that_was_not_measured_is_nan(name: str) -> None:
    """A trial that failed early has no numbers, and asking for them is no error."""
    assert math.isnan(OBJECTIVES[name].read(TrialRecord(state="FAIL", route="prune", params={}, seed=1)))


def test_the_reference_point_is_where_a_network_has_no_claim() -> None:
    """The better baseline's error and the teacher's cost; unknown where one of them was not measured."""

    def line(role: Role, error: float, parameters: int | None) -> Baseline:
        cost = None if parameters is None else Cost(parameters=parameters, stored_numbers=0, flops=1, product_flops=1)
        return Baseline(name=role, role=role, metrics={"val": {"mae": {"all": error}}}, cost=cost)

    baselines = [line("naive", 24.0, None), line("naive", 20.0, 5), line("teacher", 14.0, 300)]
    assert reference_point(["mae", "params"], baselines) == [20.0, 300.0]
    assert reference_point(["params", "mae"], baselines) == [300.0, 20.0]
    assert reference_point(["rmse", "params"], baselines) is None
    assert reference_point(["mae", "latency"], baselines) is None
    assert reference_point(["mae", "params"], baselines[:2]) is None
