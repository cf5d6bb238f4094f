"""Claims on exported files: the speed of a student's forecast of nine steps relative to its teacher's."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import Claim, median_seconds
from benchmarks.roads import roads
from kdsearch.deploy.export import export_onnx
from kdsearch.deploy.onnx_forecaster import INPUTS, session
from kdsearch.models import Forecaster, Stgcn, StgcnSize
from tests.deploy.parts import whole_parts

__all__ = ["claims"]

NODES = 170
HORIZON = 9
ROUNDS = 100


class WindowByWindow(Stgcn):
    """STGCN as published, with each step forecast from a whole window."""

    forecast_segments = Forecaster.forecast_segments


def forecast(folder: Path, network: Stgcn) -> Callable[[], object]:
    """Export a network; give a call of one window through its file by the caller's single thread."""
    path = folder / f"{len(list(folder.iterdir()))}.onnx"
    checkpoint, target, windows = whole_parts(network, roads(NODES), HORIZON)
    export_onnx(checkpoint, target, path, windows)
    time = windows.times[:1].astype("datetime64[s]").astype(np.int64)
    values = dict(zip(INPUTS, (windows.readings[:1], time), strict=True))
    return partial(session(path, threads=1).run, ["forecast"], values)


def claims() -> Iterator[Claim]:
    """Measure all claims in one alternation."""
    torch.manual_seed(0)
    graph, teacher, student = roads(NODES), StgcnSize.of_width(32), StgcnSize.of_width(2)
    networks = {
        "published teacher": WindowByWindow(graph, teacher),
        "teacher": Stgcn(graph, teacher),
        "student": Stgcn(graph, student),
        "direct student": Stgcn(graph, student, outputs=HORIZON),
    }
    with tempfile.TemporaryDirectory() as folder:
        seconds = median_seconds({name: forecast(Path(folder), one) for name, one in networks.items()}, ROUNDS)
    published = seconds["published teacher"]
    yield Claim("exported forecast, published teacher to 3 % student", published / seconds["student"], 8)
    yield Claim("exported forecast, published teacher to direct 3 % student", published / seconds["direct student"], 25)
    yield Claim("exported forecast, column by column: teacher to student", seconds["teacher"] / seconds["student"], 7)
