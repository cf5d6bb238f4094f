"""Claims on the arms of a study, at equal epochs and at equal CPU seconds."""

import json
import math

import pytest

from kdsearch.costs import Cost
from kdsearch.record import Training, TrainingKind
from kdsearch.report.verdicts import corrected
from kdsearch.reproduce.arms import Arm, Claim, Row
from kdsearch.reproduce.claims import claim_lines
from kdsearch.reproduce.results import ArmResult, Kind, claim_outcomes, longer, row_metrics

COST = Cost(parameters=1, stored_numbers=1, flops=1, product_flops=1)


def training(seed: int, error: float, seconds: float = 10.0, kind: TrainingKind = "own") -> Training:
    """Make a training with the same error at all horizons."""
    metrics = {part: {"mae": {"15": error, "all": error}} for part in ("val", "test")}
    return Training(number=0, seed=seed, kind=kind, seconds={"train": seconds, "measure": 99.0}, metrics=metrics)


def result(name: str, *, epochs: int = 10, seconds: float = 10.0, **errors: list[float]) -> ArmResult:
    """Make the result of an arm from the errors of seeds 0, 1, 2 by kind."""
    kinds: dict[str, Kind] = {"own": "own", "twin": "twin", "long": "cpu-twin"}
    runs = {
        kinds[kind]: {seed: training(seed, error, seconds) for seed, error in enumerate(values)}
        for kind, values in errors.items()
    }
    return ArmResult(Arm(name, "", {"epochs": epochs}), COST, runs)


def test_against_no_distillation_an_arm_is_compared_with_its_twins() -> None:
    """Those of the same epochs may be worse where those of the same seconds are better."""
    arm = result("ord", own=[3.0, 3.1, 3.2], twin=[3.2, 3.3, 3.41], long=[2.9, 3.0, 3.11])
    found = claim_outcomes(Claim("it helps", ("ord",)), {"ord": arm})
    assert corrected([found["epochs"]])[0].verdict == "held"
    assert found["epochs"].gains == pytest.approx([0.2, 0.2, 0.21])
    assert corrected([found["seconds"]])[0].verdict == "not held"


def test_several_arms_count_by_their_mean_seed_by_seed() -> None:
    """A seed that one of them lacks is left out."""
    better = {"tcd": result("tcd", own=[1.0, 2.0, 3.0]), "scd": result("scd", own=[2.0, 3.0])}
    worse = {"ord": result("ord", own=[2.0, 2.0, 2.0])}
    found = claim_outcomes(Claim("features win", ("tcd", "scd"), ("ord",)), better | worse)
    assert found["epochs"].gains == pytest.approx([0.5, -0.5])


def test_at_equal_seconds_the_other_side_is_the_arm_that_trained_as_long() -> None:
    """Where there is no such arm, the other side takes no less time as it is."""
    results = {"stcd": result("stcd", own=[2.0, 2.0, 2.1]), "ord": result("ord", own=[3.0, 3.0, 3.0])}
    claim = Claim("stcd wins", ("stcd",), ("ord",))
    assert claim_outcomes(claim, results)["seconds"] == claim_outcomes(claim, results)["epochs"]
    long = {"ord for stcd": result("ord for stcd", own=[1.0, 1.0, 1.0])}
    assert corrected([claim_outcomes(claim, results | long)["seconds"]])[0].verdict == "not held"
    assert corrected([claim_outcomes(claim, results | long)["epochs"]])[0].verdict == "held"


def test_a_claim_of_an_arm_that_is_not_there_is_no_claim() -> None:
    """The same holds for an arm that failed."""
    failed = ArmResult(Arm("scd", "", {"epochs": 1}), None, reason="it diverged")
    assert claim_outcomes(Claim("", ("scd",)), {"scd": failed}) == {}
    assert claim_outcomes(Claim("", ("scd",)), {}) == {}


def test_a_longer_arm_has_the_epochs_that_the_seconds_allow() -> None:
    """Measuring is not counted; an arm that is not faster stays as it is."""
    fast, slow = result("ord", own=[1.0], seconds=10.0), result("stcd", own=[1.0], seconds=25.0)
    made = longer([slow], fast)
    assert made is not None
    assert (made.name, made.params["epochs"]) == ("ord for stcd", 25)
    assert longer([fast], slow) is None


def test_a_row_of_a_twin_shows_the_twins() -> None:
    """Seed by seed; a missing arm has no metrics."""
    arm = result("pruned-25", own=[1.0, 1.0], twin=[2.0, 2.0])
    rows = [Row("", "pruned-25", "", "twin"), Row("", "pruned-50", "")]
    shown = [row_metrics(row, {"pruned-25": arm}, []) for row in rows]
    assert [len(one) for one in shown] == [2, 0]
    assert shown[0][0]["test"]["mae"]["all"] == 2.0


def test_lines_of_claims_are_json_whatever_happened() -> None:
    """A training that diverged, a single pair and an exact tie have a reason and no share."""
    arms = {
        "diverged": result("diverged", own=[1.0, math.nan], twin=[1.0, 1.1], long=[1.0, 1.1]),
        "single": result("single", own=[1.0], twin=[1.1], long=[1.1]),
        "tied": result("tied", own=[1.0, 1.0], twin=[1.0, 1.0], long=[1.0, 1.0]),
        "fine": result("fine", own=[1.0, 1.1, 1.2], twin=[1.2, 1.3, 1.41], long=[1.2, 1.3, 1.41]),
    }
    lines = claim_lines([Claim(name, (name,)) for name in arms], arms)
    reasons = {line.claim: line.judgement.reason for line in lines}
    assert reasons == {
        "diverged": "an error is not finite",
        "single": "1 pair of seeds",
        "tied": "an exact tie",
        "fine": "",
    }
    assert [line.judgement.share is None for line in lines] == [True] * 6 + [False] * 2
    json.dumps([line.model_dump() for line in lines], allow_nan=False)
