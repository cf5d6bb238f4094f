"""Training on with rounded weights, under the trial's own loss and teacher, so that rounding costs less."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization, remove_parametrizations

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.windows import WindowedSeries
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.quantise import channel_dim, int8_checkpoint, quantised
from kdsearch.deploy.rounding import WEIGHT_LEVELS, restored
from kdsearch.measure.bounds import calibrated
from kdsearch.measure.kept import scored_and_kept
from kdsearch.models import Forecaster
from kdsearch.training.fit import fit
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.run import TrialRunner

__all__ = ["fine_tuned", "trained_on"]

RATE_SHARE = 0.1
"""Of the trial's learning rate: the weights are to move by some of their steps, not to be learned anew."""


def fine_tuned(
    network: KeptNetwork, runner: TrialRunner, params: dict[str, Any], *, seed: int, epochs: int
) -> KeptNetwork:
    """Round a trial's network to 8 bits, before and after some epochs of training, and keep what errs less.

    The validation split decides. The card says its MAE of the float network and of both, and has the errors and bounds
    of the network that is kept.

    Args:
        network: A trial of the study, in float numbers.
        runner: The study's data and teacher.
        params: Those of the trial.
        seed: Of batches and slice draws.
        epochs: Passes over the training windows, at least one.
    """
    tuned = trained_on(network.checkpoint, runner, params, seed=seed, epochs=epochs)
    rows = {name: int8_checkpoint(one) for name, one in (("int8", network.checkpoint), ("int8, fine-tuned", tuned))}
    scores = {name: runner.checkpoint_scores(one, "val") for name, one in {"float": network.checkpoint, **rows}.items()}
    errors = {name: one.metrics["val"]["mae"]["all"] for name, one in scores.items()}
    best = min(rows, key=lambda name: errors[name])
    final = quantised(network, _with_bounds(rows[best], runner))
    assert final.card.rounding is not None
    rounding = final.card.rounding.model_copy(update={"epochs": epochs, "val_mae": errors})
    tested, breakdown = runner.test_scores(final.checkpoint)
    update = {"metrics": scores[best].metrics | tested.metrics, "breakdown": breakdown, "rounding": rounding}
    return replace(final, card=final.card.model_copy(update=update))


def trained_on(
    checkpoint: Checkpoint, runner: TrialRunner, params: dict[str, Any], *, seed: int, epochs: int, rounded: bool = True
) -> Checkpoint:
    """Train on with weights that are rounded in each step, or are not; give the float weights, to be rounded at last.

    The gradient of a rounded weight is taken for that of the weight itself (Bengio, Léonard, Courville 2013).
    """
    config, device = TrialConfig.of(params), torch.device(runner.device)
    network, scaler = checkpoint.network(device), int8_checkpoint(checkpoint).scaler
    data = WindowedSeries(runner.series, scaler, device)
    plan = replace(config.plan(), epochs=epochs, learning_rate=RATE_SHARE * config.learning_rate)
    teacher = runner.teacher_for(config, data, network)
    wide = [name for name, value in network.named_parameters() if rounded and value.ndim > 1]
    places = [(*_place(network, name), name) for name in wide]
    for module, own, name in places:
        register_parametrization(module, own, _Rounded(channel_dim(network.family, name)))
    starts = runner.series.splits["train"].starts
    fit(network, data, starts, plan, config.loss_config(), seed=seed, teacher=teacher, phase="fine-tune")
    for module, own, _ in places:
        remove_parametrizations(module, own, leave_parametrized=False)
    return Checkpoint.of(network, checkpoint.scaler, checkpoint.adjacency, checkpoint.bounds)


def _with_bounds(checkpoint: Checkpoint, runner: TrialRunner) -> Checkpoint:
    device = torch.device(runner.device)
    data = WindowedSeries(runner.series, checkpoint.scaler, device)
    kept = scored_and_kept(checkpoint.network(device), data, runner.series, "val")[1]
    return replace(checkpoint, bounds=calibrated(kept))


def _place(network: Forecaster, parameter: str) -> tuple[nn.Module, str]:
    """Find the module that has a parameter, and its name there."""
    path, _, own = parameter.rpartition(".")
    return network.get_submodule(path), own


class _Rounded(nn.Module):
    """Weights as an int8 file has them, by its own rule."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight: Tensor) -> Tensor:
        """Round."""
        made: Tensor = _StraightThrough.apply(weight, self.dim)  # type: ignore[no-untyped-call]
        return made


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, dim: int) -> Tensor:  # noqa: ARG004
        values = restored(weight.detach().cpu().numpy().astype(np.float32), dim, WEIGHT_LEVELS)
        return torch.from_numpy(values).to(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return grads[0], None
