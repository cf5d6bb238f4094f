"""Operations counted as they run equal those counted by hand."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kdsearch.measure.cost import OperationCounter, forecast_cost, weight_count
from kdsearch.models import Stgcn, StgcnSize


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
