"""The layers of STGCN as functions: in compiled loops where these are faster, else in torch's own operators.

Tensors are ``(batch, channel, time, node)``. Both forms give the same numbers and gradients to rounding.
"""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from kdsearch.jit import takes_compiled
from kdsearch.models.precision import products_are_rounded
from kdsearch.models.stgcn.convolution_kernels import (
    GATED,
    LINEAR,
    RECTIFIED,
    SIGMOID,
    convolution_backward,
    convolution_forward,
)
from kdsearch.models.stgcn.graph import ChebyshevGraph
from kdsearch.models.stgcn.node_kernels import norm_backward, norm_forward, polynomials_backward, polynomials_forward

__all__ = ["Activation", "convolution", "joint_norm", "polynomials"]

Activation = Literal["glu", "relu", "sigmoid", "none"]

ACTIVATIONS: dict[Activation, int] = {"glu": GATED, "relu": RECTIFIED, "sigmoid": SIGMOID, "none": LINEAR}

NARROW_PRODUCTS = 512
"""Largest number of multiplications for each position at which the compiled convolution is the faster one. It runs at
65 GFLOP/s at any width; torch's own needs wide layers for its 200, and 0.3 ms for a gradient at any."""


def convolution(x: Tensor, weight: Tensor, bias: Tensor, activation: Activation) -> Tensor:
    """Convolve over time without padding, then apply the activation.

    Args:
        x: ``(batch, inputs, time, node)``.
        weight: ``(filter, inputs, kernel, 1)``.
        bias: ``(filter,)``.
        activation: "glu" is the first half of the filters times the sigmoid of the second.

    Returns:
        ``(batch, outputs, time - kernel + 1, node)``; outputs are half of the filters for "glu", else all of them.
    """
    if takes_compiled(x, weight) and weight.numel() <= NARROW_PRODUCTS:
        given = x.contiguous(), weight.contiguous(), bias, ACTIVATIONS[activation]
        if not torch.is_grad_enabled():
            return _convolved(*given)[0]
        return _Convolution.apply(*given)  # type: ignore[no-untyped-call, no-any-return]
    if products_are_rounded():
        y = F.conv2d(x.bfloat16(), weight.bfloat16(), bias.bfloat16()).to(x.dtype)
    else:
        y = F.conv2d(x, weight, bias)
    if activation == "glu":
        return F.glu(y, dim=1)
    if activation == "relu":
        return torch.relu(y)
    return torch.sigmoid(y) if activation == "sigmoid" else y


def polynomials(x: Tensor, graph: ChebyshevGraph) -> Tensor:
    """Multiply every line of nodes by all Chebyshev polynomials of the graph, side by side as channels.

    Args:
        x: ``(batch, channel, time, node)``.
        graph: The graph; its identity polynomial is not multiplied.

    Returns:
        ``(batch, order * channel, time, node)``, orders outermost.
    """
    if takes_compiled(x) and graph.is_sparse:
        x = x.contiguous()
        if not torch.is_grad_enabled():
            return _spread(x, graph)
        return _Polynomials.apply(x, graph)  # type: ignore[no-untyped-call, no-any-return]
    terms, kernels = [x], graph.dense(x)
    for order, kernel in enumerate(kernels, start=1):
        # A file computes them by their recursion: the first kernel alone is as sparse as the roads.
        recursive = order > 1 and torch.compiler.is_exporting()
        terms.append(2 * (terms[-1] @ kernels[0]) - terms[-2] if recursive else x @ kernel)
    return torch.cat(terms, dim=1)


def joint_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Normalise over channels and nodes jointly (layer norm), step by step.

    Args:
        x: ``(batch, channel, time, node)``.
        weight: ``(channel, node)``.
        bias: ``(channel, node)``.
        epsilon: Added to the variance.
    """
    if takes_compiled(x, weight):
        x = x.contiguous()
        if not torch.is_grad_enabled():
            return _normed(x, weight, bias, epsilon)[0]
        return _Norm.apply(x, weight, bias, epsilon)  # type: ignore[no-untyped-call, no-any-return]
    return F.layer_norm(x.transpose(1, 2), weight.shape, weight, bias, epsilon).transpose(1, 2).contiguous()


def _convolved(x: Tensor, weight: Tensor, bias: Tensor, activation: int) -> tuple[Tensor, Tensor]:
    """Compute result and gate; the gate is empty where the layer has none."""
    batch, _, time, nodes = x.shape
    filters, _, kernel, _ = weight.shape
    gated = activation == GATED
    y = x.new_empty(batch, filters // 2 if gated else filters, time - kernel + 1, nodes)
    gate = torch.empty_like(y) if gated else y[:0]
    convolution_forward(x.numpy(), weight.numpy(), bias.numpy(), activation, y.numpy(), gate.numpy())
    return y, gate


class _Convolution(torch.autograd.Function):
    """`convolution` in compiled loops."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, activation: int) -> Tensor:
        y, gate = _convolved(x, weight, bias, activation)
        ctx.save_for_backward(x, weight, y, gate)
        ctx.activation = activation
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, y, gate = ctx.saved_tensors
        x_grad = torch.empty_like(x) if ctx.needs_input_grad[0] else x[:0]
        weight_grad, bias_grad = torch.zeros_like(weight), weight.new_zeros(len(weight))
        convolution_backward(
            x.numpy(),
            weight.numpy(),
            ctx.activation,
            y.numpy(),
            gate.numpy(),
            grads[0].contiguous().numpy(),
            x_grad.numpy(),
            weight_grad.numpy(),
            bias_grad.numpy(),
        )
        return x_grad if ctx.needs_input_grad[0] else None, weight_grad, bias_grad, None


def _spread(x: Tensor, graph: ChebyshevGraph) -> Tensor:
    batch, channels, time, nodes = x.shape
    spread = x.new_empty(batch, graph.order * channels, time, nodes)
    polynomials_forward(x.numpy(), *graph.forward_lists, spread.numpy())
    return spread


class _Polynomials(torch.autograd.Function):
    """`polynomials` over lists of neighbours."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, graph: ChebyshevGraph) -> Tensor:
        ctx.graph = graph
        return _spread(x, graph)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        graph: ChebyshevGraph = ctx.graph
        batch, wide, time, nodes = grads[0].shape
        x_grad = grads[0].new_empty(batch, wide // graph.order, time, nodes)
        polynomials_backward(grads[0].contiguous().numpy(), *graph.backward_lists, x_grad.numpy())
        return x_grad, None


def _normed(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Compute result, means and inverse stds."""
    y, centre, scale = torch.empty_like(x), x.new_empty(x.shape[0], x.shape[2]), x.new_empty(x.shape[0], x.shape[2])
    norm_forward(x.numpy(), weight.numpy(), bias.numpy(), epsilon, y.numpy(), centre.numpy(), scale.numpy())
    return y, centre, scale


class _Norm(torch.autograd.Function):
    """`joint_norm` in compiled loops."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
        y, centre, scale = _normed(x, weight, bias, epsilon)
        ctx.save_for_backward(x, weight, centre, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, weight, centre, scale = ctx.saved_tensors
        x_grad, weight_grad, bias_grad = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
        norm_backward(
            x.numpy(),
            weight.numpy(),
            centre.numpy(),
            scale.numpy(),
            grads[0].contiguous().numpy(),
            x_grad.numpy(),
            weight_grad.numpy(),
            bias_grad.numpy(),
        )
        return x_grad, weight_grad, bias_grad, None
