import math

import pytest

from kdsearch.costs import Cost, Latency
from kdsearch.errors import SpaceError, StudyError
from kdsearch.measure.objectives import OBJECTIVES, Objective, reference_point
from kdsearch.record import Baseline, Role, TrialRecord


def test_each_objective_reads_its_own_number() -> None:
    """Errors come from the validation split over the whole horizon, latency is the median at batch 1."""
    latency = Latency(p50=2.0, p95=3.0, p2=1.5, batch=1, threads=1, device="cpu", repeats=9)
    counts = {"parameters": 100, "stored_numbers": 120, "flops": 1000, "product_flops": 900, "file_bytes": 5000}
    cost = Cost(**counts, latency_ms=latency)
    errors = {"mae": {"all": 1.0}, "rmse": {"all": 2.0}, "mape": {"all": 3.0}, "wape": {"all": 4.0}}
    metrics = {"val": errors, "test": {"mae": {"all": 99.0}}}
    full = TrialRecord(state="COMPLETE", route="student", params={}, seed=7, metrics=metrics, cost=cost)
    values = {"mae": 1, "rmse": 2, "mape": 3, "wape": 4, "latency": 2, "flops": 1000, "params": 100, "stored": 120}
    values["bytes"] = 5000
    assert {name: OBJECTIVES[name].value(full) for name in values} == values


def test_a_cost_of_the_users_own_is_read_where_it_was_measured() -> None:
    """From what `measured_costs` kept, by its name; unknown before it was measured."""
    energy = Objective("energy", "mJ", "of one forecast", measure=lambda _subject, _horizon: 1.0)
    cost = Cost(parameters=1, stored_numbers=1, flops=1, product_flops=1, measured={"energy": 2.5})
    record = TrialRecord(state="COMPLETE", route="student", params={}, seed=0, cost=cost)
    assert energy.value(record) == 2.5
    assert math.isnan(energy.value(record.model_copy(update={"cost": cost.model_copy(update={"measured": {}})})))


def test_an_objective_that_is_half_done_is_refused_when_it_is_made() -> None:
    with pytest.raises(StudyError, match="the objective 'energy' needs read, or measure"):
        Objective("energy", "mJ", "of one forecast")
    with pytest.raises(SpaceError, match=r"the objective 'energy' needs a function of \(subject, horizon\)"):
        Objective("energy", "mJ", "of one forecast", measure=lambda: 1.0)  # type: ignore[arg-type, misc]
    with pytest.raises(StudyError, match="the objective 'energy' is an error, and measure is for costs"):
        Objective("energy", "mJ", "of one forecast", is_error=True, measure=lambda _subject, _horizon: 1.0)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_that_was_not_measured_is_nan(name: str) -> None:
    """A trial that failed early has no numbers, and asking for them is no error."""
    assert math.isnan(OBJECTIVES[name].value(TrialRecord(state="FAIL", route="prune", params={}, seed=1)))


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
