"""A study in one object, read from a real database."""

import itertools
import json
import subprocess
import sys

import pytest
from optuna.trial import TrialState, create_trial

from kdsearch.costs import Cost
from kdsearch.errors import StudyError
from kdsearch.record import Confirmation, Metrics, Training, TrainingKind, TrialRecord
from kdsearch.report.confirmed import confirmed_of
from kdsearch.report.front import log_hypervolume
from kdsearch.report.numbers import mae
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.store import StudyStore


def trial_dominates(summary: StudySummary, one: int, other: int) -> bool:
    """Whether one complete trial is no worse in every objective and better in one."""
    a, b = summary.trials[one].objectives, summary.trials[other].objectives
    return all(a[name] <= b[name] for name in a) and a != b


def metrics_with(**errors: float) -> Metrics:
    """One mean absolute error for each split."""
    return {split: {"mae": {"all": value}} for split, value in errors.items()}


def trained(errors: dict[int, float], kind: TrainingKind = "further") -> list[Training]:
    """One training of a kind by seed."""
    return [
        Training(number=0, seed=seed, kind=kind, metrics=metrics_with(val=value, test=value))
        for seed, value in errors.items()
    ]


def test_json_has_the_promised_keys(confirmed: StudyStore) -> None:
    """`show --json` prints one object with the names that scripts rely on, and no learning curves."""
    shown = json.loads(summarise(confirmed).model_dump_json())
    assert {"study", "dataset", "protocol", "objectives", "trials", "front", "knee", "references"} <= shown.keys()
    assert shown["objectives"][1] == {"name": "latency", "unit": "ms", "direction": "minimize"}
    trial = shown["trials"][shown["knee"]]
    wanted = "number state reason route params objectives metrics cost twin_of feasible on_front confirmed"
    assert trial.keys() == {*wanted.split(), "violations", "cpu_seconds", "baseline"}
    assert {"parameters", "flops", "latency_ms", "latency_ratio"} <= trial["cost"].keys()
    assert {"p50", "p95"} <= trial["cost"]["latency_ms"].keys()
    assert trial["metrics"]["val"]["mae"].keys() == {"15", "30", "45", "all"}
    assert {"name", "metrics", "cost"} <= shown["references"][0].keys()
    assert StudySummary.model_validate(shown).front == shown["front"]


def test_front_is_of_complete_trials(searched: StudyStore) -> None:
    """The front holds the complete trials that no other dominates, best error first; the knee is one of them."""
    summary = summarise(searched)
    complete = [trial.number for trial in summary.trials if trial.state == "COMPLETE"]
    for number in complete:
        beaten = any(trial_dominates(summary, other, number) for other in complete)
        assert (number in summary.front) != beaten
        assert summary.trials[number].on_front != beaten
    errors = [trial.objectives["mae"] for trial in summary.front_trials]
    assert errors == sorted(errors)
    assert summary.knee in summary.front
    assert all(not trial.objectives for trial in summary.trials if trial.state != "COMPLETE")


def test_trials_outside_the_limits_are_not_on_the_front(searched: StudyStore) -> None:
    """A trial that is better than all and breaks a limit is shown and never on the front."""
    before = summarise(searched)
    best = before.trials[before.front[0]]
    values = list(best.objectives.values())
    outside = create_trial(state=TrialState.COMPLETE, values=values, constraints={"params": 1.0})
    searched.optuna_study.add_trial(outside)
    number = len(before.trials)
    better = metrics_with(val=1.0)
    record = TrialRecord(state="COMPLETE", route="student", params={}, seed=0, metrics=better, cost=best.cost)
    searched.save_record(number, record, None)
    after = summarise(searched)
    assert after.front == before.front
    assert not after.trials[number].feasible


def test_a_limited_study_has_its_front_inside_the_limits(limited: StudyStore) -> None:
    """Feasible is what keeps every limit by the numbers shown; the front is the best of that alone."""
    summary = summarise(limited)
    assert [(one.text, one.limit) for one in summary.limits] == [
        ("mae<=110%", pytest.approx(1.1 * 14.2)),
        ("latency<=3", 3.0),
        ("params<=10%", pytest.approx(29_881)),
    ]
    complete = [trial for trial in summary.trials if trial.state == "COMPLETE"]
    for trial in complete:
        assert trial.cost is not None
        assert trial.cost.latency_ms is not None
        kept = mae(trial.metrics) <= 15.62 and trial.cost.latency_ms.p50 <= 3 and trial.cost.parameters <= 29_881
        assert trial.feasible == kept
        assert trial.violations["latency"] == pytest.approx(trial.cost.latency_ms.p50 / 3 - 1)
    feasible = [trial.number for trial in complete if trial.feasible]
    assert 0 < len(feasible) < len(complete)
    for number in feasible:
        beaten = any(trial_dominates(summary, other, number) for other in feasible)
        assert (number in summary.front) != beaten
    assert set(summary.front) <= set(feasible)
    stopped = [trial for trial in summary.trials if trial.state == "PRUNED"]
    assert {name for trial in stopped for name in trial.violations} == {"latency", "params"}
    assert all(trial.violations == {} for trial in summary.trials if trial.state == "FAIL")


def test_limits_given_afterwards_choose_among_the_same_trials(limited: StudyStore) -> None:
    """The tighter of two holds, front and words follow, and the study keeps its own limits."""
    own, asked = summarise(limited), ["params<=20k", "latency<=5ms", "rmse<=120%"]
    later = summarise(limited, constraints=asked)
    assert [(one.text, one.afterwards) for one in later.limits] == [
        ("mae<=110%", False),
        ("rmse<=120%", True),
        ("latency<=3", False),
        ("params<=20000", True),
    ]
    kept = {trial.number for trial in own.trials if trial.feasible and trial.cost and trial.cost.parameters <= 20_000}
    assert 0 < len(kept) < sum(trial.feasible for trial in own.trials)
    assert {trial.number for trial in later.trials if trial.feasible and trial.state == "COMPLETE"} <= kept
    assert later.front
    assert set(later.front) <= kept
    assert f"trial {later.knee} (" in later.answer
    assert any("params at most 20,000 parameters (given afterwards)" in sentence for sentence in later.notes)
    assert summarise(limited) == own
    nothing = summarise(limited, constraints="params<=1")
    assert (nothing.front, nothing.knee) == ([], None)
    assert "no front yet" in nothing.answer


def test_a_limit_on_what_no_trial_holds_is_refused(searched: StudyStore) -> None:
    with pytest.raises(
        StudyError, match=r"^--constraint wape<=9 limits wape, which no trial .* holds; limit one of ma"
    ):
        summarise(searched, constraints=["wape<=9"])
    with pytest.raises(StudyError, match="is not NAME<=NUMBER"):
        summarise(searched, constraints=["size<=9"])


def test_a_limit_waits_for_trials_and_a_share_for_a_teacher(empty_store: StudyStore) -> None:
    with pytest.raises(StudyError, match="no trial of the study holds; wait for its first trial"):
        summarise(empty_store, constraints=["params<=9"])
    empty_store.optuna_study.add_trial(create_trial(state=TrialState.COMPLETE, values=[15.0, 3.0]))
    cost = Cost(parameters=5, stored_numbers=5, flops=1, product_flops=1)
    record = TrialRecord(state="COMPLETE", route="student", params={}, seed=0, cost=cost)
    empty_store.save_record(0, record, None)
    with pytest.raises(StudyError, match="a share of the teacher's params, which is not known; give an absolute limit"):
        summarise(empty_store, constraints=["params<=9%"])


def test_a_network_that_is_too_slow_when_confirmed_leaves_the_front(limited: StudyStore) -> None:
    """A limit holds for the latency that is shown, not for the first reading."""
    first = summarise(limited).front_trials[0]
    assert first.cost is not None
    assert first.cost.latency_ms is not None
    slow = first.cost.model_copy(update={"latency_ms": first.cost.latency_ms.model_copy(update={"p50": 3.3})})
    limited.save_confirmation(Confirmation(number=first.number, trainings=trained({1: 15.0}), cost=slow))
    after = summarise(limited)
    assert first.number not in after.front
    assert after.trials[first.number].violations["latency"] == pytest.approx(0.1)


def test_weights_replace_the_knee(searched: StudyStore) -> None:
    """All the weight on an objective chooses its end of the front, and the answer says what chose."""
    summary = summarise(searched)
    assert (summary.weights, summary.rule, summary.chosen_word) == (None, "the knee", "knee")
    by_error, by_latency = (summarise(searched, prefer) for prefer in ("mae=1e9", "latency=1e9"))
    assert by_error.knee == summary.front[0]
    assert by_latency.knee == summary.front[-1]
    assert by_error.front == summary.front
    assert by_error.weights == {"mae": 1e9, "latency": 1.0}
    assert summarise(searched, "mae=2").rule == "your weights mae 2, latency 1"
    chosen = summarise(searched, "mae=2")
    assert chosen.answer.startswith(
        f"By your weights mae 2, latency 1 the choice from the front is trial {chosen.knee} (stgcn, "
    )
    with pytest.raises(StudyError, match="weighs 'params', and the study's objectives are mae, latency"):
        summarise(searched, "params=2")


def test_hypervolume_is_that_of_the_front_and_its_history_never_falls(limited: StudyStore) -> None:
    """One point for each finished trial; the last one is the study's, infeasible trials add nothing."""
    summary = summarise(limited)
    values = [list(trial.objectives.values()) for trial in summary.front_trials]
    assert summary.reference_point == [17.4, 21.4]
    assert summary.hypervolume == pytest.approx(log_hypervolume(values, summary.reference_point, [False, True]))
    history = summary.hypervolume_history
    volumes = [point.hypervolume for point in history]
    assert volumes == sorted(volumes)
    assert summary.hypervolume == volumes[-1] > 0
    assert [(point.trial, point.finished) for point in history] == [(number, number + 1) for number in range(30)]
    assert history[-1].cpu_seconds == pytest.approx(30 * 10.5)
    rising = [two.trial for one, two in itertools.pairwise(history) if two.hypervolume > one.hypervolume]
    assert all(summary.trials[number].feasible for number in rising)
    shown = json.loads(summary.model_dump_json())
    assert shown["hypervolume"] == summary.hypervolume
    assert shown["hypervolume_history"][0].keys() == {"trial", "finished", "cpu_seconds", "hypervolume"}


def test_a_study_without_a_reference_point_has_no_hypervolume(searched: StudyStore) -> None:
    """A study from before it was stored still has its report."""
    searched.meta = searched.meta.model_copy(update={"reference_point": None})
    summary = summarise(searched)
    assert (summary.hypervolume, summary.hypervolume_history) == (None, [])


def test_confirmation_replaces_first_readings(searched: StudyStore) -> None:
    """A confirmation gives the latency and the test error; the validation error stays the search's."""
    before = summarise(searched).front_trials[0]
    assert before.cost is not None
    assert before.cost.latency_ms is not None
    slow = before.cost.latency_ms.model_copy(update={"p50": 1e6})
    cost = before.cost.model_copy(update={"latency_ms": slow})
    trainings = trained({1: 14.0, 2: 15.0, 3: 16.0})
    searched.save_confirmation(Confirmation(number=before.number, trainings=trainings, cost=cost))
    after = summarise(searched).trials[before.number]
    assert after.objectives == {"mae": before.objectives["mae"], "latency": 1e6}
    assert after.cost == cost
    assert mae(after.metrics) == mae(before.metrics)
    assert mae(after.metrics, split="test") == 15.0
    assert after.confirmed is not None
    assert mae(after.confirmed.standard_deviation, split="test") == pytest.approx(1.0)
    assert after.confirmed.twin is None


def test_one_seed_has_no_spread(searched: StudyStore) -> None:
    """The standard deviation of one seed is unknown, not zero."""
    first = summarise(searched).front_trials[0]
    assert first.cost is not None
    searched.save_confirmation(Confirmation(number=first.number, trainings=trained({1: 15.0}), cost=first.cost))
    confirmed = summarise(searched).trials[first.number].confirmed
    assert confirmed is not None
    assert confirmed.standard_deviation == {}


def test_twins_are_compared_seed_by_seed(confirmed: StudyStore) -> None:
    """The gain of distillation is the median of paired differences, positive where the teacher helped."""
    twins = [trial.confirmed.twin for trial in summarise(confirmed).front_trials if trial.confirmed is not None]
    distilled = [twin for twin in twins if twin is not None]
    assert distilled
    assert distilled[0].differences["test"] == pytest.approx([0.15, 0.18, 0.21])
    assert distilled[0].mean_difference["val"] == pytest.approx(0.18)


def test_twins_of_equal_epochs_and_of_equal_seconds_are_kept_apart(confirmed: StudyStore) -> None:
    """Each has its epochs, its CPU seconds without measuring, and what share of the network's these are."""
    both = [trial.confirmed for trial in summarise(confirmed).front_trials if trial.confirmed is not None]
    network = next(one for one in both if one.twin is not None)
    assert network.twin is not None
    assert network.cpu_twin is not None
    assert (network.epochs, network.twin.epochs, network.cpu_twin.epochs) == (30, 30, 45)
    assert (network.cpu_seconds, network.cpu_twin.cpu_seconds) == ([98.0] * 3, [100.0] * 3)
    assert (network.twin.cpu_share, network.cpu_twin.cpu_share) == (60 / 98, 100 / 98)
    assert network.cpu_twin.differences["test"] == pytest.approx([0.075, 0.105, 0.135])


def test_pairs_are_of_the_seeds_that_both_have(searched: StudyStore) -> None:
    """A failed twin leaves the network's own mean alone, and its reason is there to be read."""
    first = summarise(searched).front_trials[0]
    assert first.cost is not None
    failed = Training(number=first.number, seed=2, kind="twin", reason="killed")
    trainings = [*trained({1: 14.0, 2: 15.0, 3: 16.0}), *trained({1: 14.5, 3: 16.1}, "twin"), failed]
    searched.save_confirmation(Confirmation(number=first.number, asked_seeds=4, trainings=trainings, cost=first.cost))
    confirmed = summarise(searched).trials[first.number].confirmed
    assert confirmed is not None
    assert confirmed.twin is not None
    assert (confirmed.seeds, confirmed.asked_seeds, confirmed.twin.seeds) == ([1, 2, 3], 4, [1, 3])
    assert mae(confirmed.mean, split="test") == 15.0
    assert confirmed.twin.differences["test"] == pytest.approx([0.5, 0.1])
    assert confirmed.failed == [failed]


def test_a_confirmation_of_an_older_study_is_read() -> None:
    """Errors by seed and those of twins of the same epochs, without epochs and seconds."""
    cost = {"parameters": 1, "stored_numbers": 1, "flops": 1, "product_flops": 1}
    errors = [metrics_with(test=value) for value in (14.0, 15.0, 14.5, 15.1)]
    older = {"number": 5, "asked_seeds": 3, "seeds": [0, 2], "metrics": errors[:2], "twin_metrics": errors[2:]}
    confirmation = Confirmation.model_validate_json(json.dumps(older | {"cost": cost}))
    confirmed = confirmed_of(confirmation)
    assert (confirmed.seeds, confirmed.asked_seeds, confirmed.epochs) == ([0, 2], 3, None)
    assert confirmed.twin is not None
    assert confirmed.twin.differences["test"] == pytest.approx([0.5, 0.1])
    assert confirmed.cpu_twin is None
    assert Confirmation.model_validate(confirmation.model_dump()) == confirmation


def test_a_study_without_trials(empty_store: StudyStore) -> None:
    """A study of which nothing has run has no front, no knee, and says so."""
    summary = summarise(empty_store)
    assert (summary.front, summary.knee, summary.trials) == ([], None, [])
    assert "no front yet" in summary.answer


def test_a_trial_that_never_came_back(empty_store: StudyStore) -> None:
    """A running trial has no record; it is listed with its state."""
    empty_store.optuna_study.add_trial(create_trial(state=TrialState.RUNNING))
    (trial,) = summarise(empty_store).trials
    assert (trial.state, trial.cost, trial.metrics) == ("RUNNING", None, {})


def test_an_error_that_is_not_finite_is_not_on_the_front(empty_store: StudyStore) -> None:
    """A complete trial without a finite objective is listed and never on the front."""
    empty_store.optuna_study.add_trial(create_trial(state=TrialState.COMPLETE, values=[1.0, 1.0]))
    record = TrialRecord(state="COMPLETE", route="student", params={}, seed=0)
    empty_store.save_record(0, record, None)
    summary = summarise(empty_store)
    assert summary.front == []
    assert json.loads(summary.model_dump_json())["trials"][0]["objectives"]["mae"] is None


def test_reading_needs_no_torch() -> None:
    """A report opens on a machine without torch and ray, and importing it does not load plotly."""
    imports = "import sys, kdsearch.report.page.page, kdsearch.report.summary"
    code = f"{imports}; print({{'torch', 'ray', 'plotly'}} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
