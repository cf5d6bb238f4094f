"""Files of 8 bits: the forecasts of the rounded network, smaller, and what is said of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from kdsearch.data.profile import Profile, Scaler
from kdsearch.deploy.card import Card, Rounding
from kdsearch.deploy.folder import write_folder
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.onnx_forecaster import OnnxForecaster
from kdsearch.deploy.quantise import int8_checkpoint, quantised
from kdsearch.deploy.rounding_cost import rounding_sentences
from kdsearch.deploy.whole import WholeForecaster, example_inputs
from kdsearch.errors import StudyError
from kdsearch.models import DataShape, new_forecaster
from tests.deploy.parts import whole_parts

NODES, HORIZON, SLOTS = 40, 3, 96
ROAD = np.roll(np.eye(NODES), 1, axis=1) + np.roll(np.eye(NODES), -1, axis=1)


def kept(family: str, width: int, outputs: int = HORIZON, calendar: str = "none") -> KeptNetwork:
    """A network with weights that make every layer matter."""
    torch.manual_seed(0)
    network = new_forecaster(family, width, None, ROAD, DataShape(NODES, SLOTS), outputs=outputs, history=12)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    checkpoint, target, windows = whole_parts(network, ROAD, HORIZON, interval_minutes=15)
    profile = {"none": None, "table": table(), "low-rank": low_rank()}[calendar]
    facts: dict[str, Any] = {"family": family, "dataset": "ring", "data_hash": "0", "protocol": "own"}
    card = Card(
        study="ring", network="trial 7", protocol_hash="1", protocol_text="12 in", weights=3, stored_numbers=4,
        metrics={"val": {"mae": {"all": 1.5}, "rmse": {"all": 2}}}, kdsearch="0.1", target=target, **facts,
    )  # fmt: skip
    return KeptNetwork(replace(checkpoint, scaler=Scaler(50.0, 10.0, profile)), card, windows)


def table() -> Profile:
    return Profile("table", np.random.default_rng(1).normal(0, 9, (3, SLOTS, NODES)).astype(np.float32))


def low_rank() -> Profile:
    randomness = np.random.default_rng(1)
    coefficients = randomness.normal(0, 50, (3 * 17, 4)).astype(np.float32)
    return Profile.of_factors(coefficients, randomness.normal(0, 1, (4, NODES)).astype(np.float32), SLOTS, None)


@pytest.mark.parametrize(
    ("family", "width", "outputs", "calendar"),
    [
        pytest.param("stgcn", 4, HORIZON, "table", marks=pytest.mark.long),
        ("stgcn", 4, 1, "none"),
        ("stid", 15, HORIZON, "low-rank"),
        pytest.param("lightst-teacher", 16, HORIZON, "none", marks=pytest.mark.long),
    ],
)
def test_an_int8_file_forecasts_what_its_rounded_network_does(
    tmp_path: Path, family: str, width: int, outputs: int, calendar: str
) -> None:
    """And not what the network of float numbers does; large constants have 8 bits, or 16 in the calendar."""
    network = kept(family, width, outputs, calendar)
    rounded = quantised(network)
    said: list[str] = []
    files = write_folder(rounded, tmp_path, on_message=said.append)
    file = OnnxForecaster(tmp_path / "model.onnx")
    made = torch.from_numpy(file.run(rounded.windows.readings, rounded.windows.times).forecast)
    with torch.no_grad():
        inputs = example_inputs(network.windows)
        before, after = (
            WholeForecaster(one, network.card.target).eval()(*inputs)[0]
            for one in (network.checkpoint, int8_checkpoint(network.checkpoint))
        )
    assert (made - after).abs().max() < 1e-4 * after.abs().max()
    assert (made - before).abs().max() > 1e-3 * after.abs().max()
    graph = onnx.load(files[0]).graph
    wide = [one for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) > 1]
    assert sum(int(np.prod(one.dims)) for one in wide) < 1100  # scales, small matrices, coefficients of the calendar
    card = Card.model_validate_json((tmp_path / "card.json").read_text())
    assert card.rounding is not None
    assert card.rounding.change == pytest.approx(float((after - before).abs().mean()), rel=1e-4)
    assert card.rounding.bytes["int8"] == files[0].stat().st_size
    assert card.rounding.bytes["int8"] < 0.8 * card.rounding.bytes["float"]
    assert file.card.numbers == "int8"
    assert file.card.rounding == card.rounding.model_copy(update={"bytes": {}, "latency_ms": {}})
    assert "Weights have 8 bits" in (tmp_path / "card.md").read_text()
    assert said[0].startswith(f"int8: {card.rounding.bytes['int8']:,} bytes in place of ")
    assert f"forecasts move by {card.rounding.change:.2g} mph on average" in said[0]


def test_a_network_is_rounded_once() -> None:
    rounded = quantised(kept("stid", 4))
    assert quantised(rounded) is rounded


def test_a_format_without_numbers_of_8_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="format torch holds float numbers alone; for int8 choose onnx or c"):
        write_folder(quantised(kept("stid", 4)), tmp_path, ["onnx", "torch"])
    assert not list(tmp_path.iterdir())


def test_a_file_that_gains_nothing_is_warned_of() -> None:
    worse = Rounding(change=0.1, bytes={"float": 900, "int8": 900}, latency_ms={"float": 0.1, "int8": 0.2})
    said = rounding_sentences(worse, "")
    assert said[1:] == [
        "warning: the int8 file is not smaller than the float one; export without int8",
        "warning: the int8 file takes 2.00 times as long as the float one",
    ]
    better = Rounding(change=0.1, bytes={"float": 900, "int8": 500}, latency_ms={"float": 0.1, "int8": 0.105})
    assert len(rounding_sentences(better, "")) == 1
