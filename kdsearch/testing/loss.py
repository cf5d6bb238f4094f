"""The check of a loss."""

from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import COMMON, LOSSES, Loss
from kdsearch.distill.losses import lagged_distances, pair_distances
from kdsearch.distill.teacher_features import SpatialTable, TemporalTable

__all__ = ["check_loss"]


def check_loss(loss: str | Loss) -> None:
    """Check a loss on one small batch, as the battery checks every loss of kdsearch.

    >>> check_loss("rd-l2")

    It gives finite scalars with a gradient for the student alone, reads the weights that its row names and no others,
    follows the teacher where it asks for one, and leaves targets that were not measured out.

    Args:
        loss: A row, or the name of one in `LOSSES`.

    Raises:
        AssertionError: With what was expected, and what came.
    """
    row = LOSSES.choose(loss) if isinstance(loss, str) else loss
    base = LossConfig(loss=row.name)
    outputs = _batch_outputs(row.needs_teacher)
    outputs.student.requires_grad_()
    whole = _judged(row, base, outputs)
    assert whole.shape == (), f"the loss has shape {tuple(whole.shape)}; it must be one number"
    assert torch.isfinite(whole), f"the loss is {float(whole)}, which is not finite"
    (grad,) = torch.autograd.grad(whole, outputs.student)
    assert torch.isfinite(grad).all(), "the gradient for the student's forecasts is not finite"
    assert grad.any(), "the gradient for the student's forecasts is zero everywhere"
    hidden = outputs.target.clone()
    hidden[~outputs.measured] += 3.0
    torch.testing.assert_close(
        _judged(row, base, replace(outputs, target=hidden)),
        whole,
        msg="targets that were not measured count; multiply by `outputs.measured`",
    )
    if outputs.teacher is not None and row.teacher == "outputs":
        other = _judged(row, base, replace(outputs, teacher=outputs.teacher.flip(0)))
        assert not torch.equal(other, whole), "another teacher changes nothing, though the row asks for its outputs"
    if row.teacher != "embeddings":  # those weights are read beside the batch, by what trains there
        _check_weights(row, base, outputs, whole)


def _check_weights(row: Loss, base: LossConfig, outputs: Outputs, whole: Tensor) -> None:
    """Compare the weights that the row names with those that change the loss."""
    for name in (field.name for field in fields(LossConfig) if field.name not in COMMON):
        others = [replace(base, **{name: value}) for value in _other_values(getattr(base, name))]
        moved = any(not torch.equal(_judged(row, config, outputs), whole) for config in others)
        if name in row.weights:
            assert moved, f"the row names the weight {name!r}, which changes nothing; take it out of `weights`"
        else:
            assert not moved, f"the loss reads the weight {name!r}, which the row does not name; add it to `weights`"


def _other_values(value: Any) -> list[Any]:
    """Give values that differ from a default of `LossConfig`."""
    if isinstance(value, bool):
        return [not value]
    words = {"squared": "absolute", "absolute": "squared", "softmax": "printed", "printed": "softmax"}
    return [words[value]] if isinstance(value, str) else [0.03, 0.9]


def _judged(row: Loss, config: LossConfig, outputs: Outputs) -> Tensor:
    """Judge one batch with the weights of the row, drawing alike each time."""
    features = _batch_features(row, config) if row.teacher == "features" else None
    made = row.judge(config, outputs, features, torch.Generator().manual_seed(0))
    return torch.stack(made).sum() if isinstance(made, tuple) else made


def _batch_outputs(teacher: bool) -> Outputs:
    """Draw the outputs of one batch, ``(segment, forecast, step, node)``; every seventh entry was not measured."""
    generator = torch.Generator().manual_seed(2)
    student, target, taught = torch.randn(3, 2, 4, 3, 5, generator=generator)
    measured = (torch.arange(student.numel()) % 7 > 0).view_as(student)
    return Outputs(student, target, measured, taught if teacher else None, 10.0, torch.full_like(target, 50.0))


def _batch_features(row: Loss, config: LossConfig) -> Features:
    """Draw the taps of the same batch: segments of 4 windows from rows 3 and 20, whose features are 3 steps long."""
    generator = torch.Generator().manual_seed(3)
    own, taught = torch.randn(2, 2, 6, 5, 2, generator=generator), torch.randn(2, 1, 30, 5, 8, generator=generator)
    return Features(
        spatial=[(own[0], SpatialTable(pair_distances(taught[0][0]).numpy()))],
        temporal=[(own[1], TemporalTable(lagged_distances(taught[1], 2)[0].numpy()))],
        segment_starts=torch.tensor([3, 20]),
        forecasts=4,
        spatial_weight=row.spatial_weight(config),
        temporal_weight=row.temporal_weight(config),
    )
