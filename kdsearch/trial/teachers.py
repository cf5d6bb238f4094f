"""Networks trained once and shared by all trials: the teacher, and the base that pruning may start from."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdsearch.cache import cache_dir, code_version, complete_folder, is_complete
from kdsearch.checkpoint import Checkpoint
from kdsearch.costs import Cost, Latency
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.teacher_features import TeacherTables, make_tables, open_tables
from kdsearch.measure.accuracy import forecasts
from kdsearch.measure.bounds import calibrated
from kdsearch.measure.cost import measured_costs
from kdsearch.measure.kept import scored_and_kept
from kdsearch.measure.latency import fixed_threads
from kdsearch.measure.subject import Subject
from kdsearch.models import Forecaster
from kdsearch.origin import Origin, installed_versions
from kdsearch.record import Baseline, CurvePoint, Role, TrialRecord
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.kept_training import KeptTraining
from kdsearch.trial.network import trained_network
from kdsearch.trial.teacher_settings import hash_of, hashes_of_data, hashes_of_own_code

__all__ = [
    "TrainedNetwork",
    "cached_network",
    "cached_threads",
    "kept_network",
    "network_baseline",
    "quiet_cost",
    "training_under_way",
    "with_forecasts",
]

QUIET_REPEATS, QUIET_SECONDS = 200, 5.0


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """Trained network to learn from or to prune, with its forecasts for the training windows.

    Attributes:
        hash: Hash of the network, the data and the protocol, and so of the forecasts.
        forecasts: Forecasts in real units, ``(window, horizon, node)`` float32.
        cost: Cost, measured while nothing else ran.
        cache: The cache that holds its forecasts and tables, on the driver's machine.
        origin: Where it was trained; None where an older study did not keep it.
    """

    hash: str
    checkpoint: Checkpoint
    forecasts: np.ndarray[Any, np.dtype[np.float32]]
    cost: Cost
    cache: Path
    origin: Origin | None

    @property
    def latency(self) -> Latency:
        """Latency of one forecast at batch 1."""
        assert self.cost.latency_ms is not None
        return self.cost.latency_ms

    @property
    def inside(self) -> Checkpoint:
        """The network that losses look into and that pruning cuts: of an ensemble the best member."""
        return self.checkpoint.first_member

    def seen(self, series: SplitSeries, device: torch.device) -> tuple[Forecaster, WindowedSeries]:
        """Build the network that losses look into, and the series as it sees it."""
        return self.inside.network(device), WindowedSeries(series, self.checkpoint.scaler, device)

    def tables(self, series: SplitSeries, device: torch.device) -> TeacherTables:
        """Open the tables of its features for students, and make them where this machine's cache lacks them.

        Workers on other machines share no disk with the machine that trained it: each machine makes the tables itself,
        from the network and the readings, which is faster than sending them.
        """
        cache = self.cache if os.access(self.cache, os.W_OK) else cache_dir()

        def fill(folder: Path) -> None:
            make_tables(folder, *self.seen(series, device), series.splits["train"].last)
            open_tables.cache_clear()  # those that this process has open may be damaged ones

        return open_tables(
            complete_folder(cache / "tables" / f"{self.hash}-{code_version(make_tables.__module__)}", fill)
        )


def _cache_key(series: SplitSeries, config: TrialConfig, seed: int, training_threads: int, device: str) -> str:
    """Hash all that moves a bit of a network trained here: a cache is one machine's, and repeats its trainings."""
    code = [torch.__version__, code_version(trained_network.__module__), *hashes_of_own_code(config)]
    return hash_of(*hashes_of_data(series), config.model_dump_json(), seed, training_threads, device, *code)


def _cached(series: SplitSeries, config: TrialConfig, seed: int, training_threads: int, device: str) -> Path:
    return cache_dir() / "teachers" / _cache_key(series, config, seed, training_threads, device)


def _kept(folder: Path, config: TrialConfig) -> KeptTraining:
    """Give the training under way of a network of the cache, in a file beside its folder."""
    return KeptTraining(folder.with_name(f"{folder.name}.training"), f"{config.family}-{config.width}", config.epochs)


def cached_threads(series: SplitSeries, config: TrialConfig, seed: int, threads: int, device: str) -> int | None:
    """Find with how many threads a network of the cache was trained, so many or one; None where there is none."""
    found = {count: _cached(series, config, seed, count, device) for count in (threads, 1)}
    return next((count for count, folder in found.items() if is_complete(folder)), None)


def training_under_way(
    series: SplitSeries, config: TrialConfig, seed: int, threads: int, device: str
) -> tuple[int, int] | None:
    """Find with how many threads, so many or one, a training began that goes on, and its epochs that are done."""
    found = {count: _kept(_cached(series, config, seed, count, device), config) for count in (threads, 1)}
    return next(((count, done) for count, kept in found.items() if (done := kept.done_epochs())), None)


def cached_network(
    series: SplitSeries,
    config: TrialConfig,
    seed: int,
    *,
    training_threads: int,
    device: str = "cpu",
    beside: TrainedNetwork | None = None,
    on_epoch: Callable[[list[CurvePoint]], None] | None = None,
) -> tuple[TrainedNetwork, TrialRecord]:
    """Train a network plainly, or take it from the cache; a training that was interrupted goes on.

    Args:
        series: Series cut by a protocol.
        config: Configuration of the network and its training; its loss must be "none".
        seed: Seed of weights and batches.
        training_threads: Threads inside an operator while it trains; it is timed with one, as trials are.
        device: Device to train on.
        beside: Network to time it with in alternation: the teacher for all others, None for the teacher.
        on_epoch: Takes the learning curve so far after each epoch; it is not called where the cache has the network.

    Returns:
        The network, and the record of its training with the cost as measured now.
    """
    where, folder = torch.device(device), _cached(series, config, seed, training_threads, device)
    kept = _kept(folder, config)
    complete_folder(folder, partial(_train_into, kept, on_epoch, series, config, seed, training_threads, where))
    kept.forget()
    record = TrialRecord.model_validate_json((folder / "record.json").read_text())
    checkpoint = Checkpoint.from_bytes((folder / "network.npz").read_bytes())
    cost = quiet_cost(series, checkpoint, where, beside)
    versions = {name: record.versions[name] for name in ("kdsearch", "torch")}
    origin = Origin(**versions, cores=training_threads, precision=config.precision, device=where.type)
    network = with_forecasts(series, checkpoint, cost, origin, training_threads, where)
    return network, record.model_copy(update={"cost": cost})


def kept_network(
    series: SplitSeries, baseline: Baseline, packed: bytes, *, threads: int, device: str = "cpu"
) -> TrainedNetwork:
    """Take a network that a study keeps, at the cost that its first run measured, wherever it was trained.

    Args:
        series: The study's series.
        baseline: What the study keeps of it.
        packed: Its `Checkpoint`.
        threads: Threads inside an operator while it forecasts the training windows.
        device: Device to forecast on.
    """
    assert baseline.cost is not None, "it was measured when it was kept"
    checkpoint = Checkpoint.from_bytes(packed)
    return with_forecasts(series, checkpoint, baseline.cost, baseline.origin, threads, torch.device(device))


def with_forecasts(
    series: SplitSeries, checkpoint: Checkpoint, cost: Cost, origin: Origin | None, threads: int, device: torch.device
) -> TrainedNetwork:
    """Complete a network with its forecasts for the training windows, made once in a cache."""
    name, cache = hash_of(checkpoint.hash, *hashes_of_data(series)), cache_dir()

    def fill(folder: Path) -> None:
        data, starts = WindowedSeries(series, checkpoint.scaler, device), series.splits["train"].starts
        with fixed_threads(threads):
            made = torch.cat([one for _, one in forecasts(checkpoint.network(device), data, starts)])
        np.save(folder / "forecasts.npy", made.cpu().numpy())

    folder = complete_folder(cache / "forecasts" / f"{name}-{code_version(forecasts.__module__)}", fill)
    return TrainedNetwork(name, checkpoint, np.load(folder / "forecasts.npy"), cost, cache, origin)


def _train_into(
    kept: KeptTraining,
    on_epoch: Callable[[list[CurvePoint]], None] | None,
    series: SplitSeries,
    config: TrialConfig,
    seed: int,
    threads: int,
    device: torch.device,
    folder: Path,
) -> None:
    """Train a network and write it and its record into a folder."""
    with fixed_threads(threads), kept.under_way():
        network, scaler, curve = trained_network(series, config, seed, device, kept, on_epoch)
        data = WindowedSeries(series, scaler, device)
        validated, forecast = scored_and_kept(network, data, series, "val")
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
    (folder / "network.npz").write_bytes(
        Checkpoint.of(network, scaler, series.adjacency, calibrated(forecast)).to_bytes()
    )


def quiet_cost(
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
    return measured_costs(subjects, horizon, repeats=QUIET_REPEATS, threads=1, max_seconds=QUIET_SECONDS, quiet=quiet)[
        -1
    ]


def network_baseline(name: str, role: Role, network: TrainedNetwork, record: TrialRecord) -> Baseline:
    """Describe a trained network as a baseline of the report."""
    note = f"{TrialConfig.of(record.params).family}, one seed: {record.seed}"
    return Baseline(name=name, role=role, metrics=record.metrics, cost=network.cost, note=note, origin=network.origin)
