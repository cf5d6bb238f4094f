"""A study as a search leaves it, with made-up numbers of a plausible size, in a real database."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from kdsearch.breakdown import Breakdown, Covered, CoveredSums
from kdsearch.costs import Cost, Latency, Pace
from kdsearch.data.protocols import PROTOCOLS
from kdsearch.record import Baseline, Confirmation, CurvePoint, Metrics, Training, TrainingKind, TrialRecord
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

HOSTILE = "<script>alert('x')</script>&\"city\""
"""A dataset's name that must come out as text."""

TEACHER_PARAMETERS, TEACHER_FLOPS, TEACHER_MS = 298_810, 1_240_000_000, 21.4


def metrics_of(error: float, *splits: str) -> Metrics:
    """Errors that grow with the horizon around their mean."""
    growth = {"15": 0.96, "30": 1.0, "45": 1.05, "all": 1.0}
    return {
        split: {name: {key: factor * error * size for key, factor in growth.items()} for name, size in _METRICS.items()}
        for split in splits
    }


_METRICS = {"mae": 1.0, "rmse": 1.55, "mape": 0.6}


def cost_of(parameters: int, flops: float, milliseconds: float, profile: int = 0) -> Cost:
    """A cost at batch 1 with a little jitter above the median."""
    latency = Latency(
        p50=milliseconds, p95=1.18 * milliseconds, p2=milliseconds, batch=1, threads=1, device="cpu", repeats=50
    )
    return Cost(
        parameters=parameters,
        stored_numbers=parameters + profile,
        flops=int(flops),
        product_flops=int(0.97 * flops),
        latency_ms=latency,
        latency_ratio=milliseconds / TEACHER_MS,
    )


def breakdown_of(error: float) -> Breakdown:
    """Errors of three sensors, the last without a reading, and bounds that hold less in the second week."""

    def covered(first: int, second: int) -> Covered:
        weeks: list[CoveredSums] = [(first, 100, 5000.0), (second, 100, 5000.0)]
        both = first + second, 200, 10000.0
        return Covered(
            overall=both,
            horizon={"15": weeks[0], "45": weeks[1]},
            week={"2016-08-22": weeks[0], "2016-08-29": weeks[1]},
            sensor=[(first, 100, 4000.0), (second, 100, 6000.0), (0, 0, 0.0)],
        )

    return Breakdown(
        sensor=[(90 * error, 100), (110 * error, 100), (0.0, 0)],
        hour=[(20 * error, 20)] * 10 + [(0.0, 0)] * 14,
        weekday=[(100 * error, 100)] * 2 + [(0.0, 0)] * 5,
        level=0.9,
        fixed=covered(91, 79),
        adaptive=covered(90, 88),
    )


def baselines() -> list[Baseline]:
    """The lines of a study in which the teacher loses to no line."""
    return [
        Baseline(name="last value", role="naive", metrics=metrics_of(23.6, "val", "test")),
        Baseline(
            name="calendar profile",
            role="naive",
            metrics=metrics_of(17.4, "val", "test"),
            cost=cost_of(0, 170, 0.02, 147_000),
        ),
        Baseline(
            name="teacher",
            role="teacher",
            metrics=metrics_of(14.2, "val", "test"),
            breakdown=breakdown_of(14.2),
            cost=cost_of(TEACHER_PARAMETERS, TEACHER_FLOPS, TEACHER_MS, 147_000),
        ),
    ]


def record_of(number: int) -> TrialRecord:
    """One made-up trial: wider is better, deviations from the calendar are much better, a tenth go wrong."""
    generator = np.random.default_rng(number)
    scale = math.exp(generator.uniform(math.log(0.006), math.log(0.4)))
    route = str(generator.choice(["student", "prune", "student-prune"]))
    params: dict[str, Any] = {
        "route": route,
        "loss": str(generator.choice(["none", "rd-l2", "rd-kl", "ord", "stcd"])),
        "input": str(generator.choice(["deviation", "raw"], p=[0.7, 0.3])),
        "decoding": str(generator.choice(["direct", "iterated"], p=[0.8, 0.2])),
        "learning_rate": float(generator.uniform(1e-3, 1e-2)),
        "epochs": int(generator.integers(30, 130)),
    }
    error = 14.3 + 0.012 / scale + generator.gamma(1.5, 0.3)
    error += (2.9 if params["input"] == "raw" else 0.0) + (0.5 if params["decoding"] == "iterated" else 0.0)
    passes = 9 if params["decoding"] == "iterated" else 1
    profile = 147_000 if params["input"] == "deviation" else 0
    state = "FAIL" if number % 13 == 12 else "PRUNED" if number % 5 == 4 else "COMPLETE"
    milliseconds = passes * (0.35 + 20 * scale) * generator.uniform(1, 1.3)
    epochs = params["epochs"] if state == "COMPLETE" else params["epochs"] // 3
    curve = [
        CurvePoint(
            epoch=epoch,
            phase="train",
            cpu_seconds=epoch * (0.3 + scale),
            train_loss=error / (2 * epoch),
            val_mae=error + 30 * math.exp(-epoch / 6) + generator.normal(0, 0.3) * math.exp(-epoch / 30),
        )
        for epoch in range(2, epochs + 1, 4)
    ]
    reasons = {"FAIL": "the loss was not finite in epoch 7", "PRUNED": "stopped at a third of its epochs"}
    return TrialRecord(
        state=state,
        reason=reasons.get(state),
        route=route,
        params=params,
        seed=number,
        metrics=metrics_of(error, "train", "val") if state != "FAIL" else {},
        cost=cost_of(int(scale * TEACHER_PARAMETERS), passes * scale * TEACHER_FLOPS, milliseconds, profile),
        seconds={"train": 10.0, "measure": 0.5},
        curve=curve,
    )


def confirmation_of(number: int, record: TrialRecord, gain: float = 0.15) -> Confirmation:
    """Three seeds; without a teacher each errs by about `gain` more, by half of it for the same CPU seconds."""
    assert record.cost is not None
    assert record.cost.latency_ms is not None
    error = record.metrics["val"]["mae"]["all"]
    quiet = 0.8 * record.cost.latency_ms.p50
    cost = cost_of(
        record.cost.parameters, record.cost.flops, quiet, record.cost.stored_numbers - record.cost.parameters
    ).model_copy(update={"latency_batch_ratio": 1.7 * quiet / TEACHER_MS})
    kinds: dict[TrainingKind, float] = {"further": 0.0}
    if record.params["loss"] != "none":
        kinds |= {"twin": gain, "cpu-twin": gain / 2}
    trainings = []
    for kind, more in kinds.items():
        epochs, seconds = (45, 100.0) if kind == "cpu-twin" else (30, 60.0 if kind == "twin" else 98.0)
        for seed in (1, 2, 3):
            spread = (0.03 if kind == "further" else 0.06) * (seed - 1)
            trainings.append(
                Training(
                    number=number,
                    seed=seed,
                    kind="own" if (kind, seed) == ("further", 1) else kind,
                    epochs=epochs,
                    seconds={"train": seconds, "measure": 5.0},
                    metrics=metrics_of(error + more + spread, "val", "test"),
                )
            )
    return Confirmation(
        number=number,
        asked_seeds=3,
        trainings=trainings,
        cost=cost,
        breakdown=breakdown_of(error),
        pace=Pace(before=1.02, after=0.97, others=0.03),
    )


def meta_of(dataset: str) -> StudyMeta:
    """A study of the error and the latency."""
    return StudyMeta(
        study="pemsd8-mae-latency",
        dataset=dataset,
        protocol="stgcn",
        objectives=["mae", "latency"],
        data_hash="d",
        protocol_hash="p",
        teacher_hash="t",
        space_name="stgcn",
        space_text="",
        sampler="tpe",
        seed=0,
        data_note="a part of the public file: 7156 of 17856 steps, flow only",
        protocol_text="protocol stgcn: 12 steps in, 9 out, reported at 15, 30, 45 minutes; 77 % / 11 % / 11 % of the "
        "days for training, validation and test, in order of time",
        command="kdsearch run --dataset pemsd8 --objective mae,latency --budget 15m",
        created="2026-03-02T14:05:00",
        versions={"kdsearch": "0.1.0", "torch": "2.13.0", "optuna": "5.0.0", "python": "3.11.9"},
        reference_point=[17.4, TEACHER_MS],
    )


def whole_meta(dataset: str, protocol: str, channel: int | None) -> StudyMeta:
    """A study on a dataset's whole public files."""
    protocol_hash = replace(PROTOCOLS[protocol].published, channel=channel).hash
    fields = {"protocol": protocol, "protocol_hash": protocol_hash, "data_note": "the whole public file"}
    return meta_of(dataset).model_copy(update=fields)


def fill(store: StudyStore, trials: int) -> None:
    """Puts made-up trials into the Optuna study, and keeps their records and the references."""
    for number in range(trials):
        record = record_of(number)
        values = None
        if record.state == "COMPLETE":
            assert record.cost is not None
            assert record.cost.latency_ms is not None
            values = [record.metrics["val"]["mae"]["all"], record.cost.latency_ms.p50]
        store.optuna_study.add_trial(optuna.trial.create_trial(state=TrialState[record.state], values=values))
        store.save_record(number, record, None)
    for baseline in baselines():
        store.save_baseline(baseline)


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[StudyStore]:
    """A study of which nothing has run yet."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    store = StudyStore.create(f"sqlite:///{tmp_path}/study.db", meta_of(HOSTILE))
    yield store
    store.close()


@pytest.fixture
def searched(empty_store: StudyStore) -> StudyStore:
    """Thirty trials and the references, nothing confirmed."""
    fill(empty_store, 30)
    return empty_store


@pytest.fixture
def confirmed(searched: StudyStore) -> StudyStore:
    """The same after the confirmation of its front."""
    for number in summarise(searched).front:
        searched.save_confirmation(confirmation_of(number, record_of(number)))
    return searched


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[StudyStore]:
    """Thirty trials of a study with limits, which about half of them break."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    meta = meta_of("pemsd8").model_copy(update={"constraints": ["mae<=110%", "latency<=3", "params<=10%"]})
    store = StudyStore.create(f"sqlite:///{tmp_path}/limited.db", meta)
    fill(store, 30)
    yield store
    store.close()


@pytest.fixture
def with_published(confirmed: StudyStore) -> StudyStore:
    """A confirmed study of PEMS08's flow, as LightST and D2STGNN were published on it."""
    confirmed.meta = whole_meta("pemsd8", "six-two-two", channel=0)
    return confirmed
