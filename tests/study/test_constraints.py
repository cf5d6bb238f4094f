"""Limits: their notation, their absolute values, and the distance of a record beyond them."""

import math
from collections.abc import Callable

import pytest

from kdsearch.costs import Cost, Latency
from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES, Objective
from kdsearch.record import Baseline, TrialRecord
from kdsearch.study.constraints import Constraint, parse_constraints, shown_in_dashboard, violations
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore
from tests.restored import tables_restored

TEACHER = Baseline(
    name="teacher",
    role="teacher",
    metrics={"val": {"mae": {"all": 14.0}, "rmse": {"all": 20.0}}},
    cost=Cost(
        parameters=300_000,
        stored_numbers=450_000,
        flops=10**9,
        product_flops=9 * 10**8,
        file_bytes=1_200_000,
        latency_ms=Latency(p2=3.8, p50=4.0, p95=5.0, batch=1, threads=1, device="cpu", repeats=10),
    ),
)


@pytest.mark.parametrize(
    ("text", "limit", "canonical"),
    [
        ("params<=3%", 9_000, "params<=3%"),
        (" params <= 3.50 % ", 10_500, "params<=3.5%"),
        ("params<=10k", 10_000, "params<=10000"),
        ("params<=123456789parameters", 123_456_789, "params<=123456789"),
        ("flops<=5M", 5e6, "flops<=5000000"),
        ("flops<=1.5GFLOP", 1.5e9, "flops<=1500000000"),
        ("flops<=2e6", 2e6, "flops<=2000000"),
        ("stored<=50%", 225_000, "stored<=50%"),
        ("bytes<=40kB", 40_000, "bytes<=40000"),
        ("bytes<=.1MB", 100_000, "bytes<=100000"),
        ("bytes<=5%", 60_000, "bytes<=5%"),
        ("latency<=2ms", 2.0, "latency<=2"),
        ("latency<=.5", 0.5, "latency<=0.5"),
        ("latency<=25%", 1.0, "latency<=25%"),
        ("mae<=15", 15.0, "mae<=15"),
        ("mae<=103%", 14.42, "mae<=103%"),
        ("rmse<=110%", 22.0, "rmse<=110%"),
        ("mape<=12", 12.0, "mape<=12"),
    ],
)
def test_a_limit_is_read_with_its_unit_and_resolved_against_the_teacher(
    text: str, limit: float, canonical: str
) -> None:
    """Written differently, it is the same limit; reading what is written gives it back."""
    constraint = Constraint.parse(text)
    assert str(constraint) == canonical
    assert Constraint.parse(canonical) == constraint
    resolved = constraint.resolve(TEACHER)
    assert resolved.limit == pytest.approx(limit)
    assert not resolved.of_teacher


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("params<3%", "is not NAME<=NUMBER"),
        ("params>=3%", "is not NAME<=NUMBER"),
        ("size<=3", "with a NAME of mae, rmse, mape"),
        ("params<=three", "write params<=3%"),
        ("", "is not NAME<=NUMBER"),
        ("params<=-3", "is not NAME<=NUMBER"),
        ("params<=0", "needs a number above 0"),
        ("params<=1e999", "needs a number above 0, and below infinity"),
        ("latency<=2s", "has the unit 's'; after the number of latency comes ms, or %"),
        ("latency<=2kms", "after the number of latency comes ms"),
        ("params<=3m", "comes nothing, k, M or G, then parameters"),
        ("mae<=15km/h", "after the number of mae comes nothing, or %"),
        ("mape<=12%", "write mape<=12 for the first, or limit another objective"),
    ],
)
def test_what_is_no_limit_is_refused_with_the_remedy(text: str, words: str) -> None:
    """One sentence with what was typed."""
    with pytest.raises(StudyError) as caught:
        Constraint.parse(text)
    assert words in str(caught.value)
    assert repr(text) in str(caught.value)


def test_limits_are_in_one_order_and_one_for_each_quantity() -> None:
    """The order in which they were typed is no part of a study's identity."""
    assert [str(one) for one in parse_constraints(["params<=3%", "mae<=15"])] == ["mae<=15", "params<=3%"]
    with pytest.raises(StudyError, match="limits params more than once, by params<=3% and params<=10000"):
        parse_constraints(["params<=3%", "params<=10k"])


def test_a_share_of_an_unknown_teacher_is_refused() -> None:
    """Absolute limits need no teacher; relative ones need the very quantity."""
    assert Constraint.parse("params<=9k").resolve(None).limit == 9_000
    for teacher in (None, TEACHER.model_copy(update={"cost": None})):
        with pytest.raises(StudyError, match="share of the teacher's params, which is not known"):
            Constraint.parse("params<=3%").resolve(teacher)
    with pytest.raises(ValueError, match="resolve it first"):
        Constraint.parse("params<=3%").violation(TEACHER)


def test_a_violation_is_the_distance_beyond_the_limit_as_a_fraction_of_it(record: Callable[..., TrialRecord]) -> None:
    """The limit itself is kept; what was not measured is not known."""
    measured = record({"route": "prune"}, 7, 4.0)  # 100 parameters, 2 ms
    assert Constraint("params", 80).violation(measured) == pytest.approx(0.25)
    assert Constraint("params", 100).violation(measured) == 0
    assert Constraint("latency", 4.0).violation(measured) == pytest.approx(-0.5)
    assert math.isnan(Constraint("rmse", 4.0).violation(measured))


def test_costs_are_judged_before_training_and_errors_only_at_the_end(record: Callable[..., TrialRecord]) -> None:
    """The error of a trial that was stopped half-way is not the error of its configuration."""
    limits = parse_constraints(["params<=80", "mae<=3", "latency<=2", "rmse<=1"])
    assert {one.name for one in limits if one.known_before_training} == {"params", "latency"}
    complete = record({"route": "prune"}, 7, 4.0)
    assert violations(limits, complete) == {
        "mae": pytest.approx(1 / 3),
        "latency": pytest.approx(0),
        "params": pytest.approx(0.25),
    }
    assert violations(limits, complete.model_copy(update={"state": "PRUNED"})).keys() == {"latency", "params"}
    untrained = TrialRecord(state="PRUNED", route="prune", params={}, seed=0, cost=complete.cost)
    assert violations(limits, untrained).keys() == {"latency", "params"}
    assert violations(limits, untrained.model_copy(update={"cost": None})) == {}


def test_the_dashboard_is_given_the_worst() -> None:
    """One number is above 0 exactly where a limit is broken."""
    assert shown_in_dashboard({"params": -0.5, "latency": 0.1}) == [0.1]
    assert shown_in_dashboard({}) == []


def test_limits_of_a_study_are_absolute(store: StudyStore, url: str, meta: StudyMeta) -> None:
    """Relative limits need the teacher's baseline; a study without limits needs nothing."""
    assert store.limits() == []
    limited = StudyStore.create(url, meta.model_copy(update={"study": "limited", "constraints": ["params<=3%"]}))
    with pytest.raises(StudyError, match="which is not known; give an absolute limit"):
        limited.limits()
    limited.save_baseline(TEACHER)
    (limit,) = limited.limits()
    assert (limit.name, limit.of_teacher) == ("params", False)
    assert limit.limit == pytest.approx(9_000)
    limited.close()


def test_units_of_the_users_own_rows_are_read_from_them() -> None:
    """A unit may begin like a thousand; per cent of a row that is itself in per cent is refused."""
    with tables_restored():
        for name, unit, counted in (("macs", "MAC", True), ("energy", "mJ", False), ("load", "%", False)):
            OBJECTIVES.add(Objective(name, unit, "one of mine", read=lambda _record: 1.0, counted=counted))
        texts = ["macs<=5MAC", "macs<=5kMAC", "macs<=5M", "energy<=2mJ", "energy<=80%", "load<=12"]
        parsed = [str(Constraint.parse(text)) for text in texts]
        assert parsed == ["macs<=5", "macs<=5000", "macs<=5000000", "energy<=2", "energy<=80%", "load<=12"]
        with pytest.raises(StudyError, match="write load<=12 for the first, or limit another objective"):
            Constraint.parse("load<=12%")
        with pytest.raises(StudyError, match="after the number of energy comes mJ, or %"):
            Constraint.parse("energy<=2kmJ")
