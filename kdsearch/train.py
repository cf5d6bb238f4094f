"""One training loop for teachers, students and networks under pruning."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries, segments, unbroken_runs
from kdsearch.distill.recipe import Features, Outputs, Recipe, recipe_loss
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher import Teacher
from kdsearch.errors import RunError
from kdsearch.models import Forecaster
from kdsearch.models.fused import Precision, rounded_products
from kdsearch.record import CurvePoint

__all__ = ["OptimiserName", "Plan", "ScheduleName", "fit", "fitting_segment", "in_one_vector", "steps_per_epoch"]

OptimiserName = Literal["adam", "tf-rmsprop"]
ScheduleName = Literal["cosine", "staircase", "constant"]

WARM_UP_STEPS = 100

LEAST_SEGMENTS = 5
"""Of a batch, whose windows would be too alike with fewer: 5 segments of 5 windows train as well for each epoch as 50
random windows do, in half of their time (`benchmarks/README.md`)."""


def in_one_vector(network: Forecaster) -> torch.nn.Parameter:
    """Move all parameters into one vector, and their gradients into another: an optimiser has one thing to do, not 25.

    Returns:
        ``(parameter,)``, the vector; the network's parameters and their gradients are views of it and of its gradient.
    """
    parameters = list(network.parameters())
    weights = torch.nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    weights.grad = torch.zeros_like(weights)
    lengths = [parameter.numel() for parameter in parameters]
    pieces, slopes = torch.split(weights.data, lengths), torch.split(weights.grad, lengths)
    for parameter, own, slope in zip(parameters, pieces, slopes, strict=True):
        parameter.data, parameter.grad = own.view_as(parameter), slope.view_as(parameter)
    return weights


class TensorFlowRmsProp(torch.optim.Optimizer):
    """RMSProp as TensorFlow 1 computes it, with which STGCN was published.

    Decay 0.9, mean square starting at one, epsilon 1e-10 inside the root.
    """

    def __init__(self, weights: torch.nn.Parameter, lr: float) -> None:
        super().__init__([weights], {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            for parameter in group["params"]:
                square = self.state[parameter].setdefault("mean_square", torch.ones_like(parameter))
                square.lerp_(parameter.grad.square(), 0.1)
                parameter.sub_(parameter.grad * torch.rsqrt(square + 1e-10), alpha=group["lr"])


OPTIMISERS: dict[OptimiserName, Callable[[torch.nn.Parameter, float], torch.optim.Optimizer]] = {
    "adam": lambda weights, rate: torch.optim.Adam([weights], rate, fused=True),
    "tf-rmsprop": TensorFlowRmsProp,
}


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        epochs: Passes over the training windows.
        learning_rate: Its highest value.
        batch: Windows in a batch.
        segment: Consecutive windows that share one pass through the network, fewer where `fitting_segment` says so or
            a batch would hold fewer than `LEAST_SEGMENTS`; 1 draws every window for itself.
        optimiser: As in `OPTIMISERS`.
        schedule: "cosine" falls to zero after 100 warm-up steps; "staircase" is the paper's factor 0.7 every 5 epochs.
        gradient_norm: Gradients are clipped to it; zero leaves them as they are.
        precision: Of the factors in wide convolutions' products; "bfloat16" pays where the processor multiplies it.
    """

    epochs: int
    learning_rate: float
    batch: int = 50
    segment: int = 10
    optimiser: OptimiserName = "adam"
    schedule: ScheduleName = "cosine"
    gradient_norm: float = 1.0
    precision: Precision = "float32"

    def rate(self, step: int, total: int, epoch: int) -> float:
        """Learning rate at a step."""
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "staircase":
            return self.learning_rate * 0.7 ** (epoch // 5)
        warm_up = min(WARM_UP_STEPS, total // 5)
        if step < warm_up:
            return self.learning_rate * (step + 1) / warm_up
        return self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * (step - warm_up) / max(1, total - warm_up))))


def steps_per_epoch(plan: Plan, starts: NDArray[np.int64]) -> int:
    """Batches in an epoch, the last small one included."""
    cut = sum(len(run) // plan.segment for run in unbroken_runs(starts))
    return -(-cut // max(1, plan.batch // plan.segment))


def fitting_segment(plan: Plan, starts: NDArray[np.int64]) -> int:
    """The longest segment, at most the plan's, of which a batch holds enough and nine in ten windows are part.

    Where days or gaps cut the series into short runs, a long segment would leave many windows out of every epoch.
    """
    runs = [len(run) for run in unbroken_runs(starts)]
    segment = min(plan.segment, max(1, plan.batch // LEAST_SEGMENTS))
    while segment > 1 and sum(run // segment * segment for run in runs) < 0.9 * len(starts):
        segment -= 1
    return segment


def fit(
    network: Forecaster,
    data: WindowedSeries,
    starts: NDArray[np.int64],
    plan: Plan,
    recipe: Recipe,
    *,
    seed: int,
    teacher: Teacher | None = None,
    phase: str = "train",
    most_steps: int | None = None,
    on_gradients: Callable[[Forecaster], None] | None = None,
    validate: Callable[[Forecaster], float] | None = None,
    on_validation: Callable[[list[CurvePoint]], None] | None = None,
) -> list[CurvePoint]:
    """Train `network` in place.

    Args:
        network: On the device of `data`.
        data: The series as this network sees it.
        starts: First rows of the training windows.
        plan: Epochs, optimiser and batches.
        recipe: The loss.
        seed: Of batch order and slice draws; weights were drawn before.
        teacher: Needed where the recipe listens to one.
        phase: Name of this training in the curve.
        most_steps: Stop after so many minibatches, whatever the epochs say.
        on_gradients: Called after each backward pass.
        validate: Gives the validation MAE after each eighth of the epochs; without effect on the weights.
        on_validation: Takes the curve so far after each validation; what it raises ends the training.

    Returns:
        One point for each epoch.

    Raises:
        RunError: Where loss or gradient is no longer finite.
    """
    plan = replace(plan, segment=fitting_segment(plan, starts))
    order, draws = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    weights = in_one_vector(network)
    optimiser = OPTIMISERS[plan.optimiser](weights, plan.learning_rate)
    total = plan.epochs * steps_per_epoch(plan, starts)
    validated = {-(-plan.epochs * part // 8) for part in range(1, 9)}
    curve: list[CurvePoint] = []
    step, began = 0, time.process_time()
    for epoch in range(plan.epochs):
        network.train()
        losses: list[float] = []
        for batch in segments(starts, plan.segment, plan.batch, order):
            if step == most_steps:
                return curve
            optimiser.param_groups[0]["lr"] = plan.rate(step, total, epoch)
            with rounded_products(plan.precision):
                loss = _batch_loss(network, data, torch.from_numpy(batch).to(data.device), plan, recipe, teacher, draws)
            optimiser.zero_grad(set_to_none=False)
            loss.backward()  # type: ignore[no-untyped-call]
            if on_gradients:
                on_gradients(network)
            norm = torch.nn.utils.clip_grad_norm_(weights, plan.gradient_norm or torch.inf)
            if not torch.isfinite(norm):
                raise RunError(
                    f"the gradient is not finite in epoch {epoch + 1} of {phase} (loss {float(loss.detach()):g}); "
                    f"lower the learning rate, now {plan.learning_rate:g}"
                )
            optimiser.step()
            losses.append(float(loss.detach()))
            step += 1
        val_mae = validate(network) if validate is not None and epoch + 1 in validated else None
        seconds = time.process_time() - began
        curve.append(
            CurvePoint(
                epoch=epoch + 1, phase=phase, cpu_seconds=seconds, train_loss=float(np.mean(losses)), val_mae=val_mae
            )
        )
        if on_validation is not None and val_mae is not None:
            on_validation(curve)
    return curve


def _batch_loss(
    network: Forecaster,
    data: WindowedSeries,
    firsts: Tensor,
    plan: Plan,
    recipe: Recipe,
    teacher: Teacher | None,
    draws: torch.Generator,
) -> Tensor:
    """Loss of one batch of segments; an iterated network is trained on the next step alone, as in the paper."""
    steps = min(network.outputs, data.horizon)
    rows = data.target_rows(firsts, plan.segment, steps)
    spatial = network.spatial_taps if recipe.spatial_weight > 0 else ()
    temporal = network.temporal_taps if recipe.temporal_weight > 0 else ()
    with tapped(network, (*spatial, *temporal)) as features:
        predicted = network(data.inputs(firsts, plan.segment))[:, :, :steps]
    heard = None
    if recipe.needs_teacher:
        if teacher is None:
            raise ValueError(f"loss {recipe.loss} needs a teacher")
        heard = teacher.outputs(firsts, plan.segment, steps)
    outputs = Outputs(predicted, data.scaled[rows], data.measured[rows], heard, data.deviation, data.offsets[rows])
    pairs = None
    if recipe.needs_features:
        if teacher is None or teacher.tables is None:
            raise ValueError(f"loss {recipe.loss} needs a teacher's features")
        pairs = Features(
            [(features[name], teacher.tables.spatial[name]) for name in spatial],
            [(features[name], teacher.tables.temporal[name]) for name in temporal],
            firsts,
            plan.segment,
        )
    return recipe_loss(recipe, outputs, pairs, draws)
