"""The sentences of a report."""

from kdsearch.costs import Cost, Pace
from kdsearch.record import Baseline, Metrics, Training
from kdsearch.report.confirmed import Confirmed
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import TrialSummary
from kdsearch.report.text import notes
from kdsearch.report.text.answer import answer
from kdsearch.study.storage.store import StudyStore


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


TEACHER = Baseline(name="teacher", role="teacher", metrics=metrics(14, 16, 18), cost=cost(100_000))
PROFILE = Baseline(name="calendar profile", role="naive", metrics=metrics(17, 16, 17.5))
LAST = Baseline(name="last value", role="naive", metrics=metrics(20, 25, 30))


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
        "The teacher beats the last value at every reported horizon of the validation split."
    )
    assert notes.teacher_wins(TEACHER, [LAST, PROFILE]) is None


def test_an_undistilled_network_has_a_name_of_its_own() -> None:
    """Whatever it is called; what has a common noun as its name has an article."""
    tiny = Baseline(name="TinyNet", role="undistilled", metrics=metrics(20, 25, 30))
    base = Baseline(name="base", role="base", metrics=metrics(20, 25, 30))
    assert notes.teacher_wins(TEACHER, [tiny, base]) == (
        "The teacher beats TinyNet and the base at every reported horizon of the validation split."
    )


def test_the_front_is_held_against_an_undistilled_stid_of_its_size() -> None:
    """The best network of at most its parameters counts, not a larger one that errs less."""
    stid = Baseline(name="STID", role="undistilled", metrics=metrics(15, 16, 17), cost=cost(9_000))
    front = [one.model_copy(update={"on_front": True}) for one in (trial(1, 20_000, 14.0), trial(2, 8_000, 16.5))]
    theirs = "an undistilled STID of 9,000 parameters (validation MAE 16.00)"
    assert notes.against_undistilled(front, stid) == (
        f"The best network of the front of its size or less, trial 2 (8,000 parameters, 16.50), does not beat {theirs}."
    )
    better = [trial(3, 9_900, 15.5).model_copy(update={"on_front": True})]
    assert notes.against_undistilled(better, stid) == (
        f"The best network of the front of its size or less, trial 3 (9,900 parameters, 15.50), beats {theirs}."
    )
    tested = [
        one.model_copy(update={"on_front": True, "metrics": one.metrics | {"test": {"mae": {"all": test}}}})
        for one, test in ((trial(4, 8_000, 13.8), 14.2), (trial(5, 8_000, 13.9), 13.95))
    ]
    judge = stid.model_copy(update={"metrics": stid.metrics | {"test": {"mae": {"all": 14.0}}}})
    assert notes.against_undistilled(tested, judge) == (
        "The best network of the front of its size or less, trial 4 (8,000 parameters, 14.20), does not beat "
        "an undistilled STID of 9,000 parameters (test MAE 14.00)."
    ), "validation names the network, and the test split judges it"
    assert notes.against_undistilled(front[:1], stid) == f"No network of the front is as small as {theirs}."
    assert notes.against_undistilled(front, None) is None


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


def test_sentences_about_the_best_say_that_only_what_is_inside_the_limits_counts() -> None:
    """A better network outside the limits is not denied."""
    outside = trial(9, 90_000, 14.0, input="raw").model_copy(update={"feasible": False})
    trials = [outside, trial(1, 3_000, 17.0, input="raw"), trial(2, 2_000, 17.5, route="prune", input="deviation")]
    assert notes.smallest_near_teacher(trials, TEACHER) == (
        "No network inside the limits came within 3 % of the teacher's validation MAE (16.00); the nearest, trial 1, "
        "is 6.2 % above it."
    )


def test_operators_without_a_formula() -> None:
    """FLOPs that leave something out say so."""
    incomplete = cost(1).model_copy(update={"uncounted_operators": ["aten::fft"]})
    with_gap = trial(1, 1, 15.0).model_copy(update={"cost": incomplete})
    assert notes.uncounted_operators([with_gap], []) == "FLOPs leave out aten::fft, for which no formula is known."
    assert notes.uncounted_operators([trial(1, 1, 15.0)], [TEACHER]) is None


def on_the_front(number: int, *, asked: int = 1, failed: list[Training] | None = None, pace: Pace) -> TrialSummary:
    """A confirmed network of the front with one seed."""
    confirmed = Confirmed(
        seeds=[0],
        asked_seeds=asked,
        mean={},
        standard_deviation={},
        cost=cost(1),
        pace=pace,
        failed=failed or [],
    )
    return trial(number, 1, 15.0).model_copy(update={"on_front": True, "confirmed": confirmed})


QUIET = Pace(before=1.1, after=0.9, others=0.1)


def test_latencies_of_a_machine_that_was_not_quiet() -> None:
    """The teacher's pace and other processes are named, and only the networks that were timed beside them."""
    slow, busy = Pace(before=1.02, after=1.31, others=None), Pace(before=1.1, after=1.0, others=0.45, waited=0.3)
    assert notes.not_quiet([on_the_front(1, pace=QUIET), trial(2, 1, 15.0)]) is None
    assert notes.not_quiet([on_the_front(1, pace=QUIET), on_the_front(4, pace=slow)]) == (
        "The latencies of trial 4 were not taken on a quiet machine: the teacher took 1.0 to 1.3 times as long as at "
        "the study's first reading. Ratios to the teacher, taken in alternation, suffer less; milliseconds follow from "
        "them."
    )
    both = notes.not_quiet([on_the_front(1, pace=busy), on_the_front(4, pace=slow)])
    assert both is not None
    assert "latencies of the front were" in both
    assert (
        "first reading, other processes kept 45 % of the cores busy and timing waited for a core 30 % of the time."
        in both
    )


def test_files_that_gain_otherwise_than_their_networks() -> None:
    """By more than a third, in either direction; networks beside the front, and those without a file, are not named."""

    def timed(number: int, own: float, file: float | None) -> TrialSummary:
        one = on_the_front(number, pace=QUIET)
        assert one.cost is not None
        ratios = {"latency_ratio": own, "deployed_ratio": file}
        return one.model_copy(update={"cost": one.cost.model_copy(update=ratios)})

    alike = [timed(1, 0.5, 0.4), timed(2, 0.5, None), timed(3, 0.4, 0.5)]
    assert notes.files_differ([*alike, timed(4, 0.5, 0.2).model_copy(update={"on_front": False})]) is None
    assert notes.files_differ([*alike, timed(4, 0.5, 0.25), timed(7, 0.25, 0.5)]) == (
        "Under onnxruntime, as exported files, trials 4 and 7 of the front forecast 2.0 to 4.0 times as fast as the "
        "teacher; in kdsearch itself 2.0 to 4.0 times."
    )
    assert notes.files_differ([timed(4, 0.5, 0.25)]) == (
        "Under onnxruntime, as exported files, trial 4 of the front forecasts 4.0 times as fast as the teacher; in "
        "kdsearch itself 2.0 times."
    )


def test_seeds_that_are_missing_from_the_means() -> None:
    """Each failed training has its seed and reason; a network with all that was asked for is not named."""
    failed = [
        Training(number=7, seed=1, kind="further", reason="the gradient is not finite"),
        Training(number=7, seed=0, kind="cpu-twin", reason="killed"),
    ]
    whole = on_the_front(3, pace=QUIET)
    assert notes.missing_seeds([whole, on_the_front(7, asked=2, failed=failed, pace=QUIET)]) == [
        "Trial 7 is confirmed with 1 of 2 seeds: the training with seed 1 failed (the gradient is not finite) and the "
        "twin for the same CPU seconds with seed 0 failed (killed); the next run tries again."
    ]


def test_warnings_come_first(searched: StudyStore) -> None:
    """An unconfirmed front is a warning, and all warnings are notes."""
    summary = summarise(searched)
    assert summary.warnings == summary.notes[: len(summary.warnings)]
    assert any("No network of the front is confirmed" in sentence for sentence in summary.warnings)


def test_a_confirmed_front_needs_no_warning(confirmed: StudyStore) -> None:
    """After the confirmation nothing is of one seed, and the answer gives the test error with its spread."""
    summary = summarise(confirmed)
    newcomers = [t.number for t in summary.front_trials if t.confirmed is None]
    assert not newcomers
    assert all("not beat the " in sentence and "on the test split" in sentence for sentence in summary.warnings)
    assert "over 3 seeds" in summary.answer


def test_no_teacher_is_a_warning(empty_store: StudyStore) -> None:
    """Without a teacher nothing says how good a large network would be."""
    assert "no teacher yet" in summarise(empty_store).warnings[0]


def test_a_network_that_no_network_beats_is_the_first_warning() -> None:
    """On the test split where the front is confirmed; on the validation split before."""
    front = [one.model_copy(update={"on_front": True}) for one in (trial(1, 9_000, 16.0), trial(2, 2_000, 26.0))]
    assert notes.warnings(front, [TEACHER, LAST])[0] == (
        "Trial 2 of the front does not beat the last value on the validation split (MAE 26.00 against 25.00): "
        "forecasting without a network is as good there."
    )
    tested = [one.model_copy(update={"metrics": one.metrics | {"test": {"mae": {"all": 4.77}}}}) for one in front]
    line = LAST.model_copy(update={"metrics": LAST.metrics | {"test": {"mae": {"all": 2.24}}}})
    assert notes.warnings(tested, [TEACHER, line])[0] == (
        "Trials 1 and 2 of the front do not beat the last value on the test split (MAE 4.77 and 4.77 against 2.24): "
        "forecasting without a network is as good there."
    )
    assert notes.front_loses(front[:1], LAST) is None
    assert notes.front_loses([], LAST) is None


def test_no_sentence_is_contradicted_by_its_rounding() -> None:
    """What is said to be above, or better, is so in the digits that are shown."""
    near = notes.smallest_near_teacher([trial(3, 1_000, 16 * 1.0302)], TEACHER)
    assert near is not None
    assert near.endswith("the nearest, trial 3, is 3.02 % above it.")
    stid = Baseline(name="STID", role="undistilled", metrics=metrics(15, 15, 15), cost=cost(1_000))
    close = trial(4, 900, 14.9996).model_copy(update={"on_front": True})
    assert notes.against_undistilled([close], stid) == (
        "The best network of the front of its size or less, trial 4 (900 parameters, 14.9996), beats an undistilled "
        "STID of 1,000 parameters (validation MAE 15.0000)."
    )
    line = Baseline(name="last value", role="naive", metrics=metrics(14.9993, 14.9993, 14.9993))
    assert notes.front_loses([close], line, "mph") == (
        "Trial 4 of the front does not beat the last value on the validation split (MAE 15.000 against 14.999 mph): "
        "forecasting without a network is as good there."
    )


def test_errors_have_their_unit() -> None:
    """Once in each sentence that has one."""
    front = [trial(1, 1_000, 19.0).model_copy(update={"on_front": True})]
    stid = Baseline(name="STID", role="undistilled", metrics=metrics(15, 15, 15), cost=cost(1_000))
    sentences = [
        answer(front[0], [TEACHER], None, "mph"),
        *notes.warnings(front, [TEACHER, PROFILE], "mph"),
        *notes.findings(front, [TEACHER, stid], "mph"),
    ]
    for sentence in sentences:
        assert ("MAE" in sentence) == (" mph" in sentence), sentence


def test_both_errors_are_said_where_they_differ() -> None:
    """Readings that the source filled in are easy for a network that knows the calendar."""

    def scored(measured: float, published: float) -> Metrics:
        mean = {"mae": {"all": measured}}
        return {"val": mean, "test": mean, "test-published": {"mae": {"all": published}}}

    teacher = TEACHER.model_copy(update={"metrics": scored(14.0, 12.0)})
    chosen = trial(1, 1_000, 14.5).model_copy(update={"metrics": scored(14.5, 12.2)})
    assert answer(chosen, [teacher], None, "mph")[-1] == (
        "Over all readings as published it has 12.20 mph against 12.00."
    )
    same = trial(1, 1_000, 14.5).model_copy(update={"metrics": scored(14.5, 14.5)})
    alike = TEACHER.model_copy(update={"metrics": scored(14.0, 14.05)})
    assert "as published" not in answer(same, [alike], None, "mph")


def test_days_that_decide_nothing_are_said() -> None:
    """A STID may err more on the mean of five days because of one of them."""

    def days(*errors: float) -> dict[str, tuple[float, float]]:
        return {f"2024-01-0{day}": (100 * one, 100.0) for day, one in enumerate(errors, 1)}

    tested = metrics(15, 15, 15) | {"test": {"mae": {"all": 15.0}}}
    stid = Baseline(
        name="STID", role="undistilled", metrics=tested, cost=cost(1_000), days={"all": days(15, 15, 15, 15, 15)}
    )
    for own, told in (((14.9, 14.8, 14.9, 14.7, 14.9), False), ((12, 15.1, 15.2, 15.1, 15.1), True)):
        mean = tested | {"test": {"mae": {"all": sum(own) / 5}}}
        confirmed = Confirmed(seeds=[0], mean=mean, standard_deviation={}, cost=cost(900), days=[days(*own)])
        best = trial(4, 900, 14.9).model_copy(update={"on_front": True, "confirmed": confirmed, "metrics": mean})
        sentence = notes.against_undistilled([best], stid, "mph")
        assert sentence is not None
        assert "beats an undistilled STID" in sentence
        assert "; over the 5 days of the test split it errs by +" in sentence or told
        assert ("which does not decide it" in sentence) == told
