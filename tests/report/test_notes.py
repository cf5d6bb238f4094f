"""The sentences of a report."""

from kdsearch.record import Cost, Metrics, Reference
from kdsearch.report import notes
from kdsearch.report.summary import Confirmed, TrialSummary, Twin, summarise
from kdsearch.study.store import StudyStore


def metrics(*errors: float) -> Metrics:
    """Validation MAE at 15, 30 and 45 minutes and their mean."""
    by_horizon = dict(zip(("15", "30", "45"), errors, strict=True))
    return {"val": {"mae": {**by_horizon, "all": sum(errors) / 3}}}


def cost(parameters: int) -> Cost:
    """A cost of which only the size matters."""
    return Cost(parameters=parameters, stored_numbers=parameters, flops=1, product_flops=1)


def trial(number: int, parameters: int, error: float, route: str = "student", **params: str) -> TrialSummary:
    """A finished trial with the same error at every horizon."""
    return TrialSummary(
        number=number,
        state="COMPLETE",
        reason=None,
        route=route,
        params=params,
        objectives={},
        metrics=metrics(error, error, error),
        cost=cost(parameters),
        feasible=True,
    )


TEACHER = Reference(name="teacher", metrics=metrics(14, 16, 18), cost=cost(100_000))
PROFILE = Reference(name="calendar profile", metrics=metrics(17, 16, 17.5))
LAST = Reference(name="last value", metrics=metrics(20, 25, 30))


def test_each_lost_horizon_is_named() -> None:
    """The teacher loses where it is not better, ties included."""
    assert notes.teacher_loses(TEACHER, LAST) is None
    assert notes.teacher_loses(TEACHER, PROFILE) == (
        "The teacher does not beat the calendar profile on the validation split at 30 minutes "
        "(MAE 16.00 against 16.00) and 45 minutes (MAE 18.00 against 17.50)."
    )


def test_a_worthy_teacher() -> None:
    """A teacher that beats all lines is said to; one that loses anywhere is not."""
    assert notes.teacher_wins(TEACHER, [LAST]) == (
        "The teacher beats last value at every reported horizon of the validation split."
    )
    assert notes.teacher_wins(TEACHER, [LAST, PROFILE]) is None


def test_smallest_network_near_the_teacher() -> None:
    """Among those within 3 %, the one with the fewest parameters is named, not the best."""
    trials = [trial(1, 9_000, 16.1), trial(2, 2_600, 16.4), trial(3, 1_000, 17.0)]
    assert notes.smallest_near_teacher(trials, TEACHER) == (
        "Within 3 % of the teacher: trial 2, 2.6 % of the teacher's parameters (2,600), "
        "validation MAE 16.40 against 16.00."
    )


def test_nothing_near_the_teacher() -> None:
    """Where no network is near, the nearest is named with its distance."""
    assert notes.smallest_near_teacher([trial(3, 1_000, 17.6)], TEACHER) == (
        "No network came within 3 % of the teacher's validation MAE (16.00); the nearest, trial 3, is 10 % above it."
    )
    assert notes.smallest_near_teacher([], TEACHER) is None


def test_what_pruning_and_the_calendar_gave() -> None:
    """The best of each kind are set side by side; one kind alone gives no sentence."""
    trials = [
        trial(1, 3_000, 15.0, input="deviation"),
        trial(2, 2_000, 15.5, route="student-prune", input="deviation"),
        trial(3, 3_000, 18.0, input="raw"),
    ]
    assert notes.pruning_gave(trials, TEACHER) == (
        "Pruning: the best pruned network has validation MAE 15.50 with 2.0 % of the teacher's parameters (trial 2), "
        "the best fresh student 15.00 with 3.0 % of the teacher's parameters (trial 1)."
    )
    calendar = notes.calendar_gave(trials)
    assert calendar is not None
    assert "15.00 (trial 1)" in calendar
    assert "18.00 (trial 3)" in calendar
    assert notes.pruning_gave(trials[:1], TEACHER) is None
    assert notes.calendar_gave(trials[:1]) is None


def test_sentences_about_the_best_say_that_only_what_is_inside_the_limits_counts() -> None:
    """A better network outside the limits is not denied."""
    outside = trial(9, 90_000, 14.0, input="raw").model_copy(update={"feasible": False})
    trials = [outside, trial(1, 3_000, 17.0, input="raw"), trial(2, 2_000, 17.5, route="prune", input="deviation")]
    assert notes.smallest_near_teacher(trials, TEACHER) == (
        "No network inside the limits came within 3 % of the teacher's validation MAE (16.00); the nearest, trial 1, "
        "is 6.2 % above it."
    )
    for sentence, start in (
        (notes.pruning_gave(trials, TEACHER), "Pruning: the best pruned network inside the limits has validation MAE"),
        (notes.calendar_gave(trials), "Calendar: the best network inside the limits that sees deviations"),
    ):
        assert sentence is not None
        assert sentence.startswith(start)


def distilled(number: int, *differences: float, route: str = "student") -> TrialSummary:
    """A confirmed network whose twin errs by so much more with each seed, the trial's own seed first."""
    spreads: list[Metrics] = [{"test": {"mae": {"all": value}}} for value in (0.01, 0.03)]
    one, other = spreads if len(differences) > 1 else ({}, {})
    mean = sum(differences) / len(differences)
    twin = Twin(
        mean={},
        standard_deviation=other,
        differences={"test": list(differences)},
        mean_difference={"test": mean},
    )
    seeds = list(range(len(differences)))
    confirmed = Confirmed(seeds=seeds, mean={}, standard_deviation=one, cost=cost(1), twin=twin)
    return trial(number, 3_000, 15.0, route).model_copy(update={"confirmed": confirmed})


def test_what_distillation_gave_with_fresh_seeds() -> None:
    """The own seed, which chose the network, is left out of the paired differences."""
    assert notes.distillation_gave([distilled(1, 0.9, 0.2, 0.1, -0.03), trial(2, 1, 15.0)]) == (
        "Distillation: with the same seeds and epochs but no teacher, the confirmed network of the front errs by "
        "0.09 MAE more on the test split (mean of 3 paired runs with fresh seeds, worse in 2); the spread between all "
        "seeds is 0.01 with and 0.03 without."
    )
    once = notes.distillation_gave([distilled(1, 0.9, -0.2)])
    assert once is not None
    assert "errs by 0.20 MAE less on the test split (one pair with a fresh seed); the spread" in once


def test_what_distillation_gave_with_the_seed_that_chose() -> None:
    """With the own seed alone the sentence says that it favours the network."""
    assert notes.distillation_gave([distilled(1, 0.2)]) == (
        "Distillation: with the same seed and epochs but no teacher, the confirmed network of the front errs by "
        "0.20 MAE more on the test split (one pair); the seed is the one that chose the network, so the comparison "
        "favours it."
    )
    assert notes.distillation_gave([distilled(1, 0.2), distilled(2, -0.1)]) == (
        "Distillation: with the same seed and epochs but no teacher, 2 confirmed networks of the front err by "
        "0.05 MAE more on the test split (mean of 2 paired runs, worse in 1); the seed is the one that chose the "
        "networks, so the comparison favours them."
    )


def test_networks_without_fresh_seeds_are_not_compared_with_those_that_have_them() -> None:
    """Where some networks have fresh seeds, the others say nothing."""
    together = notes.distillation_gave([distilled(1, 0.9, 0.2, 0.1), distilled(2, 5.0)])
    assert together == notes.distillation_gave([distilled(1, 0.9, 0.2, 0.1)])


def test_a_pruned_twin_has_no_teacher_in_its_loss() -> None:
    """What is pruned starts from trained weights, twin or not."""
    sentence = notes.distillation_gave([distilled(1, 0.9, 0.2), distilled(2, 0.9, 0.2, route="prune")])
    assert sentence is not None
    assert "but no teacher in the loss, 2 confirmed networks" in sentence


def test_operators_without_a_formula() -> None:
    """FLOPs that leave something out say so."""
    incomplete = cost(1).model_copy(update={"uncounted_operators": ["aten::fft"]})
    with_gap = trial(1, 1, 15.0).model_copy(update={"cost": incomplete})
    assert notes.uncounted_operators([with_gap], []) == "FLOPs leave out aten::fft, for which no formula is known."
    assert notes.uncounted_operators([trial(1, 1, 15.0)], [TEACHER]) is None


def test_warnings_come_first(searched: StudyStore) -> None:
    """An unconfirmed front is a warning, and all warnings are notes."""
    summary = summarise(searched)
    assert summary.warnings == summary.notes[: len(summary.warnings)]
    assert "No network of the front is confirmed" in summary.warnings[0]


def test_a_confirmed_front_needs_no_warning(confirmed: StudyStore) -> None:
    """After the quiet pass nothing is of one seed, and the answer gives the test error with its spread."""
    summary = summarise(confirmed)
    newcomers = [t.number for t in summary.front_trials if t.confirmed is None]
    assert not newcomers
    assert summary.warnings == []
    assert "over 3 seeds" in summary.answer


def test_no_teacher_is_a_warning(empty_store: StudyStore) -> None:
    """Without a teacher nothing says how good a large network would be."""
    assert "no teacher yet" in summarise(empty_store).warnings[0]
