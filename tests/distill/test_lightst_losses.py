"""LightST's losses against values worked out by hand, loops and gradcheck; and the size of their tensors."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kdsearch.distill.lightst_losses import Projector, contrast, embedding_divergence


def embeddings(*shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw embeddings of a student and a teacher, float64."""
    generator = torch.Generator().manual_seed(seed)
    both = torch.randn(2, *shape, dtype=torch.float64, generator=generator)
    return both[0].clone().requires_grad_(), both[1].clone().requires_grad_()


def test_divergence_by_hand() -> None:
    """Teacher's probabilities 2/3 and 1/3 at temperature 2, student's 1/2 each; a second node is like its teacher."""
    teacher = torch.tensor([[2 * math.log(2.0), 3.0], [0.0, 5.0]]).view(1, 2, 1, 2)
    student = torch.tensor([[1.0, 1.0], [1.0, 3.0]]).view(1, 2, 1, 2)
    expected = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)
    assert embedding_divergence(student, teacher, temperature=2.0).item() == pytest.approx(4 * expected / 2)


def test_divergence_equals_its_definition() -> None:
    student, teacher = embeddings(2, 5, 3, 4)
    terms = []
    for window, step, node in itertools.product(range(2), range(3), range(4)):
        p = (teacher[window, :, step, node] / 0.7).softmax(dim=0)
        q = (student[window, :, step, node] / 0.7).softmax(dim=0)
        terms.append((p * (p / q).log()).sum())
    expected = torch.stack(terms).mean() * 0.7**2
    assert embedding_divergence(student, teacher, temperature=0.7).item() == pytest.approx(expected.item(), rel=1e-12)


def test_contrast_by_hand() -> None:
    """Cosines of the first node are 1 and 0, of the second 0.6 and 0.8, at temperature 0.5."""
    student = torch.tensor([[[2.0, 0.0], [3.0, 4.0]]])
    teacher = torch.tensor([[[1.0, 0.0], [0.0, 5.0]]])
    first = math.log(math.exp(2.0) + math.exp(0.0)) - 2.0
    second = math.log(math.exp(1.2) + math.exp(1.6)) - 1.6
    assert contrast(student, teacher, temperature=0.5).item() == pytest.approx((first + second) / 2)


def plain_contrast(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Compute Eq 7 node by node; negatives are the teacher's other nodes of the slice."""
    terms = []
    for piece, node in itertools.product(range(student.shape[0]), range(student.shape[1])):
        cosines = torch.cosine_similarity(student[piece, node], teacher[piece], dim=-1)
        likeness = (cosines / temperature).exp()
        negatives = torch.cat([likeness[:node], likeness[node + 1 :]]).sum()
        terms.append(-(likeness[node] / (likeness[node] + negatives)).log())
    return torch.stack(terms).mean()


@pytest.mark.parametrize("slices", [1, 2, 3, 7, None])
def test_contrast_and_its_gradients_equal_their_definition_however_many_slices_are_looked_at(
    slices: int | None,
) -> None:
    student, teacher = embeddings(7, 5, 3)
    value = contrast(student, teacher, temperature=0.3, slices=slices)
    expected = plain_contrast(student, teacher, 0.3)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    grads = torch.autograd.grad(3 * value, [student, teacher])
    for grad, wanted in zip(grads, torch.autograd.grad(3 * expected, [student, teacher]), strict=True):
        torch.testing.assert_close(grad, wanted, rtol=0, atol=1e-12)


def test_gradients_pass_gradcheck() -> None:
    pair = embeddings(3, 4, 2)
    assert torch.autograd.gradcheck(lambda s, t: contrast(s, t, temperature=0.4, slices=2), pair)
    shown = tuple(side.detach()[None].requires_grad_() for side in pair)
    assert torch.autograd.gradcheck(lambda s, t: embedding_divergence(s, t, temperature=0.4), shown)


def test_only_who_requires_a_gradient_gets_one() -> None:
    student, teacher = embeddings(3, 4, 2)
    contrast(student, teacher.detach(), temperature=0.5).backward()  # type: ignore[no-untyped-call]
    alone = student.grad
    student.grad = None
    contrast(student, teacher, temperature=0.5).backward()  # type: ignore[no-untyped-call]
    assert alone is not None
    assert teacher.grad is not None
    torch.testing.assert_close(student.grad, alone, rtol=0, atol=0)
    with torch.no_grad():
        assert not contrast(student, teacher, temperature=0.5).requires_grad


def test_a_student_like_its_teacher_has_less_loss_than_one_whose_nodes_are_swapped() -> None:
    _, teacher = embeddings(4, 6, 3)
    swapped = teacher.roll(1, dims=1)
    assert contrast(teacher, teacher, temperature=0.1) < contrast(swapped, teacher, temperature=0.1)
    shown, other = teacher[None], swapped[None]
    assert embedding_divergence(shown, shown, temperature=1.0).item() == pytest.approx(0, abs=1e-12)
    assert embedding_divergence(other, shown, temperature=1.0) > 0.1


def test_the_order_of_the_nodes_does_not_matter() -> None:
    student, teacher = embeddings(4, 6, 3)
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    moved = contrast(student[:, order], teacher[:, order], temperature=0.2)
    assert moved.item() == pytest.approx(contrast(student, teacher, temperature=0.2).item(), rel=1e-12)


def test_the_length_of_an_embedding_does_not_matter_even_at_low_temperature() -> None:
    student, teacher = embeddings(2, 4, 3)
    value = contrast(100 * student, 0.01 * teacher, temperature=0.001)
    assert math.isfinite(value.item())
    assert value.item() == pytest.approx(contrast(student, teacher, temperature=0.001).item(), rel=1e-9)


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Mode that records the number of elements of the largest tensor from any operator."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = func(*args, **(kwargs or {}))
        for one in given if isinstance(given, tuple | list) else [given]:
            self.elements = max(self.elements, one.numel() if isinstance(one, Tensor) else 0)
        return given


def test_no_tensor_is_larger_than_the_embeddings_and_the_logits_of_a_few_slices() -> None:
    slices, nodes, channels = 24, 60, 4
    student, teacher = (side.flatten(0, 1) for side in embeddings(4, 6, nodes, channels))
    with Largest() as largest:  # type: ignore[no-untyped-call]
        loss = contrast(student, teacher, temperature=0.1, slices=2)
        loss.backward()  # type: ignore[no-untyped-call]
    assert largest.elements == max(2 * nodes**2, slices * nodes * channels)


def test_slices_of_many_nodes_are_looked_at_one_by_one() -> None:
    """Two slices' logits of 2300 nodes would take more than 32 MiB."""
    student, teacher = (side.float() for side in embeddings(2, 2300, 1))
    with Largest() as largest, torch.no_grad():  # type: ignore[no-untyped-call]
        contrast(student, teacher, temperature=0.1)
    assert largest.elements == 2300**2


@pytest.mark.parametrize(
    ("student", "teacher", "parameters"),
    [
        ((3, 4), (3, 4), 0),
        ((3, 4), (5, 4), 3 * 5 + 5),
        ((3, 1), (3, 4), 3 * 12 + 12),
        ((3, 2), (5, 4), 6 * 20 + 20),
    ],
)
def test_a_projector_learns_no_more_than_the_shapes_ask_for(
    student: tuple[int, int], teacher: tuple[int, int], parameters: int
) -> None:
    projector = Projector(student, teacher)
    x = torch.randn(2, *student, 7)
    y = projector(x)
    assert y.shape == (2, *teacher, 7)
    assert sum(parameter.numel() for parameter in projector.parameters()) == parameters
    assert parameters or torch.equal(x, y)


def test_a_projector_does_the_same_at_every_node_of_every_window() -> None:
    torch.manual_seed(0)
    for student in ((3, 4), (3, 2)):
        projector = Projector(student, (5, 4))
        x = torch.randn(2, *student, 7)
        torch.testing.assert_close(projector(x[1:, :, :, 2:3]), projector(x)[1:, :, :, 2:3])


def test_a_projector_of_channels_alone_does_the_same_at_every_step() -> None:
    torch.manual_seed(0)
    projector = Projector((3, 4), (5, 4))
    x = torch.randn(2, 3, 4, 7)
    torch.testing.assert_close(projector(x.flip(2)), projector(x).flip(2))


def test_a_single_step_is_shown_in_other_directions_at_the_steps_of_the_teacher() -> None:
    torch.manual_seed(0)
    shown = Projector((3, 1), (5, 4))(torch.randn(2, 3, 1, 7))
    assert torch.cosine_similarity(shown[:, :, 0], shown[:, :, 1], dim=1).abs().max() < 0.999
