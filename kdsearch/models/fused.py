"""The layers of STGCN as functions: in compiled loops where these are faster, else in torch's own operators.

Tensors are ``(batch, channel, time, node)``. Both forms give the same numbers and gradients to rounding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from kdsearch.compiled import takes_compiled
from kdsearch.models.convolution_kernels import (
    GATED,
    LINEAR,
    RECTIFIED,
    SIGMOID,
    convolution_backward,
    convolution_forward,
)
from kdsearch.models.graph import ChebyshevGraph
from kdsearch.models.node_kernels import norm_backward, norm_forward, polynomials_backward, polynomials_forward

__all__ = ["Activation", "Precision", "convolution", "joint_norm", "polynomials", "rounded_products"]

Activation = Literal["glu", "relu", "sigmoid", "none"]
Precision = Literal["float32", "bfloat16"]

ACTIVATIONS: dict[Activation, int] = {"glu": GATED, "relu": RECTIFIED, "sigmoid": SIGMOID, "none": LINEAR}

NARROW_PRODUCTS = 512
"""Up to so many multiplications for each position the compiled convolution is the faster one. It runs at 65 GFLOP/s
whatever the width, where torch's own needs wide layers for its 200, and 0.3 ms for a gradient at any."""


_rounded: ContextVar[bool] = ContextVar("rounded", default=False)


@contextmanager
def rounded_products(precision: Precision) -> Iterator[None]:
    """Wide convolutions multiply numbers rounded to 8 bits inside the block where `precision` is "bfloat16".

    Sums and all else stay as they are, and so do the weights that an optimiser sees.
    """
    before = _rounded.set(precision == "bfloat16")
    try:
        yield
    finally:
        _rounded.reset(before)


def convolution(x: Tensor, weight: Tensor, bias: Tensor, activation: Activation) -> Tensor:
    """Valid convolution over time, then the activation.

    Args:
        x: ``(batch, inputs, time, node)``.
        weight: ``(filter, inputs, kernel, 1)``.
        bias: ``(filter,)``.
        activation: "glu" is the first half of the filters times the sigmoid of the second.

    Returns:
        ``(batch, outputs, time - kernel + 1, node)``; outputs are half of the filters for "glu", else all of them.
    """
    if takes_compiled(x, weight) and weight.numel() <= NARROW_PRODUCTS:
        if not torch.is_grad_enabled():
            return _convolved(x, weight, bias, ACTIVATIONS[activation])[0]
        return _Convolution.apply(x, weight, bias, ACTIVATIONS[activation])  # type: ignore[no-untyped-call, no-any-return]
    if _rounded.get():
        y = F.conv2d(x.bfloat16(), weight.bfloat16(), bias.bfloat16()).to(x.dtype)
    else:
        y = F.conv2d(x, weight, bias)
    if activation == "glu":
        return F.glu(y, dim=1)
    if activation == "relu":
        return torch.relu(y)
    return torch.sigmoid(y) if activation == "sigmoid" else y


def polynomials(x: Tensor, graph: ChebyshevGraph) -> Tensor:
    """All Chebyshev polynomials of the graph times every line of nodes, side by side as channels.

    Args:
        x: ``(batch, channel, time, node)``.
        graph: Its identity is not multiplied with.

    Returns:
        ``(batch, order * channel, time, node)``, orders outermost.
    """
    if takes_compiled(x) and graph.is_sparse:
        if not torch.is_grad_enabled():
            return _spread(x, graph)
        return _Polynomials.apply(x, graph)  # type: ignore[no-untyped-call, no-any-return]
    return torch.cat([x, *(x @ kernel for kernel in graph.dense(x))], dim=1)


def joint_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Layer norm over channels and nodes jointly, step by step.

    Args:
        x: ``(batch, channel, time, node)``.
        weight: ``(channel, node)``.
        bias: ``(channel, node)``.
        epsilon: Added to the variance.
    """
    if takes_compiled(x, weight):
        if not torch.is_grad_enabled():
            return _normed(x, weight, bias, epsilon)[0]
        return _Norm.apply(x, weight, bias, epsilon)  # type: ignore[no-untyped-call, no-any-return]
    return F.layer_norm(x.transpose(1, 2), weight.shape, weight, bias, epsilon).transpose(1, 2).contiguous()


def _convolved(x: Tensor, weight: Tensor, bias: Tensor, activation: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Result, gate, and the contiguous forms of input and weight ``(filter, kernel * inputs)``."""
    x, rows = x.detach().contiguous(), weight.detach()[..., 0].transpose(1, 2).flatten(1).contiguous()
    batch, _, time, nodes = x.shape
    steps = time - weight.shape[2] + 1
    y = x.new_empty(batch, len(weight) // 2 if activation == GATED else len(weight), steps, nodes)
    gate = torch.empty_like(y) if activation == GATED else x.new_empty(0, 0, 0, 0)
    convolution_forward(
        x.flatten(2).numpy(),
        rows.numpy(),
        bias.detach().numpy(),
        nodes,
        activation,
        y.flatten(2).numpy(),
        gate.flatten(2).numpy(),
    )
    return y, gate, x, rows


class _Convolution(torch.autograd.Function):
    """`convolution` in compiled loops."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, activation: int) -> Tensor:
        y, gate, x, rows = _convolved(x, weight, bias, activation)
        ctx.save_for_backward(x, rows, y, gate)
        ctx.activation, ctx.kernel = activation, weight.shape[2]
        return y

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, rows, y, gate = ctx.saved_tensors
        x_slope = torch.empty_like(x) if ctx.needs_input_grad[0] else x.new_empty(0, 0, 0, 0)
        rows_slope, bias_slope = torch.zeros_like(rows), rows.new_zeros(len(rows))
        convolution_backward(
            x.flatten(2).numpy(),
            rows.numpy(),
            x.shape[3],
            ctx.activation,
            y.flatten(2).numpy(),
            gate.flatten(2).numpy(),
            slopes[0].contiguous().flatten(2).numpy(),
            x_slope.flatten(2).numpy(),
            rows_slope.numpy(),
            bias_slope.numpy(),
        )
        weight_slope = rows_slope.view(len(rows), ctx.kernel, -1).transpose(1, 2)[..., None]
        return x_slope if ctx.needs_input_grad[0] else None, weight_slope, bias_slope, None


def _spread(x: Tensor, graph: ChebyshevGraph) -> Tensor:
    batch, channels, time, nodes = x.shape
    spread = x.new_empty(batch, graph.order * channels, time, nodes)
    lines = spread.view(batch, graph.order, channels * time, nodes).numpy()
    polynomials_forward(x.detach().contiguous().flatten(1, 2).numpy(), *graph.forward_lists, lines)
    return spread


class _Polynomials(torch.autograd.Function):
    """`polynomials` over lists of neighbours."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, graph: ChebyshevGraph) -> Tensor:
        ctx.graph = graph
        return _spread(x, graph)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        graph: ChebyshevGraph = ctx.graph
        batch, wide, time, nodes = slopes[0].shape
        lines = slopes[0].contiguous().view(batch, graph.order, -1, nodes).numpy()
        x_slope = slopes[0].new_empty(batch, wide // graph.order, time, nodes)
        polynomials_backward(lines, *graph.backward_lists, x_slope.flatten(1, 2).numpy())
        return x_slope, None


def _normed(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Result, means and inverse deviations."""
    x = x.detach().contiguous()
    y, centre, scale = torch.empty_like(x), x.new_empty(x.shape[0], x.shape[2]), x.new_empty(x.shape[0], x.shape[2])
    weights, biases = weight.detach().numpy(), bias.detach().numpy()
    norm_forward(x.numpy(), weights, biases, epsilon, y.numpy(), centre.numpy(), scale.numpy())
    return y, centre, scale


class _Norm(torch.autograd.Function):
    """`joint_norm` in compiled loops."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
        y, centre, scale = _normed(x, weight, bias, epsilon)
        ctx.save_for_backward(x, weight, centre, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, weight, centre, scale = ctx.saved_tensors
        x, slope = x.contiguous(), slopes[0].contiguous()
        x_slope, weight_slope, bias_slope = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
        norm_backward(
            x.numpy(),
            weight.numpy(),
            centre.numpy(),
            scale.numpy(),
            slope.numpy(),
            x_slope.numpy(),
            weight_slope.numpy(),
            bias_slope.numpy(),
        )
        return x_slope, weight_slope, bias_slope, None
