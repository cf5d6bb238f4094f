"""An approximation of SKD, with which Izadi et al. (2024, Table 2) compare their losses without giving its form.

What is meant is, by its name and its "gradient rejuvenation", Structural Knowledge Distillation (Bian, Feng, Wan and
Wang, IEEE TIP 30, 2021), made for the classification of skeletons. Of its parts, here:

* Relations: pair distances of a network's feature, divided by their mean over the positive ones, are compared by the
  smooth L1 error. The original takes all nodes and steps of a sample for points and Euclidean distances; here the
  points are the nodes of one step and the distances those of Eq 9, of which the teacher's are kept in tables.
* Answers: the squared difference to the teacher's, for the divergence of class probabilities, which a forecast has not.
* Features: left out; their plain squared difference needs as many channels in the student as in the teacher.
* Revision: the part of a distillation gradient that points against the task's is taken away.

The paper's alpha (Table 6) is read as the share of what is distilled:
``(1 - alpha) task + alpha (relations + answers)``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from kdsearch.distill import fused, losses
from kdsearch.distill.loss import Features, Outputs, drawn_slices, task
from kdsearch.distill.loss_config import LossConfig

__all__ = ["relations", "relations_loss", "revised", "revised_backward", "skd_terms"]


def relations(distances: Tensor) -> Tensor:
    """Divide pair distances ``(slice, pair)`` by the mean of each slice's positive ones; zeros stay zeros."""
    positive = distances > 0
    mean = (distances * positive).sum(dim=1, keepdim=True) / positive.sum(dim=1, keepdim=True).clamp(min=1)
    return distances / torch.where(mean > 0, mean, 1.0)


def relations_loss(student: Tensor, teacher_distances: Tensor, weight: Tensor) -> Tensor:
    """Compare the relations of slices: their mean smooth L1 error.

    Args:
        student: Features ``(slice, node, channel)``.
        teacher_distances: The teacher's `losses.pair_distances` ``(slice, pair)``, without gradient.
        weight: How often each slice counts, ``(slice,)``.
    """
    own, given = relations(losses.pair_distances(student)), relations(teacher_distances.to(student))
    errors = torch.nn.functional.smooth_l1_loss(own, given, reduction="none").mean(dim=1)
    return (errors * weight).sum() / weight.sum()


def skd_terms(
    config: LossConfig, outputs: Outputs, features: Features | None, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """Judge one batch: the task, the relations and the answers, each with its weight.

    Args:
        config: Weights.
        outputs: What came out, what should have, and what the teacher said.
        features: At the taps.
        generator: Draws the slices of the relations, and of large graphs their nodes.
    """
    assert features is not None
    related = []
    for student, table in features.spatial:
        slices, rows, weight = drawn_slices(student, features, config, generator)
        nodes, teacher_distances = table.distances(rows, slices.shape[1], generator)
        related.append(relations_loss(slices if nodes is None else slices[:, nodes], teacher_distances, weight))
    answers = fused.response(
        outputs.student,
        outputs.teacher_outputs,
        outputs.target,
        outputs.measured,
        beta=1.0,
        error="squared",
        reduction=config.reduction,
    )
    share = config.alpha
    return (1 - share) * task(config, outputs), share * torch.stack(related).mean(), share * answers


def revised(task: Tensor, gradient: Tensor) -> Tensor:
    """Take away what of a distillation gradient points against the task's.

    Args:
        task: Gradient of the task, one vector.
        gradient: Of the same length.
    """
    along, length = gradient @ task, task @ task
    return gradient if along >= 0 or length == 0 else gradient - along / length * task


def revised_backward(weights: torch.nn.Parameter, terms: Sequence[Tensor]) -> None:
    """Leave in the gradient that of the first term and those of the others, revised.

    Args:
        weights: All that is trained, in one vector; the gradient's memory stays what it is.
        terms: Scalars of one graph.
    """
    assert weights.grad is not None
    gradients = []
    for place, term in enumerate(terms, 1):
        weights.grad.zero_()
        term.backward(retain_graph=place < len(terms))  # type: ignore[no-untyped-call]
        gradients.append(weights.grad.clone())
    task, *distilled = gradients
    weights.grad.copy_(task + sum(revised(task, gradient) for gradient in distilled))
