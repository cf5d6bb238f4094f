"""The sentences that begin a report."""

import pytest

from kdsearch.record import Baseline
from kdsearch.report.summarise import summarise
from kdsearch.report.text.answer import answer
from kdsearch.study.storage.store import StudyStore
from tests.report.conftest import TEACHER_PARAMETERS, cost_of, metrics_of


def stid(error: float, milliseconds: float, *splits: str) -> Baseline:
    """An undistilled network of a fortieth of the teacher's size."""
    cost = cost_of(TEACHER_PARAMETERS // 40, 1e6, milliseconds)
    return Baseline(name="STID", role="undistilled", metrics=metrics_of(error, *(splits or ("val",))), cost=cost)


def test_the_answer_begins_with_a_baseline_that_is_better_inside_the_limits(limited: StudyStore) -> None:
    """Whatever it is called; the trial that the search chose follows."""
    plain = summarise(limited)
    assert plain.better_baseline is None
    limited.save_baseline(stid(13.9, 0.2, "val", "test"))
    better = summarise(limited)
    assert better.better_baseline == "STID"
    assert better.answer == (
        f"STID is better than trial {plain.knee} in mae and latency and keeps the limits: 7,470 parameters (2.5 % of "
        "the teacher's), 0.20 ms for a forecast (110 times as fast as the teacher), validation MAE 13.90 (the teacher: "
        f"14.20). On the test split it errs by 13.90, the teacher by 14.20. {plain.answer}"
    )
    assert (better.knee, better.front) == (plain.knee, plain.front)


@pytest.mark.parametrize(
    ("rival", "constraints"),
    [
        (stid(13.9, 21.0), ()),  # slower than the knee
        (stid(15.9, 0.2), ()),  # errs more than the limit allows
        (stid(13.9, 0.2), ["params<=5k"]),  # larger than a limit given afterwards
    ],
)
def test_a_baseline_that_is_worse_in_anything_or_outside_is_not_named(
    limited: StudyStore, rival: Baseline, constraints: list[str]
) -> None:
    limited.save_baseline(rival)
    summary = summarise(limited, constraints=constraints)
    assert summary.better_baseline is None
    assert not summary.answer.startswith("STID")


def test_without_a_trial_inside_the_limits_a_baseline_that_keeps_them_is_the_answer(limited: StudyStore) -> None:
    limited.save_baseline(stid(13.9, 0.001))
    summary = summarise(limited, constraints="latency<=0.01")
    assert summary.answer.startswith("STID keeps the limits: 7,470 parameters (2.5 % of the teacher's), ")
    assert summary.answer.endswith(" No trial has finished inside the limits, so there is no front yet.")
    assert answer(None, [], better=stid(13.9, 1.0))[0].startswith("STID is the best network so far: 7,470 parameters")


def test_the_teacher_is_named_only_where_it_keeps_a_limit_on_a_cost(searched: StudyStore) -> None:
    """It is what the others are measured by; a search for small networks ends with it only by the reader's limit."""
    teacher = next(one for one in searched.baselines() if one.role == "teacher")
    searched.save_baseline(teacher.model_copy(update={"cost": cost_of(TEACHER_PARAMETERS, 1e6, 0.01)}))
    assert summarise(searched).better_baseline is None
    assert summarise(searched, constraints="mae<=99").better_baseline is None
    allowed = summarise(searched, constraints="params<=100%")
    assert allowed.better_baseline == "teacher"
    assert allowed.answer.startswith(
        f"The teacher is better than trial {allowed.knee} in mae and latency and keeps the "
    )
    assert "validation MAE 14.20. The knee of the front" in allowed.answer


def test_the_page_marks_the_better_baseline(limited: StudyStore) -> None:
    from kdsearch.report.page.tables import front_table

    assert "better" not in [row.tag for row in front_table(summarise(limited)).rows]
    limited.save_baseline(stid(13.9, 0.2))
    assert ("STID", "better") in [(row.name, row.tag) for row in front_table(summarise(limited)).rows]


def test_the_answer_says_what_the_days_of_the_test_split_tell_apart(confirmed: StudyStore) -> None:
    """A difference that every day has is told; one that days give and take is noise; itself is not compared."""
    summary = summarise(confirmed)
    assert "days of the test split" not in summary.answer  # this study kept no errors by day
    chosen = summary.chosen
    assert chosen is not None
    assert chosen.confirmed is not None

    def days(*errors: float) -> dict[str, tuple[float, float]]:
        return {f"2016-08-{number:02}": (100 * error, 100.0) for number, error in enumerate(errors, 1)}

    with_days = chosen.confirmed.model_copy(update={"days": [days(5.0, 5.1, 4.9, 5.0)] * 3})
    rivals = {"worse": days(6.0, 6.2, 5.9, 6.0), "better": days(4.0, 4.2, 3.9, 4.0), "level": days(5.2, 4.8, 5.2, 4.7)}
    lines = [stid(14.0, 1.0).model_copy(update={"name": name, "days": {"all": own}}) for name, own in rivals.items()]
    said = " ".join(
        answer(chosen.model_copy(update={"confirmed": with_days}), [*summary.baselines, *lines], unit="mph")
    )
    assert (
        "Over the 4 days of the test split (intervals of 95 %, mph) it errs less than worse (by 1.0 to 1.1); it errs "
        "more than better (by 0.90 to 1.0); its difference to level is within the noise."
    ) in said
    itself = chosen.model_copy(update={"confirmed": with_days, "baseline": "worse"})
    assert "errs less than" not in " ".join(answer(itself, [*summary.baselines, *lines], unit="mph"))
