"""Networks trained once and shared by all trials: the teacher, and the base that pruning may start from."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdsearch.cache import cache_dir, code_version, complete_folder
from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.teacher_features import TeacherTables, make_tables, open_tables
from kdsearch.errors import SpaceError
from kdsearch.extensions import loaded_extensions
from kdsearch.measure.accuracy import forecasts
from kdsearch.measure.bounds import calibrated
from kdsearch.measure.cost import measured_costs
from kdsearch.measure.kept import scored_and_kept
from kdsearch.measure.latency import fixed_threads
from kdsearch.measure.subject import Subject
from kdsearch.models import FAMILIES, Forecaster
from kdsearch.models.precision import Precision
from kdsearch.record import Baseline, Cost, Latency, Role, TrialRecord, installed_versions
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import trained_network
from kdsearch.trial.presets import preset_values

__all__ = [
    "BASE_WIDTH",
    "STID",
    "TEACHER_WIDTH",
    "TrainedNetwork",
    "cached_network",
    "network_baseline",
    "network_key",
    "teacher_config",
]

TEACHER_WIDTH = 32
BASE_WIDTH = 8
TEACHER_EPOCHS = 12

STID: dict[str, Any] = {"family": "stid", "width": 16, "epochs": 40, "learning_rate": 2e-3, "batch": 64}
"""Baseline that a distilled student of its size, 3 % of an STGCN teacher's parameters, has to beat. It sees deviations
from the calendar profile, with which it errs by a tenth less than on raw readings, which it sees as published."""

QUIET_REPEATS = 200


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Cached network to learn from or to prune, with its forecasts for the training windows.

    Attributes:
        forecasts: Forecasts in real units, ``(window, horizon, node)`` float32.
        cost: Cost, measured while nothing else ran.
        cache: The cache that holds it, on the machine that made it.
    """

    hash: str
    checkpoint: Checkpoint
    forecasts: np.ndarray[Any, np.dtype[np.float32]]
    cost: Cost
    cache: Path

    @property
    def latency(self) -> Latency:
        """Latency of one forecast at batch 1."""
        assert self.cost.latency_ms is not None
        return self.cost.latency_ms

    def seen(self, series: SplitSeries, device: torch.device) -> tuple[Forecaster, WindowedSeries]:
        """Build the network, and the series as it sees it."""
        return self.checkpoint.network(device), WindowedSeries(series, self.checkpoint.scaler, device)

    def tables(self, series: SplitSeries, device: torch.device) -> TeacherTables:
        """Open the tables of its features for students, and make them where this machine's cache lacks them.

        Workers on other machines share no disk with the machine that trained it: each machine makes the tables itself,
        from the network and the readings, which is faster than sending them.
        """
        cache = self.cache if os.access(self.cache, os.W_OK) else cache_dir()

        def fill(folder: Path) -> None:
            make_tables(folder, *self.seen(series, device), series.splits["train"].last)

        return open_tables(
            complete_folder(cache / "tables" / f"{self.hash}-{code_version(make_tables.__module__)}", fill)
        )


def teacher_config(series: SplitSeries, preset: str, settings: dict[str, Any]) -> TrialConfig:
    """Compose the configuration of a teacher or base: defaults, then those of a preset, then particular settings.

    Raises:
        SpaceError: Where there is no such preset or setting.
    """
    defaults = {"width": TEACHER_WIDTH, "epochs": TEACHER_EPOCHS, "learning_rate": 2e-3, "batch": 50}
    if misplaced := {"route", "loss"} & set(settings):
        raise SpaceError(f"a teacher is trained plainly; take {misplaced.pop()!r} out of its settings")
    plain = {"route": "student", "loss": "none", "profile": profile_kind(series), "precision": fast_precision()}
    return TrialConfig.of(defaults | plain | preset_values(preset) | settings)


def fast_precision() -> Precision:
    """Choose the fastest precision of this processor that does a teacher no harm (`benchmarks/README.md`)."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def network_key(series: SplitSeries, config: TrialConfig, seed: int, training_threads: int, device: str) -> str:
    """Hash all on which a trained network depends: data, protocol, configuration, seed, threads and code version."""
    data = [series.source.content_hash, series.protocol.hash]
    code = [torch.__version__, code_version(trained_network.__module__)]
    code += [] if FAMILIES.ships(config.family) else [one.hash for one in loaded_extensions()]
    identity = [*data, config.model_dump_json(), seed, training_threads, device, *code]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]


def cached_network(
    series: SplitSeries,
    config: TrialConfig,
    seed: int,
    *,
    training_threads: int,
    device: str = "cpu",
    beside: TrainedNetwork | None = None,
) -> tuple[TrainedNetwork, TrialRecord]:
    """Train a network plainly, or take it from the cache.

    Args:
        series: Series cut by a protocol.
        config: Configuration of the network and its training; its loss must be "none".
        seed: Seed of weights and batches.
        training_threads: Threads inside an operator while it trains; it is timed with one, as trials are.
        device: Device to train on.
        beside: Network to time it with in alternation: the teacher for all others, None for the teacher.

    Returns:
        The network, and the record of its training with the cost as measured now.
    """
    key, cache = network_key(series, config, seed, training_threads, device), cache_dir()
    where = torch.device(device)
    fill = partial(_train_into, series=series, config=config, seed=seed, threads=training_threads, device=where)
    folder = complete_folder(cache / "teachers" / key, fill)
    record = TrialRecord.model_validate_json((folder / "record.json").read_text())
    checkpoint = Checkpoint.from_bytes((folder / "network.npz").read_bytes())
    made = np.load(folder / "forecasts.npy")
    cost = _quiet_cost(series, checkpoint, where, beside)
    return TrainedNetwork(key, checkpoint, made, cost, cache), record.model_copy(update={"cost": cost})


def _train_into(
    folder: Path, series: SplitSeries, config: TrialConfig, seed: int, threads: int, device: torch.device
) -> None:
    """Train a network and write it, its forecasts for the training windows and its record into a folder."""
    with fixed_threads(threads):
        network, scaler, curve = trained_network(series, config, seed, device)
        data, starts = WindowedSeries(series, scaler, device), series.splits["train"].starts
        validated, kept = scored_and_kept(network, data, series, "val")
        made = torch.cat([forecast for _, forecast in forecasts(network, data, starts)]).cpu().numpy()
    record = TrialRecord(
        state="COMPLETE",
        route="student",
        params=config.model_dump(),
        seed=seed,
        metrics=validated.metrics,
        seconds={"train": curve[-1].cpu_seconds},
        curve=curve,
        versions=installed_versions(),
        data_hash=series.source.content_hash,
        protocol_hash=series.protocol.hash,
    )
    (folder / "record.json").write_text(record.model_dump_json())
    (folder / "network.npz").write_bytes(Checkpoint.of(network, scaler, series.adjacency, calibrated(kept)).to_bytes())
    np.save(folder / "forecasts.npy", made)


def _quiet_cost(
    series: SplitSeries, checkpoint: Checkpoint, device: torch.device, beside: TrainedNetwork | None
) -> Cost:
    """Measure the cost here and now: a cached latency would be another day's."""
    first = torch.as_tensor(series.splits["val"].starts[:1], device=device)
    subjects = []
    for one in (checkpoint,) if beside is None else (beside.checkpoint, checkpoint):
        data, network = WindowedSeries(series, one.scaler, device), one.network(device)
        window = data.inputs(first, with_clock=network.clock)
        subjects.append(Subject(network, window, one.scaler.stored_numbers))
    horizon, quiet = series.protocol.horizon, None if beside is None else beside.latency
    return measured_costs(subjects, horizon, repeats=QUIET_REPEATS, threads=1, max_seconds=5, quiet=quiet)[-1]


def network_baseline(name: str, role: Role, network: TrainedNetwork, record: TrialRecord) -> Baseline:
    """Describe a trained network as a baseline of the report."""
    note = f"{TrialConfig.of(record.params).family}, one seed: {record.seed}"
    return Baseline(name=name, role=role, metrics=record.metrics, cost=network.cost, note=note)
