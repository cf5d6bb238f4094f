"""The check of a loss."""

from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from kdsearch.distill.loss import Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import COMMON, LOSSES, Loss
from kdsearch.distill.small_batch import judge_small_batch, small_batch_outputs

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
    outputs = small_batch_outputs(row)
    made, student = judge_small_batch(row, base, outputs)
    whole = torch.stack(made).sum() if isinstance(made, tuple) else made
    assert whole.shape == (), f"the loss has shape {tuple(whole.shape)}; it must be one number"
    assert torch.isfinite(whole), f"the loss is {float(whole)}, which is not finite"
    (grad,) = torch.autograd.grad(whole, student)
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
    """Judge the batch, and add what the loss gives."""
    made, _ = judge_small_batch(row, config, outputs)
    return torch.stack(made).sum() if isinstance(made, tuple) else made
