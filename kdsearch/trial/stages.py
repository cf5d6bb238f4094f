"""One trial, stage by stage: train, prune, shrink for real, fine-tune, measure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.costs import Cost
from kdsearch.data.profile import Scaler
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import RunError, SpaceError
from kdsearch.measure.accuracy import quick_validation
from kdsearch.measure.bounds import calibrated
from kdsearch.measure.cost import weight_count
from kdsearch.measure.kept import scored_and_kept
from kdsearch.models import Forecaster
from kdsearch.origin import installed_versions
from kdsearch.prune.criteria import Scores
from kdsearch.prune.schedule import event_shares, masks_for_share, network_for_share
from kdsearch.prune.shrink import shrink, shrink_error, unprunable
from kdsearch.record import CurvePoint, Metrics, ShouldContinue, TrialRecord
from kdsearch.training.fit import fit, warm_up
from kdsearch.training.plan import Plan
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fitted_scaler, new_network

if TYPE_CHECKING:
    from kdsearch.trial.run import TrialRunner

__all__ = ["SHRINK_TOLERANCE", "OneTrial", "Stopped"]

SHRINK_TOLERANCE = 1e-4
"""Largest allowed float32 difference between a masked and a shrunk network, relative to the largest output."""

SCORE_STEPS = 30
"""Minibatches whose scores are gathered before a pruning event, Algorithm 1's ``pruning_minibatch``."""

SCORE_LEARNING_RATE = 1e-3
"""Highest learning rate while scores are gathered: a wide trained network is to be weighed, not unlearned."""


class Stopped(Exception):  # noqa: N818 - no error: the way out of a training that is not to go on
    """Carries the record of a trial that was told to stop."""

    def __init__(self, record: TrialRecord) -> None:
        super().__init__()
        self.record = record


@dataclass
class _Stopwatch:
    """CPU seconds of this process by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._name, self._began = name, time.process_time()
        yield
        self.seconds = self.so_far()

    def so_far(self) -> dict[str, float]:
        """With the phase under way."""
        spent = self.seconds.get(self._name, 0.0) + time.process_time() - self._began
        return self.seconds | {self._name: spent}


class OneTrial:
    """One trial under way.

    Args:
        runner: What trials share.
        config: The configuration.
        params: As a search space gave them.
        seed: Of weights, batches and slice draws.
        should_continue: Asked as soon as the cost is known, and at every validation before the last.
    """

    def __init__(
        self,
        runner: TrialRunner,
        config: TrialConfig,
        params: dict[str, Any],
        seed: int,
        should_continue: ShouldContinue,
    ) -> None:
        self.runner, self.config, self.params, self.seed, self.should_continue = (
            runner,
            config,
            params,
            seed,
            should_continue,
        )
        self.watch = _Stopwatch()
        self.curve: list[CurvePoint] = []
        self.cost: Cost | None = None
        self.shrink_error: float | None = None

    def complete(self) -> tuple[TrialRecord, bytes]:
        """Train, prune, measure; give the record and the small network's `Checkpoint`.

        Raises:
            Stopped: The trial was told to stop.
        """
        runner = self.runner
        network, scaler = self._begin()
        data = WindowedSeries(runner.series, scaler, torch.device(runner.device))
        network = self._trained(network, data, scaler)
        with self.watch.phase("measure"):
            found, kept = scored_and_kept(network, data, runner.series, "val")
        metrics = found.metrics
        if not np.isfinite(metrics["val"]["mae"]["all"]):
            raise RunError(f"the validation error of {self.config.route} with loss {self.config.loss} is not finite")
        with self.watch.phase("measure"):
            bounds = calibrated(kept)
        packed = Checkpoint.of(network, scaler, runner.series.adjacency, bounds).to_bytes()
        return self._record("COMPLETE", self.watch.seconds, metrics), packed

    def _record(
        self, state: Literal["COMPLETE", "PRUNED"], seconds: dict[str, float], metrics: Metrics | None = None
    ) -> TrialRecord:
        return TrialRecord(
            state=state,
            route=self.config.route,
            params=self.params,
            seed=self.seed,
            metrics=metrics or {},
            cost=self.cost,
            shrink_error=self.shrink_error,
            seconds=seconds,
            curve=self.curve,
            versions=installed_versions(),
            data_hash=self.runner.series.source.content_hash,
            protocol_hash=self.runner.series.protocol.hash,
            teacher_hash=self.runner.lessons_hash,
        )

    def _begin(self) -> tuple[Forecaster, Scaler]:
        """Make the network that training or pruning starts from, and its scaler."""
        runner, device = self.runner, torch.device(self.runner.device)
        if self.config.route == "prune":
            source = runner.source(self.config)
            return source.inside.network(device), source.inside.scaler
        network = new_network(runner.series, self.config, self.seed).to(device)
        return network, fitted_scaler(runner.series, self.config)

    def _trained(self, network: Forecaster, data: WindowedSeries, scaler: Scaler) -> Forecaster:
        config, plan = self.config, self.config.plan()
        train = partial(
            fit,
            data=data,
            starts=self.runner.series.splits["train"].starts,
            loss_config=config.loss_config(),
            seed=self.seed,
            teacher=self.runner.teacher_for(config, data, network),
            validate=partial(quick_validation, data=data, series=self.runner.series),
        )
        with self.watch.phase("measure"):
            pruned = config.route != "student"
            if pruned and not network.channel_groups():
                raise SpaceError(unprunable(network.family))
            final = network_for_share(network, config.keep, config.events) if pruned else network
            self.cost = self.runner.cost(final.to(data.device), data, scaler)
            self._ask(0.0)
            warm_up(network, train, plan)
        if config.route == "student":
            self._train(network, train, plan, "train", plan.epochs)
            return network
        if config.route == "student-prune":
            epochs = -(-plan.epochs // 2)
            self._train(network, train, replace(plan, epochs=epochs), "train", plan.epochs)
            plan = replace(plan, epochs=max(1, plan.epochs - epochs))
        with self.watch.phase("prune"):
            network = self._pruned(network, data, train)
        self._train(network, train, plan, "fine-tune", plan.epochs)
        return network

    def _train(self, network: Forecaster, train: Callable[..., Any], plan: Plan, phase: str, epochs: int) -> None:
        """One training of the trial, asked at each validation whether to go on.

        Args:
            network: Trained in place.
            train: `fit` with what all trainings of the trial have in common.
            plan: Of this training.
            phase: Its name.
            epochs: Those of the network as it is now and, before it is pruned, those after: a network that is not good
                enough for its final cost with all of its channels will not be so with fewer.
        """
        earlier, spent = self.curve, sum(self.watch.seconds.values())

        def keep(points: list[CurvePoint]) -> None:
            if not points[-1].val_errors:
                return
            self.curve = earlier + [
                point.model_copy(update={"cpu_seconds": spent + point.cpu_seconds}) for point in points
            ]
            if points[-1].epoch < epochs:
                self._ask(points[-1].epoch / epochs)

        with self.watch.phase(phase):
            train(network, plan=plan, phase=phase, on_epoch=keep)

    def _ask(self, share: float) -> None:
        record = self._record("PRUNED", self.watch.so_far())
        if not self.should_continue(record, share):
            raise Stopped(record)

    def _pruned(self, network: Forecaster, data: WindowedSeries, train: Callable[..., Any]) -> Forecaster:
        """Algorithm 1: gather scores over minibatches of training, cut every layer, go on with what is left.

        Each cut is carried out at once: the masked network and the small one are compared, and the small one trains on.
        """
        config, whole, worst = self.config, weight_count(network), 0.0
        starts = self.runner.series.splits["val"].starts
        sample = data.inputs(torch.as_tensor(starts[::97][:8], device=data.device), with_clock=network.clock)
        plan = config.plan()
        plan = replace(plan, schedule="constant", learning_rate=min(plan.learning_rate, SCORE_LEARNING_RATE))
        for event, share in enumerate(event_shares(config.keep, config.events)):
            scores = Scores(config.criterion, network.channel_groups(), self.seed + event)
            train(
                network,
                plan=plan,
                seed=self.seed + 1 + event,
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
        self.shrink_error = worst
        return network
