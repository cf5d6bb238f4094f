"""The version of the code moves with what moves a number, and with nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kdsearch.cache.code import PACKAGE, code_version
from kdsearch.distill.teacher_features import make_tables
from kdsearch.trial.network import trained_network

Edited = Callable[[str, str, str], str]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Hash the training path of a copy of the package in which one file was changed."""

    def hash_of(file: str, before: str, after: str) -> str:
        copy = shutil.copytree(PACKAGE, tmp_path / str(len(list(tmp_path.iterdir()))) / PACKAGE.name)
        text = (copy / file).read_text()
        assert before in text
        (copy / file).write_text(text.replace(before, after))
        return code_version(trained_network.__module__, copy)

    return hash_of


def test_comments_docstrings_and_layout_change_no_hash(edited: Edited) -> None:
    own = code_version(trained_network.__module__)
    assert edited("models/lightst.py", "class Lightst(", "# a comment of many words\n\n\n\nclass Lightst(") == own
    assert edited("distill/losses.py", "FLOOR = 1.0\n", "FLOOR = (\n    1.0\n)\n") == own
    assert edited("training/plan.py", '"""How to train.', '"""The way to train.') == own
    assert edited("distill/losses.py", '"""Real-unit readings', '"""Readings in real units') == own


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("distill/losses.py", "FLOOR = 1.0", "FLOOR = 1.5"),
        ("training/fit.py", "network.train()", "network.eval()"),
        ("trial/network.py", "torch.manual_seed(seed)", "torch.manual_seed(seed + 1)"),
        ("models/d2stgnn/size.py", "DEFAULT_DEPTH: ClassVar[int] = 2", "DEFAULT_DEPTH: ClassVar[int] = 3"),
        ("data/profile.py", "RANK = 8", "RANK = 9"),
    ],
)
def test_whatever_training_runs_changes_its_hash(edited: Edited, file: str, before: str, after: str) -> None:
    assert edited(file, before, after) != code_version(trained_network.__module__)


def test_what_training_does_not_run_leaves_its_hash_alone(edited: Edited) -> None:
    own = code_version(trained_network.__module__)
    assert edited("measure/latency.py", "WARM_UP = 3", "WARM_UP = 4") == own
    assert edited("report/numbers.py", "def count", "X = 1\n\n\ndef count") == own
    assert edited("__init__.py", "__all__ = [", '__all__ = [\n    "x",') == own


def test_teacher_features_have_a_hash_of_their_own() -> None:
    assert code_version(make_tables.__module__) != code_version(trained_network.__module__)
