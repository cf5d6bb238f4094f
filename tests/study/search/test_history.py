"""What a stopping rule is told of the trials of its study, and a rule of another kind that works with it."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from kdsearch.errors import StudyError
from kdsearch.measure.objectives import OBJECTIVES, Objective
from kdsearch.record import CurvePoint, TrialRecord
from kdsearch.study.executors.local import LocalExecutor
from kdsearch.study.run_search import run_search
from kdsearch.study.search.ask_tell import AskedTrial, open_run
from kdsearch.study.search.driver import Driver
from kdsearch.study.search.stopping import STOPPING_RULES, StoppingRule, TrialProgress
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore
from tests.restored import tables_restored

MakeRecord = Callable[..., TrialRecord]
MakeDriver = Callable[[StudyStore, str], Driver]


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    """Take the test's rules out of the table again."""
    with tables_restored():
        yield


@pytest.fixture
def make_driver(space: SearchSpace, objectives: list[Objective]) -> MakeDriver:
    """Give a function that begins a run of the study with a stopping rule."""

    def make(store: StudyStore, stopping: str) -> Driver:
        open_run(store, space, "random", 1)
        return Driver(
            store, space, objectives, trials=99, budget_seconds=None, stopping=stopping, on_event=lambda _: None
        )

    return make


def known(record: MakeRecord, asked: AskedTrial, *errors: float) -> TrialRecord:
    """Make the record of a trial with a point of its curve for each epoch."""
    curve = [
        CurvePoint(epoch=epoch, phase="train", cpu_seconds=0, train_loss=1, val_mae=error)
        for epoch, error in enumerate(errors, 1)
    ]
    made: TrialRecord = record(asked.params, asked.seed, errors[-1])
    return made.model_copy(update={"curve": curve})


def begun(driver: Driver) -> AskedTrial:
    asked = driver.next()
    assert asked is not None
    return asked


def told(trial: TrialProgress) -> tuple[Any, ...]:
    """Reduce a trial to what the tests compare."""
    return trial.number, trial.state, [point.val_mae for point in trial.curve], trial.error


def test_a_rule_sees_curves_of_running_stopped_and_ended_trials_of_earlier_runs_and_other_drivers(
    store: StudyStore, url: str, make_driver: MakeDriver, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by its number, with settings and costs; a record of another driver is read once."""
    seen: list[list[TrialProgress]] = []

    def watch(trial: TrialProgress, others: Sequence[TrialProgress]) -> str | None:
        seen.append([*others, trial])
        return "seven is too much" if trial.curve and trial.curve[-1].val_mae == 7 else None

    STOPPING_RULES.add(StoppingRule("watch", "an error of seven", watch))
    early = make_driver(store, "watch")
    first, second = begun(early), begun(early)
    early.finish(first.number, known(record, first, 5, 4), b"w")
    assert not early.should_continue(second.number, known(record, second, 9, 7), 0.25)

    other_store = StudyStore.create(url, store.meta)
    one, other = make_driver(store, "watch"), make_driver(other_store, "watch")
    elsewhere, here, asking = begun(other), begun(one), begun(one)
    other.finish(elsewhere.number, known(record, elsewhere, 6, 3), b"w")
    assert one.should_continue(here.number, known(record, here, 8), 0.5)
    monkeypatch.setattr(store, "record", lambda number: pytest.fail(f"trial {number} was read again"))
    assert one.should_continue(asking.number, known(record, asking, 2), 0.5)

    *others, trial = seen[-1]
    assert [told(one) for one in others] == [
        (0, "COMPLETE", [5, 4], 4),
        (1, "PRUNED", [9, 7], None),
        (2, "COMPLETE", [6, 3], 3),
        (3, "RUNNING", [8], None),
    ]
    assert told(trial) == (4, "RUNNING", [2], None)
    assert [one.share for one in (others[0], others[2], others[3], trial)] == [1, 1, 0.5, 0.5]
    assert math.isnan(others[1].share), "the store does not keep how far it was"
    assert [dict(one.params) for one in (others[2], trial)] == [elsewhere.params, asking.params]
    assert others[2].costs == (OBJECTIVES["latency"].value(record(elsewhere.params, 0, 3)),)
    other_store.close()


def test_within_a_run_a_stopped_trial_keeps_the_share_of_its_epochs(
    store: StudyStore, make_driver: MakeDriver, record: MakeRecord
) -> None:
    seen: list[Sequence[TrialProgress]] = []

    def stop(_trial: TrialProgress, others: Sequence[TrialProgress]) -> str | None:
        seen.append(others)
        return "enough"

    STOPPING_RULES.add(StoppingRule("stop", "everything", stop))
    driver = make_driver(store, "stop")
    for share in (0.25, 0.5):
        asked = begun(driver)
        assert not driver.should_continue(asked.number, known(record, asked, 1), share)
    assert [(one.state, one.share) for one in seen[-1]] == [("PRUNED", 0.25)]


def asha(trial: TrialProgress, others: Sequence[TrialProgress]) -> str | None:
    """Let the better half of those that came to a rung of 1, 2 or 4 epochs go on (ASHA, Li et al. 2020)."""
    if not trial.curve or trial.curve[-1].epoch not in {1, 2, 4}:
        return None
    rung = trial.curve[-1]
    errors = [
        point.val_mae
        for one in (*others, trial)
        for point in one.curve
        if (point.phase, point.epoch) == (rung.phase, rung.epoch) and point.val_mae is not None
    ]
    rank = sorted(errors).index(rung.val_mae or 0.0)
    return f"place {rank + 1} of {len(errors)} after {rung.epoch} epochs" if 2 * rank >= len(errors) > 1 else None


class Halving:
    """Evaluator of four epochs for which the errors at each are given, trial by trial."""

    def __init__(self, record: MakeRecord, *curves: tuple[float, ...]) -> None:
        self.record, self.curves, self.epochs = record, iter(curves), list[int]()

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: Callable[[TrialRecord, float], bool]
    ) -> tuple[TrialRecord, bytes | None]:
        errors = next(self.curves)
        asked = AskedTrial(0, params, seed, None)  # type: ignore[arg-type]  # of which params and seed are read
        for epoch in range(1, 4):
            so_far = known(self.record, asked, *errors[:epoch]).model_copy(update={"state": "PRUNED"})
            if not should_continue(so_far, epoch / 4):
                self.epochs.append(epoch)
                return so_far, None
        self.epochs.append(4)
        return known(self.record, asked, *errors), b"weights"


def test_asha_is_one_function_and_stops_in_a_search_what_dominance_would_not(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: MakeRecord
) -> None:
    """It ranks stopped trials too; curves that fall steeply are stopped at a rung, though they may end best."""
    STOPPING_RULES.add(StoppingRule("asha", "the worse half at each rung", asha))
    evaluator = Halving(record, (5, 4, 4, 4), (9, 3, 2, 1), (4, 5, 4, 4), (6, 1, 1, 1))
    run_search(
        store,
        space,
        objectives,
        evaluator,
        LocalExecutor(),
        trials=4,
        budget_seconds=None,
        seed=1,
        sampler="random",
        on_event=lambda _: None,
        stopping="asha",
    )
    assert evaluator.epochs == [4, 1, 2, 1]
    assert [trial.reason for trial in store.trials()] == [
        None,
        "place 2 of 2 after 1 epochs",
        "place 2 of 2 after 2 epochs",
        "place 3 of 4 after 1 epochs",
    ]


def test_an_unknown_rule_is_refused_with_those_that_there_are(store: StudyStore, make_driver: MakeDriver) -> None:
    with pytest.raises(StudyError, match="there is no stopping rule 'dominate'; did you mean 'dominated'"):
        make_driver(store, "dominate")
