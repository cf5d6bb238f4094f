"""Networks trained once and shared by all trials: the teacher, and the base that pruning may start from."""

import hashlib
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdsearch.cache import cache_dir, complete_folder
from kdsearch.checkpoint import Bundle
from kdsearch.data.profile import fit_profile, profile_kind
from kdsearch.data.protocols import Prepared
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import RunError, SpaceError
from kdsearch.measure.accuracy import errors, forecasts, last_value_forecasts, network_errors, profile_forecasts
from kdsearch.measure.cost import forecast_cost
from kdsearch.measure.latency import fixed_threads, measure_latency
from kdsearch.models.stgcn.ops import Precision
from kdsearch.record import Latency, Metrics, Reference, TrialRecord, installed_versions
from kdsearch.training.fit import fit
from kdsearch.trial.config import RECIPES, TrialConfig
from kdsearch.trial.network import fitted_scaler, fresh_network
from kdsearch.trial.run import TaughtNetwork, quick_validation

__all__ = [
    "BASE_WIDTH",
    "STID",
    "TEACHER_WIDTH",
    "code_version",
    "reference_lines",
    "reference_network",
    "taught_network",
    "teacher_config",
]

TEACHER_WIDTH = 32
BASE_WIDTH = 8
TEACHER_EPOCHS = 12

STID: dict[str, Any] = {"family": "stid", "width": 16, "epochs": 40, "learning_rate": 2e-3, "batch": 64}
"""What a distilled student of its size, 3 % of an STGCN teacher's parameters, has to beat: it sees deviations from the
calendar profile, with which it errs by a tenth less than on raw readings, as published."""

QUIET_REPEATS = 200


def teacher_config(prepared: Prepared, recipe: str, settings: dict[str, Any]) -> TrialConfig:
    """How a teacher or base is trained: defaults, then what a named recipe fixes, then particular settings.

    Raises:
        SpaceError: Where there is no such recipe or setting.
    """
    if recipe not in RECIPES:
        raise SpaceError(f"there is no recipe {recipe!r}; choose one of {', '.join(RECIPES)}")
    defaults = {"width": TEACHER_WIDTH, "epochs": TEACHER_EPOCHS, "learning_rate": 2e-3, "batch": 50}
    if misplaced := {"route", "loss"} & set(settings):
        raise SpaceError(f"a teacher is trained plainly; take {misplaced.pop()!r} out of its settings")
    plain = {"route": "student", "loss": "none", "profile": profile_kind(prepared), "precision": fast_precision()}
    return TrialConfig.of(defaults | plain | RECIPES[recipe] | settings)


def fast_precision() -> Precision:
    """What this processor multiplies fastest of what does a teacher no harm (`benchmarks/README.md`)."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def code_version() -> str:
    """Hash of the modules that decide what training gives; a cached network is only as good as its code."""
    package = Path(__file__).parents[1]
    modules = [
        "trial/run.py",
        "trial/config.py",
        "trial/network.py",
        "training/fit.py",
        "data/clock.py",
        "data/protocol.py",
        "data/protocols.py",
        "data/profile.py",
        "data/windows.py",
    ]
    modules += [
        "distill/losses.py",
        "distill/recipe.py",
        "distill/skd.py",
        "distill/fused.py",
        "distill/response_kernels.py",
        "distill/lightst.py",
        "distill/lightst_losses.py",
    ]
    modules += ["jit.py", "measure/accuracy.py", "measure/cost.py"]
    digest = hashlib.sha256(torch.__version__.encode())
    for path in (*(package / module for module in modules), *sorted((package / "models").rglob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def taught_network(
    prepared: Prepared, config: TrialConfig, seed: int, *, training_threads: int, device: str = "cpu"
) -> tuple[TaughtNetwork, TrialRecord]:
    """Train a network plainly, or take it from the cache.

    The cache key is data, protocol, configuration, seed, threads and code version.

    Args:
        prepared: Series cut by a protocol.
        config: Width, recipe and plan; its loss must be "none".
        seed: Of weights and batches.
        training_threads: Threads inside an operator while it trains; it is timed with one, as trials are.
        device: Where to train.
    """
    data = [prepared.series.content_hash, prepared.protocol.hash]
    identity = [*data, config.model_dump_json(), seed, training_threads, device, code_version()]
    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]
    cache = cache_dir()
    fill = partial(
        _train_into, prepared=prepared, config=config, seed=seed, threads=training_threads, place=torch.device(device)
    )
    folder = complete_folder(cache / "teachers" / key, fill)
    record = TrialRecord.model_validate_json((folder / "record.json").read_text())
    bundle = Bundle.from_bytes((folder / "network.npz").read_bytes())
    made = np.load(folder / "forecasts.npy")
    return TaughtNetwork(key, bundle, made, _quiet_latency(prepared, bundle, device), cache), record


def _train_into(
    folder: Path, prepared: Prepared, config: TrialConfig, seed: int, threads: int, place: torch.device
) -> None:
    began = time.process_time()
    scaler, starts = fitted_scaler(prepared, config), prepared.parts["train"].starts
    data, network = WindowedSeries(prepared, scaler, place), fresh_network(prepared, config, seed).to(place)
    with fixed_threads(threads):
        curve = fit(
            network,
            data,
            starts,
            config.plan(),
            config.recipe(),
            seed=seed,
            validate=partial(quick_validation, data=data, prepared=prepared),
        )
        spent = time.process_time() - began
        metrics: Metrics = {"val": network_errors(network, data, prepared, "val")}
        made = torch.cat([forecast for _, forecast in forecasts(network, data, starts)]).cpu().numpy()
        window = data.inputs(torch.as_tensor(starts[:1], device=place), with_clock=network.clock)
        cost = forecast_cost(network, window, prepared.protocol.horizon, scaler.stored_numbers)
    record = TrialRecord(
        state="COMPLETE",
        route="student",
        params=config.model_dump(),
        seed=seed,
        metrics=metrics,
        cost=cost,
        seconds={"train": spent},
        curve=curve,
        versions=installed_versions(),
        data_hash=prepared.series.content_hash,
        protocol_hash=prepared.protocol.hash,
    )
    (folder / "record.json").write_text(record.model_dump_json())
    (folder / "network.npz").write_bytes(Bundle.of(network, scaler, prepared.adjacency).to_bytes())
    np.save(folder / "forecasts.npy", made)


def _quiet_latency(prepared: Prepared, bundle: Bundle, device: str) -> Latency:
    """Latency at batch 1, measured here and now: a cached number would be another day's."""
    place = torch.device(device)
    data, network = WindowedSeries(prepared, bundle.scaler, place), bundle.network(place)
    first = torch.as_tensor(prepared.parts["val"].starts[:1], device=place)
    windows, horizon = data.inputs(first, with_clock=network.clock), prepared.protocol.horizon
    return measure_latency([(network, windows)], horizon, repeats=QUIET_REPEATS, threads=1, max_seconds=5)[0]


def reference_network(name: str, network: TaughtNetwork, record: TrialRecord) -> Reference:
    """A trained network as a line of the report, with its latency as it was timed now.

    Raises:
        RunError: Where the cache holds it without a cost.
    """
    if record.cost is None:
        raise RunError(f"{name} {network.hash} has no cost on record; delete it from the cache and run again")
    ratio = 1.0 if name == "teacher" else None
    cost = record.cost.model_copy(update={"latency_ms": network.latency, "latency_ratio": ratio})
    family = record.params.get("family", "stgcn")
    return Reference(name=name, metrics=record.metrics, cost=cost, note=f"{family}, one seed: {record.seed}")


def reference_lines(prepared: Prepared, parts: tuple[str, ...]) -> list[Reference]:
    """Last value and the calendar profile alone; a network that loses to one of them has no claim."""
    profile = fit_profile(prepared, "table")
    return [
        Reference(
            name="last value",
            metrics={part: errors(last_value_forecasts(prepared, part), prepared) for part in parts},
        ),
        Reference(
            name="calendar profile",
            metrics={part: errors(profile_forecasts(prepared, profile, part), prepared) for part in parts},
            note=f"{profile.stored_numbers:,} stored numbers",
        ),
    ]
