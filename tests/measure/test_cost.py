"""Operations counted as they run equal those counted by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kdsearch.errors import RunError
from kdsearch.measure.cost import OperationCounter, forecast_cost, measured_costs, weight_count
from kdsearch.measure.objectives import OBJECTIVES, Objective
from kdsearch.measure.subject import Subject
from kdsearch.models import Stgcn, StgcnSize
from tests.restored import tables_restored


def ring(nodes: int) -> NDArray[np.float64]:
    """A ring road."""
    return np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)


def products_by_hand(nodes: int, c: int, outputs: int, columns: tuple[int, int, int, int]) -> int:
    """Twice the multiply-accumulates of one pass, residuals folded, identity polynomial not multiplied.

    Args:
        nodes: N.
        c: Width.
        outputs: Steps that come out.
        columns: Steps in time that each block's two temporal convolutions give.
    """
    first, second, third, fourth = columns
    per_node = first * 3 * 1 * 2 * c + first * 3 * c * c + second * 3 * c * 2 * c  # gate, graph weights, convolution
    per_node += third * 3 * 2 * c * 2 * c + third * 3 * c * c + fourth * 3 * c * 4 * c  # block 1
    per_node += 4 * 4 * c * 8 * c + 4 * c * 4 * c + 4 * c * outputs  # head
    graph = (first + third) * 2 * c * nodes * nodes
    return 2 * (per_node * nodes + graph)


@pytest.mark.parametrize(("nodes", "width", "outputs", "further"), [(20, 4, 9, 0), (20, 2, 1, 8), (11, 1, 9, 0)])
def test_stgcn_products_equal_the_count_by_hand(nodes: int, width: int, outputs: int, further: int) -> None:
    """Iterated decoding pays for a whole window once, and for a column of each layer in each of eight further steps."""
    network = Stgcn(ring(nodes), StgcnSize.of_width(width), outputs=outputs)
    cost = forecast_cost(network, torch.randn(1, 12, nodes, 1), 9, stored_numbers=77)
    whole = products_by_hand(nodes, width, outputs, (10, 8, 6, 4))
    assert cost.product_flops == whole + further * products_by_hand(nodes, width, outputs, (1, 1, 1, 1))
    assert cost.flops > cost.product_flops
    assert cost.uncounted_operators == []
    assert cost.stored_numbers == cost.parameters + 77 == weight_count(network) + 77


def test_an_operator_without_a_formula_is_named() -> None:
    with OperationCounter() as counter:
        torch.cumsum(torch.ones(5), dim=0)
    assert dict(counter.uncounted) == {"aten.cumsum": 1}


def test_elementwise_work_is_counted_once_per_element() -> None:
    x = torch.ones(4, 5)
    with OperationCounter() as counter:
        torch.relu(x) + x
    assert counter.elementwise_flops == 40


def own_cost(measure: Callable[[Subject, int], float]) -> dict[str, float]:
    """Measure a network whose energy a row of the user's own gives."""
    network = Stgcn(ring(5), StgcnSize.of_width(1), outputs=9)
    with tables_restored():
        OBJECTIVES.add(Objective("energy", "mJ", "energy of one forecast", measure=measure))
        subjects = [Subject(network, torch.zeros(1, 12, 5, 1), 0)]
        return measured_costs(subjects, 9, repeats=1, threads=1, max_seconds=1)[0].measured


def test_a_cost_of_the_users_own_is_measured_without_gradients_and_kept_as_a_float() -> None:
    def peak(subject: Subject, horizon: int) -> float:
        assert not subject.network.training
        made = subject.network.forecast(subject.window, horizon)
        assert not made.requires_grad
        return 2 + made.numel()  # an int

    assert own_cost(peak) == {"energy": 2 + 9 * 5}
    assert type(own_cost(peak)["energy"]) is float


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_cost_that_is_no_number_above_0_is_refused(value: float) -> None:
    """The teacher is measured first, so that the run ends with the sentence before its trials."""
    with pytest.raises(RunError, match=f"the cost 'energy' was measured as {value}; give a finite number above 0"):
        own_cost(lambda _subject, _horizon: value)


def test_a_cost_whose_function_fails_is_named_in_one_sentence() -> None:
    with pytest.raises(RunError, match="the cost 'energy' could not be measured: ZeroDivisionError: "):
        own_cost(lambda _subject, horizon: 1 / (horizon - 9))
