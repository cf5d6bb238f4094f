"""A training that was killed goes on where it was kept, and ends with the same bits."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kdsearch.cache import heard_by
from kdsearch.data.protocols import SplitSeries
from kdsearch.record import CurvePoint
from kdsearch.trial.kept_training import KeptTraining
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import TrainedNetwork, cached_network, cached_threads, training_under_way

EPOCHS = 6
SETTINGS = {"width": 2, "epochs": EPOCHS, "averaged": 0.4}

KILLED = f"""
import sys
from kdsearch.cache import heard_by
from kdsearch.data.protocols import PROTOCOLS, split_series
from kdsearch.testing import ring_road
from kdsearch.trial import kept_training
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import cached_network

kept_training.LEAST_SECONDS = kept_training.LEAST_RATIO = 0
after_epoch = kept_training.KeptTraining.after_epoch

def waiting(kept, curve, packed):
    after_epoch(kept, curve, packed)
    print("epoch", len(curve), flush=True)
    sys.stdin.readline()

kept_training.KeptTraining.after_epoch = waiting
series = split_series(ring_road(), PROTOCOLS["stgcn"])
with heard_by(lambda sentence: print(sentence, flush=True)):
    cached_network(series, teacher_config(series, "best", {SETTINGS}), 0, training_threads=1)
"""


def trained(series: SplitSeries, **changes: object) -> tuple[TrainedNetwork, list[CurvePoint], list[str]]:
    """Train in this process, or go on, and list what is said."""
    said: list[str] = []
    with heard_by(said.append):
        config = teacher_config(series, "best", SETTINGS | changes)
        network, record = cached_network(series, config, 0, training_threads=1)
    return network, record.curve, said


def killed_after(epochs: int) -> None:
    """Train in a process of its own, and kill it after so many epochs."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for epoch in range(1, epochs + 1):
            assert process.stdout.readline() == f"epoch {epoch}\n"
            if epoch < epochs:
                process.stdin.write("\n")
        process.kill()


def test_a_killed_training_goes_on_and_ends_with_the_same_bits(
    series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights, errors and curve, seconds apart; what was kept is deleted at the end."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "killed"))
    killed_after(4)
    assert [path.suffix for path in kept_in(tmp_path / "killed")] == [".training"]
    network, curve, said = trained(series)
    assert said == [f"the training of stgcn-2 goes on from epoch 5 of {EPOCHS}"]
    assert not list((tmp_path / "killed" / "teachers").glob("*.*"))
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "whole"))
    whole, whole_curve, said = trained(series)
    assert not said
    assert network.checkpoint.hash == whole.checkpoint.hash
    assert [one.model_copy(update={"cpu_seconds": 0}) for one in curve] == [
        one.model_copy(update={"cpu_seconds": 0}) for one in whole_curve
    ]


def kept_in(cache: Path) -> list[Path]:
    return list((cache / "teachers").glob("*.training"))


def test_ctrl_c_says_where_it_goes_on(series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other settings are another training, which leaves it alone."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path))
    after_epoch, said = KeptTraining.after_epoch, list[str]()

    def stopped(kept: KeptTraining, curve: list[CurvePoint], packed: Callable[[], bytes]) -> None:
        monkeypatch.setattr(kept, "_next", 0.0)
        if len(curve) == 4:
            raise KeyboardInterrupt
        after_epoch(kept, curve, packed)

    monkeypatch.setattr(KeptTraining, "after_epoch", stopped)
    config = teacher_config(series, "best", SETTINGS)
    with heard_by(said.append), pytest.raises(KeyboardInterrupt):
        cached_network(series, config, 0, training_threads=1)
    assert said == [f"the training of stgcn-2 is kept; it goes on from epoch 4 of {EPOCHS}"]
    assert training_under_way(series, config, 0, 7, "cpu") == (1, 3)
    assert training_under_way(series, config, 1, 7, "cpu") is None
    assert cached_threads(series, config, 0, 7, "cpu") is None
    (file,) = kept_in(tmp_path)
    kept = file.read_bytes()
    assert not trained(series, epochs=1)[2]
    assert file.read_bytes() == kept


@pytest.mark.parametrize("place", [0, 18, -1], ids=["its hash", "its epoch", "its state"])
def test_what_is_damaged_is_thrown_away(place: int, tmp_path: Path) -> None:
    kept = KeptTraining(tmp_path / "it.training", "stgcn-2", EPOCHS)
    keep_now(kept)
    content = bytearray(kept.path.read_bytes())
    content[place] ^= 4
    kept.path.write_bytes(content)
    with pytest.warns(UserWarning, match="kept of the training of stgcn-2 is damaged; it begins anew"):
        assert kept.begun() is None


@pytest.mark.parametrize("length", [0, 10, 16])
def test_what_is_cut_is_thrown_away(length: int, tmp_path: Path) -> None:
    kept = KeptTraining(tmp_path / "it.training", "stgcn-2", EPOCHS)
    keep_now(kept)
    kept.path.write_bytes(kept.path.read_bytes()[:length])
    with pytest.warns(UserWarning, match="it begins anew"):
        assert kept.begun() is None


def keep_now(kept: KeptTraining, state: bytes = b"state") -> None:
    """Keep it after its second epoch, whenever it was kept before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "_next", 0.0)
        kept.after_epoch([POINT, POINT], lambda: state)


POINT = CurvePoint(epoch=1, phase="train", cpu_seconds=1, train_loss=1)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    kept = KeptTraining(tmp_path / "it.training", "stgcn-2", 2)
    assert kept.begun() is None
    keep_now(kept)
    said: list[str] = []
    with heard_by(said.append):
        assert KeptTraining(kept.path, "stgcn-2", 2).begun() == b"state"
    assert said == ["the training of stgcn-2 goes on after its last epoch, 2"]
    kept.forget()
    kept.forget()
    assert not list(tmp_path.iterdir())


def test_keeping_takes_a_two_hundredth_of_the_time_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock of the test: an epoch takes 0.3 s, and keeping it 0.05 s."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    kept, times = KeptTraining(tmp_path / "it.training", "stgcn-2", 1000), list[float]()

    def packed() -> bytes:
        nonlocal now
        now += 0.05
        times.append(now)
        return b"state"

    for _ in range(1000):
        now += 0.3
        kept.after_epoch([POINT], packed)
    assert times[0] < 102
    assert 0.05 * len(times) < (now - 100) / 200 + 0.05
    assert len(times) > 25


def test_a_full_disk_ends_no_training(tmp_path: Path) -> None:
    """It is said once."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    kept = KeptTraining(tmp_path / "it.training", "stgcn-2", EPOCHS)
    (tmp_path / "it.training.new").symlink_to("/dev/full")
    said: list[str] = []
    with heard_by(said.append):
        keep_now(kept)
        keep_now(kept)
    assert said == [f"the training of stgcn-2 cannot be kept in {tmp_path} (No space left on device); it goes on"]
    assert not kept.path.exists()
