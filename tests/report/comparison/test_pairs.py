"""Differences between the chosen networks of two studies: signs, intervals, words, and what cannot be paired."""

from collections.abc import Sequence

import pytest

from kdsearch.record import DayErrors, Training
from kdsearch.report.comparison.pairs import paired_differences
from kdsearch.report.confirmed import confirmed_of
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.storage.store import StudyStore
from tests.report.conftest import confirmation_of, metrics_of, record_of

DAYS = 6


def days_of(errors: Sequence[float]) -> DayErrors:
    """Days of a hundred readings with these mean errors."""
    return {"all": {f"2024-01-{day:02d}": (100 * error, 100.0) for day, error in enumerate(errors, 1)}}


def study_of(searched: StudyStore, errors: dict[int, float], wave: float = 0.0, days: int = DAYS) -> StudySummary:
    """A study whose front is one network, with a test error for each seed; days scatter around it."""
    summary = summarise(searched)
    number = summary.front[0]
    trainings = [
        Training(
            number=number,
            seed=seed,
            kind="further",
            metrics=metrics_of(error, "val", "test"),
            days=days_of([error + wave * (day - (days - 1) / 2) for day in range(days)]) if days else {},
        )
        for seed, error in errors.items()
    ]
    confirmation = confirmation_of(number, record_of(number)).model_copy(update={"trainings": trainings})
    trials = [
        trial.model_copy(update={"confirmed": confirmed_of(confirmation)}) if trial.number == number else trial
        for trial in summary.trials
    ]
    return summary.model_copy(update={"trials": trials, "front": [number], "knee": number})


def difference(
    searched: StudyStore, one: dict[int, float], other: dict[int, float], waves: tuple[float, float] = (0.1, 0.11)
) -> tuple[str, float | None]:
    """Verdict in words and mean, of one pair."""
    sides = {"A": study_of(searched, one, waves[0]), "B": study_of(searched, other, waves[1])}
    (found,) = paired_differences(sides, "mae")
    return found.words, found.mean


def test_the_one_minus_the_other_and_who_errs_less(searched: StudyStore) -> None:
    """Below zero the first errs less; exchanging the sides turns sign, intervals and words."""
    low, high = {0: 14.0, 1: 14.1, 2: 14.2}, {0: 14.5, 1: 14.61, 2: 14.69}
    sides = study_of(searched, low, 0.1), study_of(searched, high, 0.11)
    (found,) = paired_differences({"A": sides[0], "B": sides[1]}, "mae")
    (turned,) = paired_differences({"A": sides[1], "B": sides[0]}, "mae")
    assert (found.verdict, turned.verdict) == ("A errs less", "B errs less")
    assert found.mean == pytest.approx(-0.5, abs=1e-9)
    assert turned.mean == pytest.approx(0.5, abs=1e-9)
    assert (found.network, found.seeds, found.days) == ("knee, best", [0, 1, 2], DAYS)
    for one, other in ((found.over_seeds, turned.over_seeds), (found.over_days, turned.over_days)):
        assert one is not None
        assert other is not None
        assert one[0] < -0.5 < one[1] < 0
        assert one == pytest.approx((-other[1], -other[0]), rel=0.05)


def test_a_network_and_itself_are_the_same(searched: StudyStore) -> None:
    """With one seed too, where nothing else could be decided."""
    for errors in ({0: 14.0, 1: 14.2}, {0: 14.0}):
        assert difference(searched, errors, errors) == ("the same", 0.0)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({0: 14.5}, "not decided: 1 pair of seeds"),
        ({0: 14.5, 1: 13.8, 2: 14.4}, "within noise"),
        ({7: 14.0, 8: 14.1}, "not paired: the networks were trained with no seed in common"),
    ],
)
def test_what_seeds_do_not_decide_is_said(searched: StudyStore, other: dict[int, float], words: str) -> None:
    assert difference(searched, {0: 14.0, 1: 14.1, 2: 14.2}, other)[0] == words


def test_days_that_do_not_agree_are_noise(searched: StudyStore) -> None:
    """Seeds agree, and half of the days are of the other opinion."""
    low, high = {0: 14.0, 1: 14.1, 2: 14.2}, {0: 14.5, 1: 14.61, 2: 14.69}
    assert difference(searched, low, high, waves=(0.0, 2.0))[0] == "within noise"
    assert difference(searched, low, high)[0] == "A errs less"


def test_one_pair_of_seeds_has_an_interval_over_days(searched: StudyStore) -> None:
    sides = {"A": study_of(searched, {0: 14.0}, 0.1), "B": study_of(searched, {0: 14.5}, 0.2)}
    (found,) = paired_differences(sides, "mae")
    assert (found.verdict, found.over_seeds, found.days) == ("not decided", None, DAYS)
    assert found.over_days is not None
    assert found.over_days[0] < -0.5 < found.over_days[1]


def test_without_days_seeds_alone_decide(searched: StudyStore) -> None:
    """Older studies did not keep days, and days are kept of the MAE alone."""
    one, other = {0: 14.0, 1: 14.1, 2: 14.2}, {0: 14.5, 1: 14.61, 2: 14.69}
    (found,) = paired_differences({"A": study_of(searched, one, days=0), "B": study_of(searched, other, days=0)}, "mae")
    assert (found.verdict, found.over_days, found.days) == ("A errs less", None, 0)
    (found,) = paired_differences({"A": study_of(searched, one), "B": study_of(searched, other)}, "rmse")
    assert (found.verdict, found.over_days, found.days) == ("A errs less", None, 0)
    assert found.mean == pytest.approx(-0.5 * 1.55, abs=1e-9)


def test_more_comparisons_ask_for_more(searched: StudyStore) -> None:
    """What stands alone at 4 % is noise among three."""
    one, two, three = {0: 14.0, 1: 14.0, 2: 14.0}, {0: 14.1, 1: 14.14, 2: 14.2}, {0: 14.0, 1: 14.2, 2: 13.9}
    studies = {"A": study_of(searched, one, days=0), "B": study_of(searched, two, days=0)}
    studies["C"] = study_of(searched, three, days=0)
    alone = paired_differences({letter: studies[letter] for letter in "AB"}, "mae")[0]
    among = paired_differences(studies, "mae")
    assert [found.studies for found in among] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert (alone.verdict, among[0].verdict) == ("A errs less", "within noise")
    assert alone.p_value is not None
    assert among[0].p_value == pytest.approx(3 * alone.p_value)


def test_a_network_that_is_not_confirmed_is_named(searched: StudyStore) -> None:
    summary = summarise(searched)
    found = paired_differences({"A": summary, "B": summary}, "mae")
    assert [one.network for one in found] == ["knee", "best"]
    assert found[0].words == f"not paired: trial {summary.knee} of A is not confirmed"
    assert (found[0].mean, found[0].seeds) == (None, [])
