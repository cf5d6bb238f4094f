"""One configuration in, one record out: train, prune, shrink for real, fine-tune, measure."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, Self

import numpy as np
import pydantic
import torch

from kdsearch.bundle import Bundle
from kdsearch.data.profile import Input, ProfileKind, Scaler, fit_profile, fit_scaler
from kdsearch.data.protocols import Prepared
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.losses import Divergence, Error, Reduction
from kdsearch.distill.recipe import LossName, Recipe
from kdsearch.distill.teacher import Teacher
from kdsearch.errors import RunError, SpaceError
from kdsearch.measure.accuracy import errors, forecasts, network_errors
from kdsearch.measure.cost import forecast_cost, parameter_count
from kdsearch.measure.latency import fixed_threads, measure_latency
from kdsearch.models import Forecaster, Stgcn, StgcnSize
from kdsearch.prune.criteria import Criterion, Scores
from kdsearch.prune.schedule import event_shares, masks_for_share
from kdsearch.prune.shrink import shrink, shrink_error
from kdsearch.record import Cost, CurvePoint, Latency, TrialRecord, installed_versions
from kdsearch.train import OptimiserName, Plan, ScheduleName, fit

__all__ = ["RECIPES", "Bench", "TaughtNetwork", "TrialConfig", "fitted_scaler", "fresh_network", "quick_validation"]

SHRINK_TOLERANCE = 1e-4
"""Largest allowed float32 difference between a masked and a shrunk network, relative to the largest output."""

SCORE_STEPS = 30
"""Minibatches whose scores are gathered before a pruning event, Algorithm 1's ``pruning_minibatch``."""

SCORE_LEARNING_RATE = 1e-3
"""Highest learning rate while scores are gathered: a wide trained network is to be weighed, not unlearned."""

LATENCY_REPEATS = 50

RECIPES: dict[str, dict[str, Any]] = {
    "best": {},
    "paper": {
        "decoding": "iterated",
        "input": "raw",
        "error": "squared",
        "reduction": "sum",
        "segment": 1,
        "optimiser": "tf-rmsprop",
        "schedule": "staircase",
        "learning_rate": 1e-3,
        "batch": 50,
        "gradient_norm": 0.0,
        "epochs": 50,
    },
}
"""Named ways to train. "best" is what gave the least error here: the defaults of `TrialConfig`. "paper" is that of
STGCN's original code, which Izadi et al. follow: raw readings, random windows, one-step loss summed over batch and
nodes (the original halves the sum, which its RMSProp nearly cancels), iterated decoding, no clipping, staircase, 50
epochs."""


class TrialConfig(pydantic.BaseModel):
    """A trial's parameters with the defaults of the best known recipe; unknown names and values are refused.

    Attributes:
        route: "student" trains a fresh small network, "prune" cuts down a trained one (Algorithm 1), "student-prune"
            trains a fresh network for half of the epochs, then cuts and trains it for the other half.
        width: Channels c of a fresh network [1, c, 2c] [2c, c, 4c].
        decoding: Of a fresh network; a pruned one has its source's, and its input.
        keep: Share of the source's parameters that pruning leaves.
        events: Pruning events on the way there.
        source: What "prune" starts from.
        epochs: Of training, or of fine-tuning after the last event.
        segment: Consecutive windows that share a pass in training.

    The others are those of `Recipe`, `Plan` and `fit_profile`.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    route: Literal["student", "prune", "student-prune"] = "student"
    loss: LossName = "none"
    beta: float = pydantic.Field(0.5, ge=0, le=1)
    temperature: float = pydantic.Field(1.0, gt=0)
    alpha1: float = pydantic.Field(0.5, ge=0, le=1)
    alpha2: float = pydantic.Field(0.5, ge=0, le=1)
    alpha3: float = pydantic.Field(0.1, ge=0)
    error: Error = "absolute"
    feature_error: Error = "squared"
    reduction: Reduction = "mean"
    divergence: Divergence = "softmax"
    slice_share: float = pydantic.Field(0.1, gt=0, le=1)
    width: int = pydantic.Field(2, ge=1)
    decoding: Literal["direct", "iterated"] = "direct"
    input: Input = "deviation"
    profile: ProfileKind = "low-rank"
    keep: float = pydantic.Field(0.03, gt=0, le=1)
    events: int = pydantic.Field(4, ge=1)
    criterion: Criterion = "taylor"
    source: Literal["teacher", "base"] = "teacher"
    epochs: int = pydantic.Field(30, ge=1)
    learning_rate: float = pydantic.Field(5e-3, gt=0)
    batch: int = pydantic.Field(50, ge=1)
    segment: int = pydantic.Field(10, ge=1)
    optimiser: OptimiserName = "adam"
    schedule: ScheduleName = "cosine"
    gradient_norm: float = pydantic.Field(1.0, ge=0)

    @classmethod
    def of(cls, params: dict[str, Any]) -> Self:
        """Check searched parameters.

        Raises:
            SpaceError: Naming the first parameter that does not fit.
        """
        try:
            return cls(**params)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise SpaceError(
                f"parameter {name} = {params.get(name)!r} does not fit ({first['msg']}); "
                f"known parameters: {', '.join(cls.model_fields)}"
            ) from None

    def recipe(self) -> Recipe:
        """The loss with its weights."""
        return Recipe(**{name: getattr(self, name) for name in Recipe.__dataclass_fields__})

    def plan(self) -> Plan:
        """How to train."""
        return Plan(**{name: getattr(self, name) for name in Plan.__dataclass_fields__})


def fitted_scaler(prepared: Prepared, config: TrialConfig) -> Scaler:
    """Scaler and profile of a fresh network, from the training part."""
    return fit_scaler(prepared, fit_profile(prepared, config.profile) if config.input == "deviation" else None)


def fresh_network(prepared: Prepared, config: TrialConfig, seed: int) -> Stgcn:
    """An untrained network; its weights follow from the seed."""
    outputs = prepared.protocol.horizon if config.decoding == "direct" else 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        size = StgcnSize.of_width(config.width)
        return Stgcn(prepared.series.adjacency, size, outputs=outputs, history=prepared.protocol.history)


def quick_validation(network: Forecaster, data: WindowedSeries, prepared: Prepared) -> float:
    """Validation MAE over the whole horizon for a learning curve; iterated networks forecast every eighth window."""
    starts = prepared.parts["val"].starts
    seen = starts if network.outputs >= data.horizon else starts[::8]
    return errors(forecasts(network, data, seen), prepared)["mae"]["all"]


@dataclass(frozen=True, eq=False)
class TaughtNetwork:
    """A cached network that others learn from or are cut from, with its forecasts for the training windows.

    Attributes:
        forecasts: Real units, ``(window, horizon, node)`` float32.
        latency: Of one forecast at batch 1, measured while nothing else ran.
    """

    hash: str
    bundle: Bundle
    forecasts: np.ndarray[Any, np.dtype[np.float32]]
    latency: Latency


@dataclass
class _Stopwatch:
    """CPU seconds of this process by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - began


@dataclass(frozen=True, eq=False)
class Bench:
    """All that the trials of a study share; numpy arrays and plain values, so that workers get it without copies.

    Attributes:
        prepared: Series cut by the protocol.
        teacher: Whom students hear and, by default, what is pruned; latency is paired with it.
        base: What is pruned where a trial's source is "base".
        threads: Threads inside an operator, in training and timing.
        device: Where tensors live.
    """

    prepared: Prepared
    teacher: TaughtNetwork
    base: TaughtNetwork | None = None
    threads: int = 1
    device: str = "cpu"

    def run(self, params: dict[str, Any], seed: int) -> tuple[TrialRecord, bytes | None]:
        """Run one trial.

        Args:
            params: As a search space gave them.
            seed: Of weights, batches and slice draws.

        Returns:
            The record, with the validation metrics and a first latency reading, and the small network's `Bundle`.
        """
        config = TrialConfig.of(params)
        watch = _Stopwatch()
        with fixed_threads(self.threads):
            network, data, scaler, curve, shrunk = self._train(config, seed, watch)
            with watch.phase("measure"):
                metrics = {"val": network_errors(network, data, self.prepared, "val")}
                cost = self.cost(network, data, scaler)
        if not np.isfinite(metrics["val"]["mae"]["all"]):
            raise RunError(f"the validation error of {config.route} with loss {config.loss} is not finite")
        record = TrialRecord(
            state="COMPLETE",
            route=config.route,
            params=params,
            seed=seed,
            metrics=metrics,
            cost=cost,
            shrink_error=shrunk,
            seconds=watch.seconds,
            curve=curve,
            versions=installed_versions(),
            data_hash=self.prepared.series.content_hash,
            protocol_hash=self.prepared.protocol.hash,
            teacher_hash=self.teacher.hash,
        )
        return record, Bundle.of(network, scaler, self.prepared.series.adjacency).to_bytes()

    def bundle_metrics(self, bundle: Bundle, part: str) -> dict[str, dict[str, float]]:
        """Errors of a packed network over a whole part."""
        device = torch.device(self.device)
        data = WindowedSeries(self.prepared, bundle.scaler, device)
        with fixed_threads(self.threads):
            return network_errors(bundle.network(device), data, self.prepared, part)

    def cost(self, network: Forecaster, data: WindowedSeries, scaler: Scaler) -> Cost:
        """Parameters, operations and latency at batch 1, paired with the teacher.

        The milliseconds are those that the network would take at the pace at which the teacher was timed alone:
        readings beside other trials are scaled by the teacher's, taken in alternation.
        """
        horizon = self.prepared.protocol.horizon
        window = data.inputs(torch.as_tensor(self.prepared.parts["val"].starts[:1], device=data.device))
        cost = forecast_cost(network, window, horizon, scaler.stored_numbers)
        reference = self.teacher.bundle.network(data.device)
        own, paired = measure_latency(
            [network, reference], window, horizon, repeats=LATENCY_REPEATS, threads=self.threads, max_seconds=3
        )
        pace = self.teacher.latency.p50 / paired.p50
        latency = own.model_copy(update={"p50": own.p50 * pace, "p95": own.p95 * pace})
        return cost.model_copy(update={"latency_ms": latency, "latency_ratio": own.p50 / paired.p50})

    def _train(
        self, config: TrialConfig, seed: int, watch: _Stopwatch
    ) -> tuple[Forecaster, WindowedSeries, Scaler, list[CurvePoint], float | None]:
        device = torch.device(self.device)
        if config.route == "prune":
            source = self._source(config)
            network, scaler = source.bundle.network(device), source.bundle.scaler
        else:
            network, scaler = (
                fresh_network(self.prepared, config, seed).to(device),
                fitted_scaler(self.prepared, config),
            )
        data = WindowedSeries(self.prepared, scaler, device)
        starts = self.prepared.parts["train"].starts
        train = partial(
            fit,
            data=data,
            starts=starts,
            recipe=config.recipe(),
            seed=seed,
            teacher=self._heard(config, device),
            validate=partial(quick_validation, data=data, prepared=self.prepared),
        )
        plan, curve = config.plan(), []
        if config.route != "prune":
            epochs = plan.epochs if config.route == "student" else -(-plan.epochs // 2)
            with watch.phase("train"):
                curve += train(network, plan=replace(plan, epochs=epochs))
            plan = replace(plan, epochs=max(1, plan.epochs - epochs))
        if config.route == "student":
            return network, data, scaler, curve, None
        with watch.phase("prune"):
            network, shrunk = self._prune(network, data, config, seed, train)
        spent = sum(watch.seconds.values())
        with watch.phase("fine-tune"):
            points = train(network, plan=plan, phase="fine-tune")
        curve += [point.model_copy(update={"cpu_seconds": spent + point.cpu_seconds}) for point in points]
        return network, data, scaler, curve, shrunk

    def _prune(
        self, network: Forecaster, data: WindowedSeries, config: TrialConfig, seed: int, train: Callable[..., Any]
    ) -> tuple[Forecaster, float]:
        """Algorithm 1: gather scores over minibatches of training, cut every layer, go on with what is left.

        Each cut is carried out at once: the masked network and the small one are compared, and the small one trains on.
        """
        whole, worst = parameter_count(network), 0.0
        sample = data.inputs(torch.as_tensor(self.prepared.parts["val"].starts[::97][:8], device=data.device))
        plan = config.plan()
        plan = replace(plan, schedule="constant", learning_rate=min(plan.learning_rate, SCORE_LEARNING_RATE))
        for event, share in enumerate(event_shares(config.keep, config.events)):
            scores = Scores(config.criterion, network.channel_groups(), seed + event)
            train(
                network,
                plan=plan,
                seed=seed + 1 + event,
                most_steps=SCORE_STEPS,
                on_gradients=scores.observe,
                validate=None,
            )
            masks = masks_for_share(network, scores.result(network), share * whole)
            small = shrink(network, masks)
            worst = max(worst, shrink_error(network, masks, small, sample))
            if not worst <= SHRINK_TOLERANCE:
                raise RunError(f"the shrunk network differs from the masked one by {worst:.2g} of the largest output")
            network = small
        return network, worst

    def _source(self, config: TrialConfig) -> TaughtNetwork:
        if config.source == "teacher":
            return self.teacher
        if self.base is None:
            raise SpaceError("source = 'base' needs a trained base network; run with a space whose `source` offers it")
        return self.base

    def _heard(self, config: TrialConfig, device: torch.device) -> Teacher | None:
        """The teacher as this trial's training hears it."""
        if not config.recipe().needs_teacher:
            return None
        bundle = self.teacher.bundle
        data = WindowedSeries(self.prepared, bundle.scaler, device)
        return Teacher(bundle.network(device), data, self.teacher.forecasts, self.prepared.parts["train"].starts)
