"""Exported files: the forecasts of the network, nothing computed anew in each call, a false file refused."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from kdsearch.deploy import export
from kdsearch.deploy.export import INPUT, OUTPUT, export_onnx, export_program, session
from kdsearch.errors import RunError
from kdsearch.models import Stgcn, StgcnSize

NODES = 5
HORIZON = 3


def small(size: StgcnSize, outputs: int = 1, seed: int = 0) -> Stgcn:
    """On a ring road, with weights that make every layer matter."""
    torch.manual_seed(seed)
    ring = np.roll(np.eye(NODES), 1, axis=1) + np.roll(np.eye(NODES), -1, axis=1)
    network = Stgcn(ring, size, outputs=outputs)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network


def forecast_of_file(path: Path, x: torch.Tensor) -> torch.Tensor:
    """``(batch, horizon, node)``."""
    return torch.from_numpy(session(path, threads=1).run([OUTPUT], {INPUT: x.numpy()})[0])


@pytest.mark.parametrize("outputs", [1, HORIZON], ids=["iterated", "direct"])
@pytest.mark.parametrize(("size", "batch"), [(StgcnSize.of_width(4), 1), (StgcnSize((3, 2), (5, 4), 3), 2)])
def test_an_onnx_file_forecasts_what_the_network_does(
    tmp_path: Path, size: StgcnSize, batch: int, outputs: int
) -> None:
    network = small(size, outputs)
    export_onnx(network, tmp_path / "network.onnx", HORIZON, nodes=NODES, batch=batch)
    x = torch.randn(batch, network.history, NODES, 1)
    with torch.no_grad():
        expected = network.forecast(x, HORIZON)
    forecast = forecast_of_file(tmp_path / "network.onnx", x)
    assert forecast.shape == (batch, HORIZON, NODES)
    torch.testing.assert_close(forecast, expected, rtol=0, atol=1e-5)


def test_masked_channels_are_silent_in_the_file(tmp_path: Path) -> None:
    network = small(StgcnSize.of_width(4), HORIZON)
    x = torch.randn(1, network.history, NODES, 1)
    with torch.no_grad():
        whole = network.forecast(x, HORIZON)
        network.set_masks({"head": torch.arange(16) < 9, "block1.hidden": torch.arange(4) < 3})
        masked = network.forecast(x, HORIZON)
    export_onnx(network, tmp_path / "network.onnx", HORIZON, nodes=NODES)
    assert (masked - whole).abs().max() > 1e-3
    torch.testing.assert_close(forecast_of_file(tmp_path / "network.onnx", x), masked, rtol=0, atol=1e-5)


@pytest.mark.parametrize("width", [2, 32])
def test_a_file_computes_nothing_that_does_not_depend_on_its_input(tmp_path: Path, width: int) -> None:
    """Residuals are part of the kernels already, and each kernel is there once, however many steps are unrolled."""
    export_onnx(small(StgcnSize.of_width(width)), tmp_path / "network.onnx", HORIZON, nodes=NODES)
    graph = onnx.load(tmp_path / "network.onnx").graph
    changing = {INPUT}
    for node in graph.node:
        assert changing & set(node.input), f"{node.op_type} of constants"
        changing |= set(node.output)
    kernels = [node.input[1] for node in graph.node if node.op_type == "Conv"]
    assert len(kernels) == 9 * HORIZON
    assert set(kernels) <= {constant.name for constant in graph.initializer}
    assert len(set(kernels)) == 9
    contents = [constant.raw_data for constant in graph.initializer if len(constant.raw_data) > 64]
    assert len(contents) == len(set(contents))


@pytest.mark.parametrize(("write", "name"), [(export_onnx, "network.onnx"), (export_program, "network.pt2")])
def test_a_file_says_nothing_of_the_machine_it_was_written_on(
    tmp_path: Path, write: Callable[..., None], name: str
) -> None:
    write(small(StgcnSize.of_width(2)), tmp_path / name, HORIZON, nodes=NODES)
    assert str(Path(export.__file__).parent).encode() not in (tmp_path / name).read_bytes()


def test_exporting_changes_neither_mode_nor_type(tmp_path: Path) -> None:
    network = small(StgcnSize.of_width(2)).double().train()
    export_onnx(network, tmp_path / "network.onnx", HORIZON, nodes=NODES)
    assert network.training
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float64}


def test_a_program_forecasts_what_the_network_does(tmp_path: Path) -> None:
    network = small(StgcnSize((3, 2), (5, 4), 3))
    export_program(network, tmp_path / "network.pt2", HORIZON, nodes=NODES, batch=2)
    x = torch.randn(2, network.history, NODES, 1)
    with torch.no_grad():
        forecast = torch.export.load(tmp_path / "network.pt2").module()(x)
        torch.testing.assert_close(forecast, network.forecast(x, HORIZON), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("offset", "said"), [(0.02, r"2\.0e-02"), (float("nan"), "nan")])
@pytest.mark.parametrize(("write", "name"), [(export_onnx, "network.onnx"), (export_program, "network.pt2")])
def test_a_file_that_forecasts_otherwise_is_refused_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., None], name: str, offset: float, said: str
) -> None:
    """What is traced is a network with another bias at one node."""
    network, other = (small(StgcnSize.of_width(2), HORIZON) for _ in range(2))
    other.head.node_bias.data[0] += offset
    traced = export._traced
    monkeypatch.setattr(export, "_traced", lambda *_: traced(*export._traceable(other, HORIZON, NODES, 1)))
    with pytest.raises(RunError, match=f"forecast otherwise than its network, by {said} "):
        write(network, tmp_path / name, HORIZON, nodes=NODES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RunError, match=rf"{package}; pip install 'kdsearch\[onnx\]'"):
        export_onnx(small(StgcnSize.of_width(2)), tmp_path / "network.onnx", HORIZON, nodes=NODES)
    assert not list(tmp_path.iterdir())


def test_running_a_file_needs_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RunError, match=r"onnxruntime; pip install 'kdsearch\[onnx\]'"):
        session(tmp_path / "network.onnx", threads=1)
