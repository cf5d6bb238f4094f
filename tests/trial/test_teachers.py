"""A teacher comes out of a damaged cache as it went in: what is damaged is made again, and said."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from kdsearch.cache import heard_by
from kdsearch.cache.locks import let_go
from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.teacher_features import TeacherTables
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import TrainedNetwork, cached_network, cached_threads

FILES = {
    "teachers": {"manifest.json", "network.npz", "record.json"},
    "forecasts": {"forecasts.npy", "manifest.json"},
    "tables": {"manifest.json", "spatial-block0.graph.npy", "temporal-block0.temporal1.npy"},
}


def opened(series: SplitSeries) -> tuple[TrainedNetwork, TeacherTables, list[str]]:
    """Take teacher and tables from the cache as a new process does, and list what is said."""
    said: list[str] = []
    config = teacher_config(series, "best", {"width": 2, "epochs": 1})
    with heard_by(said.append):
        network, _ = cached_network(series, config, 0, training_threads=1)
        return network, network.tables(series, torch.device("cpu")), said


def another_process(cache: Path) -> Iterator[Path]:
    """Let this process forget what it has checked, and list all files."""
    for folder in cache.glob("*/*"):
        let_go(folder)
    return (path for path in sorted(cache.rglob("*")) if path.is_file())


def test_every_file_is_made_again_after_a_flipped_byte(
    series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in the middle, which few formats notice; `tests/cache/test_manifest.py` flips every bit of small files."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path))
    first, tables, said = opened(series)
    assert not said
    pristine = shutil.copytree(tmp_path, tmp_path.with_name("pristine"))
    files = list(another_process(tmp_path))
    for kind, names in FILES.items():
        assert names <= {path.name for path in files if path.parent.parent.name == kind}
    for path in files:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 16
        path.write_bytes(content)
        again, its_tables, said = opened(series)
        assert len(said) == 1, path
        assert said[0].startswith(f"{path.parent.parent.name}/{path.parent.name} of the cache ")
        assert again.hash == first.hash
        np.testing.assert_array_equal(again.forecasts, first.forecasts)
        for name, table in tables.spatial.items():
            np.testing.assert_array_equal(its_tables.spatial[name].kept, table.kept)
        if path.suffix == ".npy":
            assert path.read_bytes() == (pristine / path.relative_to(tmp_path)).read_bytes()
        assert list(another_process(tmp_path)) == files


def test_a_damaged_teacher_is_none_that_takes_no_time(
    series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget is to know that it will be trained."""
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path))
    opened(series)
    config = teacher_config(series, "best", {"width": 2, "epochs": 1})
    assert cached_threads(series, config, 0, 7, "cpu") == 1
    for path in another_process(tmp_path):
        if path.name == "network.npz":
            path.write_bytes(b"")
    assert cached_threads(series, config, 0, 7, "cpu") is None
