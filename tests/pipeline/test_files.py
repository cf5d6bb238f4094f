"""Exported files in a run: their bytes, their latency, and what is said where they cannot be made."""

from dataclasses import replace
from pathlib import Path

import pytest

from kdsearch.deploy.folder import write_folder
from kdsearch.deploy.kept import kept_network
from kdsearch.errors import StudyError
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run
from kdsearch.study.storage.listing import find_study
from tests.spaces import TINY_SPACE


def test_bytes_are_those_of_the_file_that_is_exported(tmp_path: Path) -> None:
    """Known before training, by which a network beyond the limit is stopped, and right to 2 % in the end."""
    points = "".join(f'[[points]]\ncite = "own"\nwidth = {width}\n' for width in (1, 3))
    (tmp_path / "tiny.toml").write_text(f"{TINY_SPACE}[parameters.width]\nchoices = [1, 3]\n{points}")
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"),
        objectives="mae,bytes",
        constraints=("bytes<=20kB",),
        trials=2,
        executor="local",
        studies=tmp_path / "studies",
    )
    summary = run(options).summary
    small, large = summary.trials
    assert small.on_front
    assert large.reason is not None
    assert "beyond the limit on bytes" in large.reason
    assert summary.reference_point is not None
    store = find_study("demo-tiny", tmp_path / "studies", None)
    record, networks = store.record(0), {0: small.cost} | {line.name: line.cost for line in summary.baselines}
    assert record is not None
    assert record.cost is not None
    for name in (0, "STID"):
        network, cost = kept_network(store, name), networks[name]
        assert set(network.card.metrics) == {"val", "test"}
        write_folder(network, tmp_path / str(name))
        written = (tmp_path / str(name) / "model.onnx").stat().st_size
        assert cost is not None
        assert cost.file_bytes == pytest.approx(written, rel=0.005)
        assert cost.deployed_ms is not None
        assert cost.deployed_batch_ms is not None
        assert (cost.deployed_ms.batch, cost.deployed_batch_ms.batch) == (1, 64)
        assert cost.deployed_batch_ms.p50 > cost.deployed_ms.p50 > 0
        teacher = networks["teacher"]
        assert teacher is not None
        assert teacher.deployed_ms is not None
        assert cost.deployed_ratio == pytest.approx(cost.deployed_ms.p2 / teacher.deployed_ms.p2)
    assert record.cost.file_bytes == pytest.approx((tmp_path / "0/model.onnx").stat().st_size, rel=0.02)
    store.close()


def test_bytes_without_the_packages_are_refused_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdsearch.pipeline.files.missing_packages", lambda: ["onnx", "onnxscript"])
    options = RunOptions(dataset="nowhere", trials=1)
    for asked in (replace(options, objectives="mae,bytes"), replace(options, constraints=("bytes<=5%",))):
        with pytest.raises(StudyError, match=r"onnx, onnxscript are not installed; pip install 'kdsearch\[onnx\]'"):
            run(asked)
    with pytest.raises(StudyError, match="latency is that of each network's exported file"):
        run(replace(options, runtime="onnx"))


def test_latency_is_that_of_the_file_where_the_runtime_is_onnx(tmp_path: Path) -> None:
    """In trials as in the quiet pass, at the pace of the first reading of the teacher's file."""
    (tmp_path / "tiny.toml").write_text(TINY_SPACE)
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"), runtime="onnx", trials=1, executor="local", studies=tmp_path / "studies"
    )
    first = run(options).summary
    store = find_study("demo-tiny", tmp_path / "studies", None)
    kept = {line.name: line.cost for line in store.baselines()}
    record = store.record(0)
    store.close()
    assert record is not None
    assert record.cost is not None
    assert record.cost.latency_ratio is not None
    assert record.cost.file_bytes is not None
    for cost in [first.trials[0].cost, *(line.cost for line in first.baselines if line.role != "naive")]:
        assert cost is not None
        assert cost.latency_ms is not None
        assert cost.deployed_ms is not None
        assert 0.5 < cost.deployed_ms.p2 / cost.latency_ms.p2 < 2, "both are of the file"
    said: list[str] = []
    again = run(replace(options, trials=2), said.append).summary
    assert any(sentence.startswith("teacher: that of the study") for sentence in said)
    teacher = kept["teacher"]
    assert teacher is not None
    assert again.teacher is not None
    assert again.teacher.cost is not None
    assert teacher.latency_ms is not None
    assert again.teacher.cost.latency_ms is not None
    assert again.teacher.cost.latency_ms.p50 == pytest.approx(teacher.latency_ms.p50)
    with pytest.raises(StudyError, match=r"other settings: runtime 'onnx' \(now 'torch'\)"):
        run(replace(options, runtime="torch"))


@pytest.mark.usefixtures("own_rows", "measured_files")
def test_a_network_that_no_file_can_be_made_of_is_named_and_the_others_are_measured(tmp_path: Path) -> None:
    network = Path("examples/own_network.py").read_text()
    before = "        hidden = torch.relu(self.first("
    assert before in network
    branching = "        if x.sum() > 1e30:\n            x = 2 * x\n"
    (tmp_path / "own.py").write_text(network.replace(before, branching + before, 1))
    (tmp_path / "tiny.toml").write_text(TINY_SPACE)
    said: list[str] = []
    options = RunOptions(
        space=str(tmp_path / "tiny.toml"),
        trials=1,
        executor="local",
        studies=tmp_path / "studies",
        imports=(str(tmp_path / "own.py"),),
        fixes=("family=dilated",),
    )
    summary = run(options, said.append).summary
    assert any("file of trial 0 is not measured: the network" in sentence for sentence in said), said
    cost, teacher = summary.trials[0].cost, summary.teacher
    assert cost is not None
    assert (cost.file_bytes, cost.deployed_ms) == (None, None)
    assert teacher is not None
    assert teacher.cost is not None
    assert teacher.cost.deployed_ratio == 1
    assert teacher.cost.deployed_memory_bytes is None or teacher.cost.deployed_memory_bytes > 1e6
