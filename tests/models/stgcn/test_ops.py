"""The compiled layers are the plain ones: the same numbers, the same gradients."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmarks.plain_stgcn import PlainStgcn, forecast
from kdsearch.jit import plain_forms
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.models.precision import rounded_products
from kdsearch.models.stgcn.graph import ChebyshevGraph, chebyshev_graph
from kdsearch.models.stgcn.ops import Activation, convolution, joint_norm, polynomials

small = st.integers(1, 5)
seeds = st.integers(0, 2**31)


def road(nodes: int, seed: int = 0, *, symmetric: bool = True) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A ring road with a few shortcuts, and a node that no road leads to."""
    generator = np.random.default_rng(seed)
    weights = np.roll(np.eye(nodes), 1, axis=1) * generator.uniform(0.5, 1, nodes)
    for _ in range(nodes // 4):
        weights[tuple(generator.integers(nodes, size=2))] = generator.uniform(0.5, 1)
    np.fill_diagonal(weights, 0)
    weights[0] = weights[:, 0] = 0
    return weights + weights.T if symmetric else weights


def assert_same(layer: Callable[..., Tensor], *tensors: Tensor) -> None:
    """Float32 in compiled loops against float64 in torch: results to 1e-6, gradients to 2e-6 of the largest."""
    own, exact = (
        [tensor.detach().to(kind).requires_grad_() for tensor in tensors] for kind in (torch.float32, torch.float64)
    )
    y, expected = layer(*own), layer(*exact)
    assert (y - expected).abs().max() <= 1e-6 * max(1.0, float(expected.detach().abs().max()))
    grad = torch.randn(y.shape)
    found, wanted = torch.autograd.grad(y, own, grad), torch.autograd.grad(expected, exact, grad.double())
    for one, other in zip(found, wanted, strict=True):
        assert (one - other).abs().max() <= 2e-6 * max(1.0, float(other.abs().max()))
    with torch.no_grad():
        assert torch.equal(layer(*own), y)


def away_from_the_kink(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The bias, shifted until no value in front of a rectifier is so small that rounding could change its sign."""
    while float((torch.nn.functional.conv2d(x, weight) + bias[:, None, None]).abs().min()) < 1e-5:
        bias = bias + 1e-3
    return bias


@settings(deadline=None, max_examples=60)
@given(
    small,
    small,
    small,
    small,
    st.integers(1, 4),
    st.integers(1, 9),
    st.sampled_from(["glu", "relu", "sigmoid", "none"]),
    seeds,
)
def test_convolution(
    batch: int, inputs: int, outputs: int, further: int, kernel: int, nodes: int, activation: Activation, seed: int
) -> None:
    torch.manual_seed(seed)
    filters = 2 * outputs if activation == "glu" else outputs
    x, weight = torch.randn(batch, inputs, kernel + further, nodes), torch.randn(filters, inputs, kernel, 1)
    bias = away_from_the_kink(x, weight, torch.randn(filters))
    assert_same(lambda x, w, b: convolution(x, w, b, activation), x, weight, bias)


def test_convolution_over_lines_longer_than_a_piece() -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 3, 11, 301), torch.randn(4, 3, 3, 1), torch.randn(4)
    assert_same(lambda x, w, b: convolution(x, w, b, "glu"), x, weight, bias)


def test_sigmoids_at_large_arguments_are_zero_and_one() -> None:
    """Their powers of two are cut off, not wrapped round."""
    x = torch.tensor([-1e6, -200.0, -87.0, 0.0, 87.0, 200.0, 1e6])[None, None, None]
    y = convolution(x, torch.ones(1, 1, 1, 1), torch.zeros(1), "sigmoid")[0, 0, 0]
    torch.testing.assert_close(y, torch.sigmoid(x[0, 0, 0]), rtol=1e-6, atol=1e-37)


def test_what_is_not_finite_stays_so() -> None:
    """A network that diverges has to be seen to diverge."""
    x = torch.full((1, 1, 1, 3), torch.nan)
    activations: list[Activation] = ["glu", "relu", "sigmoid", "none"]
    for activation in activations:
        y = convolution(x, torch.ones(2, 1, 1, 1), torch.zeros(2), activation)
        assert y.isnan().all(), activation
    assert joint_norm(x, torch.ones(1, 3), torch.zeros(1, 3), 1e-6).isnan().all()


@settings(deadline=None, max_examples=40)
@given(small, small, small, st.integers(20, 60), st.booleans(), seeds)
def test_polynomials(batch: int, channels: int, time: int, nodes: int, symmetric: bool, seed: int) -> None:
    torch.manual_seed(seed)
    graph = chebyshev_graph(road(nodes, seed, symmetric=symmetric))
    assert graph.is_sparse
    assert_same(lambda x: polynomials(x, graph), torch.randn(batch, channels, time, nodes))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_polynomials_of_any_order(order: int) -> None:
    torch.manual_seed(0)
    graph = ChebyshevGraph(chebyshev_graph(road(30)).laplacian, order)
    assert_same(lambda x: polynomials(x, graph), torch.randn(2, 3, 13, 30))


@settings(deadline=None, max_examples=40)
@given(small, small, small, st.integers(2, 40), seeds)
def test_joint_norm(batch: int, channels: int, time: int, nodes: int, seed: int) -> None:
    torch.manual_seed(seed)
    x, weight, bias = (
        torch.randn(batch, channels, time, nodes),
        torch.randn(channels, nodes),
        torch.randn(channels, nodes),
    )
    assert_same(lambda x, w, b: joint_norm(x, w, b, 1e-2), x, weight, bias)


def test_a_dense_graph_first_used_to_forecast_can_be_trained_on() -> None:
    graph = ChebyshevGraph(chebyshev_graph(road(5)).laplacian)
    assert not graph.is_sparse
    with torch.inference_mode():
        polynomials(torch.randn(1, 1, 1, 5), graph)
    x = torch.randn(1, 1, 1, 5, requires_grad=True)
    assert torch.autograd.grad(polynomials(x, graph).sum(), x)[0].isfinite().all()


def test_a_large_graph_has_the_same_polynomials() -> None:
    """Above a size only the largest eigenvalue is computed, and nothing dense."""
    adjacency = road(600)
    degree = adjacency.sum(axis=1)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    laplacian = scale[:, None] * (np.diag(degree) - adjacency) * scale[None, :]
    scaled = 2 * laplacian / np.linalg.eigvalsh(laplacian).max() - np.eye(600)
    np.testing.assert_allclose(chebyshev_graph(adjacency).laplacian.toarray(), scaled, atol=1e-9)


@pytest.mark.parametrize(("width", "outputs"), [(1, 9), (2, 1), (2, 9), (3, 9), (8, 1), (20, 9)])
def test_networks_equal_their_straight_form(width: int, outputs: int) -> None:
    """The form that benchmarks measure against: no folding, dense products, window by window."""
    torch.manual_seed(0)
    adjacency = road(40)
    fast = Stgcn(adjacency, StgcnSize.of_width(width), outputs=outputs)
    for parameter in fast.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    plain = PlainStgcn(fast, torch.from_numpy(chebyshev_graph(adjacency).kernels())).double()
    x, grad = torch.randn(4, 12, 40, 1), torch.randn(4, outputs, 40)
    y, expected = fast(x)[:, 0], plain(x.double())
    assert (y - expected).detach().abs().max() <= 1e-6 * expected.detach().abs().max()
    gradients = torch.autograd.grad(y, list(fast.parameters()), grad)
    wanted = torch.autograd.grad(expected, list(plain.weights.values()), grad.double())
    by_name = dict(zip(plain.weights, wanted, strict=True))
    for (name, _), gradient in zip(fast.named_parameters(), gradients, strict=True):
        exact = by_name[name.replace(".", "_")]
        assert (gradient - exact).abs().max() <= 2e-6 * max(1.0, float(exact.abs().max())), name


def test_the_straight_form_is_decoded_step_by_step() -> None:
    torch.manual_seed(0)
    fast = Stgcn(road(40), StgcnSize.of_width(3))
    plain = PlainStgcn(fast, torch.from_numpy(chebyshev_graph(road(40)).kernels()).float())
    x = torch.randn(4, 12, 40, 1)
    with torch.no_grad():
        torch.testing.assert_close(forecast(plain, x, 9), fast.forecast(x, 9), rtol=1e-5, atol=1e-5)


def operators(y: Tensor) -> set[str]:
    """Names of all operators that a result came from."""
    names, waiting = set[str](), [y.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None:
            names.add(node.name())
            waiting += [earlier for earlier, _ in node.next_functions]
    return names


def test_plain_forms_are_taken_when_asked_for() -> None:
    """What counts operations and what exports networks sees torch's operators."""
    network = Stgcn(road(40), StgcnSize.of_width(2), outputs=9)
    x = torch.randn(1, 12, 40, 1)
    compiled = {"_ConvolutionBackward", "_PolynomialsBackward", "_NormBackward"}
    assert compiled <= operators(network(x))
    with plain_forms():
        assert not compiled & operators(network(x))


def test_wide_products_are_rounded_only_where_asked_for() -> None:
    """And only a little: 8 bits of each factor, sums as before; narrow layers never."""
    torch.manual_seed(0)
    wide = torch.randn(2, 32, 5, 40), torch.randn(64, 32, 3, 1), torch.randn(64)
    narrow = torch.randn(2, 2, 5, 40), torch.randn(4, 2, 3, 1), torch.randn(4)
    exact, exact_narrow = convolution(*wide, "glu"), convolution(*narrow, "glu")
    with rounded_products("bfloat16"):
        rounded = convolution(*wide, "glu")
        assert torch.equal(convolution(*narrow, "glu"), exact_narrow)
    assert rounded.dtype == torch.float32
    assert 0 < (rounded - exact).abs().max() < 0.02 * exact.abs().max()
    with rounded_products("float32"):
        assert torch.equal(convolution(*wide, "glu"), exact)
