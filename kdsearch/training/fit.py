"""One training loop for teachers, students and networks under pruning."""

import copy
import io
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
    begun: bytes | None = None,
    keep: Callable[[list[CurvePoint], Callable[[], bytes]], None] | None = None,
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
        begun: What `keep` got packed in the same training, with the same code: this one goes on from there, and ends
            with the same weights, bit for bit.
        keep: Takes the curve so far after each epoch, and what packs all that the training then needs to go on.
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
    began = time.process_time()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        training_step = _TrainingStep(network, plan, TrainingLoss(network, data, loss_config, teacher, generator))
        under_way = _UnderWay(training_step, curve, rng, generator, data.device)
        if begun is not None:
            under_way.unpack(begun)
            began -= curve[-1].cpu_seconds
        step = len(curve) * steps_per_epoch(plan, starts)
        for epoch in range(len(curve), plan.epochs):
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
            if keep is not None:
                keep(curve, under_way.packed)
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
        self.trained = [network, *training_loss.trained_beside]
        self.weights = [in_one_vector(trained) for trained in self.trained]
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

    def state(self) -> dict[str, Any]:
        """Give all that the steps so far have changed."""
        return {
            "weights": [vector.detach() for vector in self.weights],
            "buffers": [dict(trained.named_buffers()) for trained in self.trained],
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "averaged": (self._sums, self._averaged),
        }

    @torch.no_grad()
    def load(self, state: dict[str, Any]) -> None:
        """Take what `state` gave."""
        for vector, kept in zip(self.weights, state["weights"], strict=True):
            vector.copy_(kept)
        for trained, kept in zip(self.trained, state["buffers"], strict=True):
            for name, buffer in trained.named_buffers():
                buffer.copy_(kept[name])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        sums, self._averaged = state["averaged"]
        self._sums = [total.to(vector.device) for total, vector in zip(sums, self.weights, strict=bool(sums))]

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


class _UnderWay:
    """One training between two epochs: its steps, its curve and its sources of chance, as bytes and from bytes."""

    def __init__(
        self,
        training_step: _TrainingStep,
        curve: list[CurvePoint],
        rng: np.random.Generator,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.training_step, self.curve, self.rng, self.generator = training_step, curve, rng, generator
        self.on_gpu = device if device.type == "cuda" else None

    def packed(self) -> bytes:
        """Pack it as it is now; torch reads it as tensors and plain values, and runs no code."""
        state = self.training_step.state() | {
            "curve": [point.model_dump() for point in self.curve],
            "order": self.rng.bit_generator.state,
            "draws": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "gpu": None if self.on_gpu is None else torch.cuda.get_rng_state(self.on_gpu),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        return buffer.getvalue()

    def unpack(self, packed: bytes) -> None:
        """Go to where another training was."""
        state = torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True)
        self.training_step.load(state)
        self.curve[:] = [CurvePoint.model_validate(point) for point in state["curve"]]
        self.rng.bit_generator.state = state["order"]
        self.generator.set_state(state["draws"])
        torch.set_rng_state(state["torch"])
        if self.on_gpu is not None:
            torch.cuda.set_rng_state(state["gpu"], self.on_gpu)
