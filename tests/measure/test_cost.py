"""Operations counted as they run equal those counted by hand."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kdsearch.measure.cost import OperationCounter, forecast_cost, parameter_count
from kdsearch.models import Stgcn, StgcnSize


def ring(nodes: int) -> NDArray[np.float64]:
    """A ring road."""
    return np.roll(np.eye(nodes), 1, axis=1) + np.roll(np.eye(nodes), -1, axis=1)


def products_by_hand(nodes: int, c: int, outputs: int) -> int:
    """Twice the multiply-accumulates of one pass, residuals folded, identity polynomial not multiplied."""
    per_node = 10 * 3 * 1 * 2 * c + 10 * 3 * c * c + 8 * 3 * c * 2 * c  # block 0: gate, graph weights, convolution
    per_node += 6 * 3 * 2 * c * 2 * c + 6 * 3 * c * c + 4 * 3 * c * 4 * c  # block 1
    per_node += 4 * 4 * c * 8 * c + 4 * c * 4 * c + 4 * c * outputs  # head
    graph = (10 + 6) * 2 * c * nodes * nodes
    return 2 * (per_node * nodes + graph)


@pytest.mark.parametrize(("nodes", "width", "outputs", "passes"), [(20, 4, 9, 1), (20, 2, 1, 9), (11, 1, 9, 1)])
def test_stgcn_products_equal_the_count_by_hand(nodes: int, width: int, outputs: int, passes: int) -> None:
    """Iterated decoding pays for each of its nine passes."""
    network = Stgcn(ring(nodes), StgcnSize.of_width(width), outputs=outputs)
    cost = forecast_cost(network, torch.randn(1, 12, nodes, 1), 9, stored_numbers=77)
    assert cost.product_flops == passes * products_by_hand(nodes, width, outputs)
    assert cost.flops > cost.product_flops
    assert cost.uncounted_operators == []
    assert cost.stored_numbers == cost.parameters + 77 == parameter_count(network) + 77


def test_an_operator_without_a_formula_is_named() -> None:
    with OperationCounter() as counter:
        torch.cumsum(torch.ones(5), dim=0)
    assert dict(counter.uncounted) == {"aten.cumsum": 1}


def test_elementwise_work_is_counted_once_per_element() -> None:
    x = torch.ones(4, 5)
    with OperationCounter() as counter:
        torch.relu(x) + x
    assert counter.elementwise_flops == 40
