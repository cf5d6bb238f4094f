"""One training loop for teachers, students and networks under pruning."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries, segments
from kdsearch.distill.loss import Features, Outputs, batch_loss
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.skd import revised_backward, skd_terms
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher import Teacher
from kdsearch.errors import RunError
from kdsearch.models import Forecaster
from kdsearch.models.precision import rounded_products
from kdsearch.record import CurvePoint
from kdsearch.training.optimisers import OPTIMISERS, in_one_vector
from kdsearch.training.plan import Plan, fitting_segment, steps_per_epoch

__all__ = ["fit"]


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
    validate: Callable[[Forecaster], float] | None = None,
    on_validation: Callable[[list[CurvePoint]], None] | None = None,
) -> list[CurvePoint]:
    """Train `network` in place.

    Args:
        network: On the device of `data`.
        data: The series as this network sees it.
        starts: First rows of the training windows.
        plan: Epochs, optimiser and batches; windows are drawn one by one where the network shares nothing between them.
        loss_config: The loss.
        seed: Of batch order, slice draws, dropout and what is trained beside the network; weights were drawn before.
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
    alone = loss_config.contrasts or not network.shares_steps
    plan = replace(plan, segment=1 if alone else fitting_segment(plan, starts))
    rng = np.random.default_rng(seed)
    total = plan.epochs * steps_per_epoch(plan, starts)
    validated = {-(-plan.epochs * part // 8) for part in range(1, 9)}
    curve: list[CurvePoint] = []
    step, began = 0, time.process_time()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        training_step = _TrainingStep(network, data, plan, loss_config, teacher, torch.Generator().manual_seed(seed))
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
            val_mae = validate(network) if validate is not None and epoch + 1 in validated else None
            seconds, loss = time.process_time() - began, float(np.mean(losses))
            curve.append(
                CurvePoint(epoch=epoch + 1, phase=phase, cpu_seconds=seconds, train_loss=loss, val_mae=val_mae)
            )
            if on_validation is not None and val_mae is not None:
                on_validation(curve)
    return curve


class _TrainingStep:
    """One training's network, its optimiser, and whoever it listens to."""

    def __init__(
        self,
        network: Forecaster,
        data: WindowedSeries,
        plan: Plan,
        loss_config: LossConfig,
        teacher: Teacher | None,
        generator: torch.Generator,
    ) -> None:
        if loss_config.needs_teacher and teacher is None:
            raise ValueError(f"loss {loss_config.loss} needs a teacher")
        if loss_config.needs_features and (teacher is None or teacher.tables is None):
            raise ValueError(f"loss {loss_config.loss} needs a teacher's features")
        self.network, self.data, self.plan, self.loss_config, self.teacher = network, data, plan, loss_config, teacher
        self.shown: tuple[str, ...] = (network.embeddings or ())[1:] if loss_config.contrasts else ()
        self.live = (
            teacher.beside(network, data, loss_config) if teacher is not None and loss_config.contrasts else None
        )
        beside = (
            [] if self.live is None or not any(one.requires_grad for one in self.live.parameters()) else [self.live]
        )
        self.generator, self.weights = generator, [in_one_vector(trained) for trained in (network, *beside)]
        self.optimisers = [OPTIMISERS[plan.optimiser](vector, plan.learning_rate) for vector in self.weights]

    def step(
        self, segment_starts: Tensor, rate: float, on_gradients: Callable[[Forecaster], None] | None, when: str
    ) -> float:
        """Learn from one batch of segments that begin at the rows `segment_starts`; the loss."""
        with rounded_products(self.plan.precision):
            terms = self._terms(segment_starts)
        for optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = rate
            optimiser.zero_grad(set_to_none=False)
        loss = torch.stack(terms).sum() if len(terms) > 1 else terms[0]
        if len(terms) > 1:
            revised_backward(self.weights[0], terms)
        else:
            loss.backward()  # type: ignore[no-untyped-call]
        if on_gradients:
            on_gradients(self.network)
        for vector, optimiser in zip(self.weights, self.optimisers, strict=True):
            norm = torch.nn.utils.clip_grad_norm_(vector, self.plan.gradient_norm or torch.inf)
            if not torch.isfinite(norm):
                raise RunError(
                    f"the gradient is not finite in epoch {when} (loss {float(loss.detach()):g}); "
                    f"lower the learning rate, now {self.plan.learning_rate:g}"
                )
            optimiser.step()
        return float(loss.detach())

    def _terms(self, segment_starts: Tensor) -> tuple[Tensor, ...]:
        """The loss, or what it is the sum of where gradients are revised.

        An iterated network is trained on the next step alone, as in the paper.
        """
        network, data, loss_config, length = self.network, self.data, self.loss_config, self.plan.segment
        steps = min(network.outputs, data.horizon)
        rows = data.target_rows(segment_starts, length, steps)
        spatial = network.spatial_taps if loss_config.uses_spatial_features else ()
        temporal = network.temporal_taps if loss_config.temporal_weight > 0 else ()
        with tapped(network, (*spatial, *temporal, *self.shown)) as features:
            predicted = network(data.inputs(segment_starts, length, with_clock=network.clock))[:, :, :steps]
        teacher_outputs = (
            self.teacher.outputs(segment_starts, length, steps) if loss_config.needs_teacher and self.teacher else None
        )
        outputs = Outputs(
            predicted, data.scaled[rows], data.measured[rows], teacher_outputs, data.std, data.offsets[rows]
        )
        pairs = None
        if loss_config.needs_features and self.teacher is not None and (tables := self.teacher.tables) is not None:
            pairs = Features(
                [(features[name], tables.spatial[name]) for name in spatial],
                [(features[name], tables.temporal[name]) for name in temporal],
                segment_starts,
                length,
            )
        if loss_config.relates and pairs is not None:
            return skd_terms(loss_config, outputs, pairs, self.generator)
        loss = batch_loss(loss_config, outputs, pairs, self.generator)
        if self.live is not None:
            loss = loss + self.live.loss(features[self.shown[0]].permute(0, 3, 1, 2), segment_starts, self.generator)
        return (loss,)
