"""Words for networks of a study."""

import pytest

from kdsearch.errors import StudyError
from kdsearch.record import Baseline
from kdsearch.report.picks import pick_network, words_of
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from tests.report.conftest import cost_of, metrics_of

TRIALS, BASELINES = range(30), ("STID", "teacher")


def stid(error: float) -> Baseline:
    return Baseline(name="STID", role="undistilled", metrics=metrics_of(error, "val"), cost=cost_of(7_000, 1e6, 0.4))


def test_words_are_those_of_the_front(searched: StudyStore) -> None:
    """The knee is the report's; the best has the least error, the smallest the fewest parameters of the front."""
    searched.save_baseline(stid(99.0))
    summary = summarise(searched)
    sizes = {trial.number: trial.cost.parameters for trial in summary.front_trials if trial.cost is not None}
    smallest = min(sizes, key=lambda one: sizes[one])
    expected = {"knee": summary.knee, "best": summary.best(1)[0].number, "smallest": smallest}
    assert words_of(summary, TRIALS, BASELINES) == expected
    assert [pick_network(summary, TRIALS, BASELINES, word) for word in expected] == list(expected.values())
    assert words_of(summary, [smallest], ()) == {"best": smallest, "smallest": smallest}


def test_the_best_may_be_a_baseline_that_keeps_the_limits(searched: StudyStore) -> None:
    """The teacher counts only where it keeps a limit on a cost."""
    searched.save_baseline(stid(14.21))
    assert pick_network(summarise(searched), TRIALS, BASELINES, "best") == "STID"
    assert pick_network(summarise(searched), TRIALS, ["teacher"], "best") != "STID"
    assert pick_network(summarise(searched, constraints="params<=100%"), TRIALS, BASELINES, "best") == "teacher"
    small = summarise(searched, constraints="params<=6k")
    assert pick_network(small, TRIALS, BASELINES, "best") == small.best(1)[0].number
    assert pick_network(small, TRIALS, BASELINES, "STID") == "STID", "by its name, also outside"


@pytest.mark.parametrize(("pick", "meant"), [(7, 7), ("7", 7), ("teacher", "teacher"), (" STID ", "STID")])
def test_numbers_and_names_mean_themselves(searched: StudyStore, pick: str | int, meant: str | int) -> None:
    assert pick_network(summarise(searched), TRIALS, BASELINES, pick) == meant


@pytest.mark.parametrize("pick", [30, "-1", "²", "stid", "", "1.0"])
def test_what_is_not_kept_is_refused_with_the_choices(searched: StudyStore, pick: str | int) -> None:
    kept = [0, 1, 2, 3, 5, 8, 9]
    with pytest.raises(StudyError, match=r"keeps no network '.*'; choose one of .*a trial of 0 to 3, 5, 8 to 9$"):
        pick_network(summarise(searched), kept, BASELINES, pick)


def test_a_word_without_a_network_says_why(searched: StudyStore) -> None:
    nothing = summarise(searched, constraints="params<=1")
    with pytest.raises(
        StudyError, match=r"keeps no network 'knee' inside the limits; choose one of teacher, a trial of"
    ):
        pick_network(nothing, TRIALS, ["teacher"], "knee")
    with pytest.raises(StudyError, match="keeps no network 'knee'; run it again"):
        pick_network(summarise(searched), (), (), "knee")
