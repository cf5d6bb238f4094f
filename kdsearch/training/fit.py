"""One training loop for teachers, students and networks under pruning."""

import copy
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries, segments
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.teacher import Teacher
from kdsearch.distill.training_loss import TrainingLoss
from kdsearch.errors import RunError
from kdsearch.models import Forecaster
from kdsearch.models.precision import rounded_products
from kdsearch.record import CurvePoint
from kdsearch.training.optimisers import OPTIMISERS, in_one_vector
from kdsearch.training.plan import Plan, fitting_segment, steps_per_epoch

__all__ = ["fit", "warm_up"]


def fit(
    network: Forecaster,
    data: WindowedSeries,
    starts: NDArray[np.int64],
    plan: Plan,
    loss_config: LossConfig,
    *,
    seed: int,
    teacher: Teacher | None = None,
    phase: str = "train",
    most_steps: int | None = None,
    on_gradients: Callable[[Forecaster], None] | None = None,
    validate: Callable[[Forecaster], dict[str, float]] | None = None,
    on_epoch: Callable[[list[CurvePoint]], None] | None = None,
) -> list[CurvePoint]:
    """Train `network` in place.

    Args:
        network: On the device of `data`.
        data: The series as this network sees it.
        starts: First rows of the training windows.
        plan: Epochs, optimiser and batches; windows are drawn one by one where the network shares nothing between them,
            and where the loss compares embeddings.
        loss_config: Name and weights of the loss.
        seed: Of batch order, slice draws, dropout and what is trained beside the network; weights were drawn before.
        teacher: Needed where the loss asks for one.
        phase: Name of this training in the curve.
        most_steps: Stop after so many minibatches, whatever the epochs say.
        on_gradients: Called after each backward pass.
        validate: Gives the validation errors by metric after each eighth of the epochs; without effect on the weights.
        on_epoch: Takes the curve so far after each epoch; what it raises ends the training.

    Returns:
        One point for each epoch.

    Raises:
        RunError: Where loss or gradient is no longer finite.
        SpaceError: Where there is no such loss, optimiser or schedule.
    """
    alone = LOSSES.choose(loss_config.loss).teacher == "embeddings" or not network.shares_steps
    plan = replace(plan, segment=1 if alone else fitting_segment(plan, starts))
    rng = np.random.default_rng(seed)
    total = plan.epochs * steps_per_epoch(plan, starts)
    validated = {-(-plan.epochs * part // 8) for part in range(1, 9)}
    curve: list[CurvePoint] = []
    step, began = 0, time.process_time()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        training_step = _TrainingStep(network, plan, TrainingLoss(network, data, loss_config, teacher, generator))
        for epoch in range(plan.epochs):
            network.train()
            losses: list[float] = []
            for batch in segments(starts, plan.segment, plan.batch, rng):
                if step == most_steps:
                    return curve
                segment_starts = torch.from_numpy(batch).to(data.device)
                losses.append(
                    training_step.step(
                        segment_starts, plan.rate(step, total, epoch), on_gradients, f"{epoch + 1} of {phase}"
                    )
                )
                step += 1
                if total - step < plan.averaged * total:
                    training_step.average()
            if epoch + 1 == plan.epochs:
                training_step.take_average()
            found = validate(network) if validate is not None and epoch + 1 in validated else {}
            seconds, loss = time.process_time() - began, float(np.mean(losses))
            curve.append(
                CurvePoint(epoch=epoch + 1, phase=phase, cpu_seconds=seconds, train_loss=loss, val_errors=found)
            )
            if on_epoch is not None:
                on_epoch(curve)
    return curve


def warm_up(network: Forecaster, train: Callable[..., object], plan: Plan) -> None:
    """Take one training step with a copy of the network, and throw it away.

    Machine code is compiled or loaded, and tables are opened, at the first call. Seconds of training are not to hold
    that: it would give the first trial's twins several times the epochs.

    Args:
        network: What is to be trained; it is left as it is.
        train: `fit` with all but the network, the plan and the seed.
        plan: Of the training.
    """
    train(copy.deepcopy(network), plan=plan, seed=0, most_steps=1, validate=None)


class _TrainingStep:
    """One training's network with its loss and its optimisers, of which what trains beside it has its own."""

    def __init__(self, network: Forecaster, plan: Plan, training_loss: TrainingLoss) -> None:
        self.network, self.plan, self.training_loss = network, plan, training_loss
        self.weights = [in_one_vector(trained) for trained in (network, *training_loss.trained_beside)]
        make = OPTIMISERS.choose(plan.optimiser).make
        self.optimisers = [make(vector, plan.learning_rate) for vector in self.weights]
        self._sums, self._averaged = list[Tensor](), 0

    @torch.no_grad()
    def average(self) -> None:
        """Count the weights as they are now towards their mean."""
        self._averaged += 1
        self._sums = self._sums or [torch.zeros_like(vector, dtype=torch.float64) for vector in self.weights]
        for total, vector in zip(self._sums, self.weights, strict=True):
            total.add_(vector)

    @torch.no_grad()
    def take_average(self) -> None:
        """Give the networks the mean of the weights that were counted, where any were."""
        for total, vector in zip(self._sums, self.weights, strict=bool(self._sums)):
            vector.copy_(total / self._averaged)

    def step(
        self, segment_starts: Tensor, rate: float, on_gradients: Callable[[Forecaster], None] | None, when: str
    ) -> float:
        """Learn from one batch of segments that begin at the rows `segment_starts`; the loss."""
        with rounded_products(self.plan.precision):
            terms = self.training_loss.terms(segment_starts, self.plan.segment)
        for optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = rate
            optimiser.zero_grad(set_to_none=False)
        loss = self.training_loss.backward(self.weights[0], terms)
        if on_gradients:
            on_gradients(self.network)
        for vector, optimiser in zip(self.weights, self.optimisers, strict=True):
            norm = torch.nn.utils.clip_grad_norm_(vector, self.plan.gradient_norm or torch.inf)
            if not torch.isfinite(norm):
                raise RunError(
                    f"the gradient is not finite in epoch {when} (loss {loss:g}); "
                    f"lower the learning rate, now {self.plan.learning_rate:g}"
                )
            optimiser.step()
        return loss
