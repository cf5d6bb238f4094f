"""A small space, a study on a real SQLite file, and an evaluator that needs no training."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from kdsearch.costs import Cost, Latency
from kdsearch.measure.objectives import OBJECTIVES, Objective
from kdsearch.record import ShouldContinue, TrialRecord
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.space.files import load_space
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

SPACE = """
name = "small"
dataset = "demo"
protocol = "stgcn"
[parameters.route]
choices = ["student", "prune"]
[parameters.width]
low = 1
high = 8
kind = "int"
when = { route = ["student"] }
[parameters.keep]
low = 0.01
high = 0.5
log = true
when = { route = ["prune"] }
[parameters.epochs]
value = 3
[[points]]
cite = "first"
route = "student"
width = 2
[[points]]
cite = "second"
route = "prune"
keep = 0.03
"""


def make_record(params: dict[str, Any], seed: int, mae: float) -> TrialRecord:
    """Make a record; its latency falls as its error grows."""
    latency = Latency(
        p50=10 / (1 + abs(mae)) if math.isfinite(mae) else 1.0,
        p95=2.0,
        p2=1.0,
        batch=1,
        threads=1,
        device="cpu",
        repeats=10,
    )
    cost = Cost(parameters=100, stored_numbers=120, flops=1000, product_flops=900, latency_ms=latency)
    return TrialRecord(
        state="COMPLETE",
        route=params["route"],
        params=params,
        seed=seed,
        metrics={"val": {"mae": {"15": mae, "all": mae}}},
        cost=cost,
    )


def make_evaluator(act: Callable[[dict[str, Any]], float] | None = None) -> Evaluator:
    """Make an evaluator; its error is a formula of the parameters, or the result of `act`."""

    class Formula:
        def evaluate(
            self, params: dict[str, Any], seed: int, should_continue: ShouldContinue
        ) -> tuple[TrialRecord, bytes | None]:
            if not should_continue(make_record(params, seed, math.nan), 0.0):
                return make_record(params, seed, math.nan), None
            mae = act(params) if act else 1 / params.get("width", 100 * params.get("keep", math.nan))
            return make_record(params, seed, mae), b"weights"

    return Formula()


@pytest.fixture
def evaluator() -> Callable[..., Evaluator]:
    """Give the function that makes evaluators."""
    return make_evaluator


@pytest.fixture
def record() -> Callable[..., TrialRecord]:
    """Give the function that makes records."""
    return make_record


@pytest.fixture
def space(tmp_path: Path) -> SearchSpace:
    """Load a space of two routes, each with a parameter of its own, and two points."""
    path = tmp_path / "small.toml"
    path.write_text(SPACE)
    return load_space(path)


@pytest.fixture
def meta(space: SearchSpace) -> StudyMeta:
    """Make the metadata of a study of mean absolute error and latency."""
    return StudyMeta(
        study="city",
        dataset="demo",
        protocol="stgcn",
        objectives=["mae", "latency"],
        data_hash="d",
        protocol_hash="p",
        teacher_hash=None,
        space_name=space.name,
        space_text=space.text,
        sampler="tpe",
        seed=7,
        data_note="",
        protocol_text="",
        command="kdsearch run",
        created="2026-11-20T12:00:00",
        versions={},
    )


@pytest.fixture
def url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Give the address of a SQLite file that does not exist yet, nor does its folder.

    Parametrised with "postgresql", give that of an empty database on a server.
    """
    if getattr(request, "param", "sqlite") == "postgresql":
        address: URL = request.getfixturevalue("postgresql")
        return address.render_as_string(hide_password=False)
    return f"sqlite:///{tmp_path / 'city' / 'study.db'}"


@pytest.fixture
def store(url: str, meta: StudyMeta) -> Iterator[StudyStore]:
    """Create a study without trials."""
    opened = StudyStore.create(url, meta)
    yield opened
    opened.close()


@pytest.fixture
def objectives() -> list[Objective]:
    """List the objectives of the study `meta`."""
    return [OBJECTIVES["mae"], OBJECTIVES["latency"]]
