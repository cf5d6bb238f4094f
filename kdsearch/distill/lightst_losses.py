"""Distillation losses of LightST (Zhang et al., AAAI 2025, arXiv 2501.10459), Eq 6 and 7, as pure functions of tensors.

The paper compares embeddings: the student's one with the teacher's temporal one (Eq 6, and L^(E) of Eq 7) and with its
spatial one (L^(P) of Eq 7); Eq 8 adds ``lambda1`` of the former and ``lambda2`` of the two contrasts to the task loss.
The released code compares other things:

* its divergence is that of the forecasts, along the horizon, at temperature 1;
* the embeddings are forecasts and features behind random maps that are drawn anew in every step and never trained;
* positives are summed over time before the logarithm, and negatives are pairs of nodes within the student and within
  the teacher, never across;
* the temporal contrast is computed and not added;
* the teacher is frozen, where the paper trains it jointly.

Its weights are ``lambda1`` 10 and ``lambda2`` 1, both its contrastive temperatures 0.05.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

__all__ = ["Projector", "contrast", "embedding_divergence"]

LOGIT_BYTES = 32 * 1024**2
"""Most memory for the logits of slices computed together; a single slice may take more."""


def embedding_divergence(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Compute Eq 6: KL between the softmax distributions over channels, teacher first, times the squared temperature.

    The paper sums over nodes and steps; this is the mean over windows, steps and nodes, and the factor keeps gradients
    of one size whatever the temperature.

    Args:
        student: ``(window, channel, time, node)``.
        teacher: The same shape.
        temperature: Divisor of the embeddings.
    """
    p = torch.log_softmax(teacher / temperature, dim=1)
    q = torch.log_softmax(student / temperature, dim=1)
    return (p.exp() * (p - q)).sum(dim=1).mean() * temperature**2


def contrast(student: Tensor, teacher: Tensor, *, temperature: float, slices: int | None = None) -> Tensor:
    """Compute Eq 7, InfoNCE: each node of the student finds itself among the teacher's nodes of its slice, by cosine.

    The denominator holds all of the teacher's nodes, the positive one too, so that no value is below zero. The mean is
    over slices and nodes. All logits at once would take ``slice * node ** 2`` numbers; here only those of a few slices
    exist at a time, and the gradient is made beside the value, since afterwards they are gone. The teacher gets a
    gradient where it requires one.

    Args:
        student: ``(slice, node, channel)``; a slice is one step of one window.
        teacher: The same shape.
        temperature: Divisor of the cosines.
        slices: Number of slices computed together; by default as many as fit into `LOGIT_BYTES`.
    """
    together = slices or max(1, LOGIT_BYTES // (student.shape[1] ** 2 * student.element_size()))
    wanted = torch.is_grad_enabled()
    loss: Tensor = _Contrast.apply(  # type: ignore[no-untyped-call]
        F.normalize(student, dim=-1), F.normalize(teacher, dim=-1), temperature, together, wanted
    )
    return loss


class _Contrast(torch.autograd.Function):
    """Cross entropy of each node's cosines with its own place among them; embeddings have length 1."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, temperature: float, together: int, wanted: bool) -> Tensor:
        """Compute value and, where wanted, both gradients: a logit's is its probability, less one for the positive."""
        grads = [
            torch.empty_like(side) if wanted and needed else None
            for side, needed in zip((student, teacher), ctx.needs_input_grad[:2], strict=True)
        ]
        count = student.shape[0] * student.shape[1]
        total = student.new_zeros(())
        for first in range(0, len(student), together):
            piece = slice(first, first + together)
            logits = (student[piece] @ teacher[piece].mT).div_(temperature)
            positives = logits.diagonal(dim1=1, dim2=2)
            normaliser = logits.logsumexp(dim=2, keepdim=True)
            total += normaliser.sum() - positives.sum()
            if any(grad is not None for grad in grads):
                grad = logits.sub_(normaliser).exp_()
                positives.sub_(1)
                grad.div_(temperature * count)
            if grads[0] is not None:
                torch.bmm(grad, teacher[piece], out=grads[0][piece])
            if grads[1] is not None:
                torch.bmm(grad.mT, student[piece], out=grads[1][piece])
        ctx.grads = grads
        return total / count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        student, teacher = (None if grad is None else grad * outer[0] for grad in ctx.grads)
        return student, teacher, None, None, None


class Projector(nn.Module):
    """A map from a student's embedding to the shape of its teacher's, trained beside the student and thrown away.

    Equal shapes need no map. Where only channels differ, it is a linear map over channels, the same at every step.
    Where the steps differ, it is one linear map from all channels and steps to all of the teacher's: by a map over time
    apart from that over channels, an embedding of a single step would point the same way at all of them.

    Args:
        student: Channels and steps of the student's embedding.
        teacher: Channels and steps of the teacher's.
    """

    def __init__(self, student: tuple[int, int], teacher: tuple[int, int]) -> None:
        super().__init__()
        self.teacher = teacher
        self.joint = student[1] != teacher[1]
        self.map: nn.Module = nn.Identity()
        if self.joint:
            self.map = nn.Linear(student[0] * student[1], teacher[0] * teacher[1])
        elif student[0] != teacher[0]:
            self.map = nn.Linear(student[0], teacher[0])

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(window, channel, time, node)`` to ``(window, teacher's channel, teacher's time, node)``."""
        lines = x.permute(0, 3, 2, 1)
        projected: Tensor = self.map(lines.flatten(2) if self.joint else lines)
        channels, steps = self.teacher
        return projected.reshape(*lines.shape[:2], steps, channels).permute(0, 3, 2, 1)
