"""Further trainings of a network of the front, and the epochs of its twins."""

import subprocess
import sys

import pytest

from kdsearch.confirm.jobs import Trained, cpu_twin_epochs, identity_of
from kdsearch.confirm.trainings import is_confirmed, trainings_of
from kdsearch.costs import Cost
from kdsearch.record import Confirmation, Training, TrainingKind, TrialRecord
from kdsearch.study.storage.store import StoredTrial

COST = Cost(parameters=1, stored_numbers=1, flops=1, product_flops=1)


def network(loss: str = "rd-l2", epochs: int = 20, **seconds: float) -> StoredTrial:
    """Make a trial with training seed 5, without a confirmation."""
    params = {"loss": loss, "epochs": epochs}
    record = TrialRecord(state="COMPLETE", route="student", params=params, seed=5, seconds=seconds)
    return StoredTrial(
        number=3, state="COMPLETE", reason=None, params=params, record=record, feasible=True, confirmation=None
    )


def trained(seed: int, kind: TrainingKind, epochs: int = 20, reason: str | None = None, **seconds: float) -> Training:
    """Make a training of that trial."""
    return Training(number=3, seed=seed, kind=kind, epochs=epochs, seconds=seconds, reason=reason)


def known(*trainings: Training) -> Trained:
    """Index trainings by trial, seed and kind."""
    return {(one.number, one.seed, one.kind): one for one in trainings}


def test_a_twin_trains_as_much_longer_as_the_teacher_costs() -> None:
    """Measuring counts for neither side; of several pairs the median counts, not one that was disturbed."""
    own = network(train=30.0, measure=9.0)
    pairs = [trained(5, "twin", train=20.0, measure=1.0)]
    assert cpu_twin_epochs(own, 1, known(*pairs)) == 30
    pairs += [trained(6, "further", train=28.0), trained(6, "twin", train=20.0)]
    pairs += [trained(7, "further", train=90.0), trained(7, "twin", train=20.0)]
    assert cpu_twin_epochs(own, 3, known(*pairs)) == 30


def test_what_pruning_takes_does_not_grow_with_the_epochs() -> None:
    """All the time that the teacher cost, scoring included, goes into further epochs."""
    own = network(prune=12.0, train=18.0)
    epochs = cpu_twin_epochs(own, 1, known(trained(5, "twin", prune=10.0, train=10.0)))
    assert epochs == 40  # 10 + 40 / 20 * 10 = 12 + 18 seconds


def test_a_twin_never_trains_for_fewer_epochs() -> None:
    """A twin that seems slower than its distilled network is so by noise."""
    assert cpu_twin_epochs(network(train=18.0), 1, known(trained(5, "twin", train=20.0))) == 20


def test_twins_for_the_same_seconds_all_have_one_length() -> None:
    """Twins of further seeds take the epochs of existing twins; those of a failed one do not count."""
    pair, earlier = trained(5, "twin", train=20.0), trained(5, "cpu-twin", epochs=33, train=31.0)
    assert cpu_twin_epochs(network(train=30.0), 3, known(pair, earlier)) == 33
    failed = trained(5, "cpu-twin", epochs=33, reason="killed")
    assert cpu_twin_epochs(network(train=30.0), 3, known(pair, failed)) == 30


def test_without_a_pair_nothing_is_known_of_the_length() -> None:
    """Where every twin failed there is none for the same seconds."""
    assert cpu_twin_epochs(network(train=30.0), 1, known(trained(5, "twin", reason="killed"))) is None


def test_where_the_same_epochs_take_the_same_seconds_the_twin_is_both() -> None:
    """Nothing is trained twice."""
    kept = trainings_of(network(train=20.1), 1, known(trained(5, "twin", train=20.0)))
    assert [(one.kind, one.epochs, one.cpu_seconds) for one in kept] == [("twin", 20, 20.0), ("cpu-twin", 20, 20.0)]


def test_a_network_is_confirmed_once_all_its_trainings_are_there() -> None:
    """Failed ones are tried again, also those of seeds that an earlier run asked for; plain networks have no twins."""
    whole = [trained(5, "own"), trained(5, "twin"), trained(5, "cpu-twin")]
    assert not is_confirmed(network(), 1)
    assert is_confirmed(confirmed(network(), *whole), 1)
    assert not is_confirmed(confirmed(network(), *whole), 2)
    assert not is_confirmed(confirmed(network(), *whole[:2]), 1)
    assert not is_confirmed(confirmed(network(), *whole[:2], trained(5, "cpu-twin", reason="killed")), 1)
    assert not is_confirmed(confirmed(network(), *whole, asked=2), 1)
    assert is_confirmed(confirmed(network(loss="none"), trained(5, "own"), trained(6, "further"), asked=2), 1)


def confirmed(trial: StoredTrial, *trainings: Training, asked: int = 1) -> StoredTrial:
    """Add a confirmation to a trial."""
    confirmation = Confirmation(number=trial.number, asked_seeds=asked, trainings=list(trainings), cost=COST)
    return trial.model_copy(update={"confirmation": confirmation})


@pytest.mark.parametrize("module", ["sqlalchemy", "optuna", "ray"])
def test_workers_need_no_sql(module: str) -> None:
    """Code of workers loads neither the study nor its database."""
    code = f"import sys, kdsearch.confirm.trainings; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_weight_that_the_loss_does_not_read_makes_no_other_training() -> None:
    one = {"loss": "rd-l2", "beta": 0.4, "alpha1": 0.1}
    assert identity_of(one, 0) == identity_of(one | {"alpha1": 0.9, "lambda1": 1.0}, 0)
    assert identity_of(one, 0) != identity_of(one | {"beta": 0.5}, 0)
    assert identity_of(one, 0) != identity_of(one | {"loss": "ord"}, 0)
    assert identity_of(one, 0) != identity_of(one | {"error": "squared"}, 0)
