"""Bytes of a file before its network is trained: those of the file that is written afterwards."""

from pathlib import Path

import numpy as np
import pytest
import torch

from kdsearch.cache import heard_by
from kdsearch.cache.locks import let_go
from kdsearch.data.profile import Profile, Scaler
from kdsearch.deploy import architecture
from kdsearch.deploy.architecture import ArchitectureFiles
from kdsearch.deploy.export import export_onnx
from kdsearch.models import DataShape, Forecaster, Stgcn, StgcnSize
from kdsearch.models.stid import Stid, StidSize
from tests.deploy.parts import whole_parts

NODES, HORIZON = 5, 3
RING = np.roll(np.eye(NODES), 1, axis=1) + np.roll(np.eye(NODES), -1, axis=1)
SCALER = Scaler(50.0, 10.0, None)


def stgcn(size: StgcnSize, outputs: int = HORIZON) -> Forecaster:
    return Stgcn(RING, size, outputs=outputs)


def stid(width: int) -> Forecaster:
    size = StidSize.of_width(width, 2, DataShape(nodes=NODES, slots=288))
    return Stid(RING, size, outputs=HORIZON, history=12)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArchitectureFiles:
    monkeypatch.setenv("KDSEARCH_CACHE", str(tmp_path / "cache"))
    return ArchitectureFiles(whole_parts(stid(2), RING, HORIZON)[1], RING, facts_bytes=0)


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (stgcn(StgcnSize.of_width(2)), stgcn(StgcnSize.of_width(5))),
        (stid(2), stid(7)),
    ],
    ids=["stgcn", "stid"],
)
def test_the_file_of_one_network_tells_the_bytes_of_others(
    first: Forecaster, other: Forecaster, files: ArchitectureFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To 2 %, without a second file; that of the architecture has the bytes of a trained network's to the last one."""
    before = torch.random.get_rng_state()
    files.foreseen_bytes(first, SCALER)
    assert torch.equal(torch.random.get_rng_state(), before)  # a trial trains alike, whatever the cache holds
    with monkeypatch.context() as patch:
        patch.setattr(architecture, "architecture_onnx", None)
        foreseen = files.foreseen_bytes(other, SCALER)
    torch.manual_seed(1)
    for parameter in other.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    checkpoint, target, windows = whole_parts(other, RING, HORIZON)
    export_onnx(checkpoint, target, tmp_path / "model.onnx", windows)
    written = (tmp_path / "model.onnx").stat().st_size
    assert foreseen == pytest.approx(written, rel=0.02)
    assert files.exact_bytes(other, SCALER) == written


def test_another_calendar_or_other_operators_need_another_file(
    files: ArchitectureFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second network of the same form needs none."""
    made: list[Path] = []

    def note(_checkpoint: object, _target: object, path: Path, _windows: object) -> None:
        made.append(path)
        path.touch()

    monkeypatch.setattr(architecture, "architecture_onnx", note)
    direct, iterated = stgcn(StgcnSize.of_width(2)), stgcn(StgcnSize.of_width(2), outputs=1)
    calendar = Scaler(50.0, 10.0, Profile("table", np.ones((3, 288, NODES), dtype=np.float32)))
    for network, scaler in ((direct, SCALER), (iterated, SCALER), (direct, calendar), (direct, SCALER)):
        files.foreseen_bytes(network, scaler)
    assert len(made) == 3


def test_damaged_files_are_made_again_and_said(
    files: ArchitectureFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(architecture, "architecture_onnx", lambda *given: given[2].write_bytes(bytes(9000)))
    before = files.foreseen_bytes(stid(2), SCALER), files.exact_bytes(stid(2), SCALER)
    for path in [*tmp_path.glob("cache/files/*/model.onnx"), *tmp_path.glob("cache/operators/*/bytes")]:
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.write_bytes(content)
        let_go(path.parent)
    said: list[str] = []
    with heard_by(said.append):
        assert (files.foreseen_bytes(stid(2), SCALER), files.exact_bytes(stid(2), SCALER)) == before
    assert sorted(sentence.split("/")[0] for sentence in said) == ["files", "operators"]
