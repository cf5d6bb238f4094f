"""Chebyshev polynomials of a sparse graph and layer norm over nodes and channels, compiled by numba.

Arrays are float32 and contiguous, nodes innermost. Lines of nodes go through the graph side by side, so that a
neighbour's entry meets all of them in one vector instruction; a road network has few neighbours, whatever its size.
"""

import numpy as np
from numpy.typing import NDArray

from kdsearch.jit import compiled, inlined

__all__ = ["GROUP", "norm_backward", "norm_forward", "polynomials_backward", "polynomials_forward"]

Array = NDArray[np.float32]
Index = NDArray[np.int64]

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)


LANES = 32
"""Lines that go through the graph side by side."""

GROUP = 4
"""Number of neighbours summed at once; a node's list is filled up with zeros to a multiple of it."""


@inlined
def _across(pointers: Index, neighbours: Index, factors: Array, source: Array, scale: np.float32, into: Array) -> None:
    """Add to ``into`` ``(node, LANES)`` the sparse matrix times `source`, scaled."""
    for n in range(len(pointers) - 1):
        total = into[n]
        for e in range(pointers[n], pointers[n + 1], GROUP):
            a, b, c, d = factors[e] * scale, factors[e + 1] * scale, factors[e + 2] * scale, factors[e + 3] * scale
            first, second = source[neighbours[e]], source[neighbours[e + 1]]
            third, fourth = source[neighbours[e + 2]], source[neighbours[e + 3]]
            for j in range(LANES):
                total[j] += (a * first[j] + b * second[j]) + (c * third[j] + d * fourth[j])


@compiled
def polynomials_forward(x: Array, pointers: Index, neighbours: Index, factors: Array, spread: Array) -> None:
    """Multiply every line by the Chebyshev polynomials of a sparse matrix, by their recursion.

    Args:
        x: ``(batch, channel, time, node)``; a line is a channel's step.
        pointers: ``(node + 1,)``; the start of each node's list.
        neighbours: The neighbours, a multiple of `GROUP` for each node.
        factors: Their entries of the matrix.
        spread: ``(batch, order * channel, time, node)`` to be filled; the first channels become `x` itself.
    """
    batch, channels, time, nodes = x.shape
    lines, order = channels * time, spread.shape[1] // channels
    given, made = x.reshape((batch, lines, nodes)), spread.reshape((batch, order, lines, nodes))
    kept = np.empty((order, nodes, LANES), np.float32)
    for begin in range(0, batch * lines, LANES):
        count = min(LANES, batch * lines - begin)
        for i in range(count):
            b, place = (begin + i) // lines, (begin + i) % lines
            line = given[b, place]
            made[b, 0, place] = line
            for n in range(nodes):
                kept[0, n, i] = line[n]
        for k in range(1, order):
            into = kept[k]
            if k == 1:
                into[:] = ZERO
            else:
                into[:] = -kept[k - 2]
            _across(pointers, neighbours, factors, kept[k - 1], ONE if k == 1 else TWO, into)
            for i in range(count):
                line = made[(begin + i) // lines, k, (begin + i) % lines]
                for n in range(nodes):
                    line[n] = into[n, i]


@compiled
def polynomials_backward(grad: Array, pointers: Index, neighbours: Index, factors: Array, x_grad: Array) -> None:
    """Compute the gradient of `polynomials_forward`, by the same recursion from its end (Clenshaw).

    Args:
        grad: ``(batch, order * channel, time, node)``.
        pointers: As in `polynomials_forward`, of the transposed matrix.
        neighbours: As in `polynomials_forward`, of the transposed matrix.
        factors: As in `polynomials_forward`, of the transposed matrix.
        x_grad: ``(batch, channel, time, node)`` to be filled.
    """
    batch, channels, time, nodes = x_grad.shape
    lines, order = channels * time, grad.shape[1] // channels
    given, made = grad.reshape((batch, order, lines, nodes)), x_grad.reshape((batch, lines, nodes))
    kept = np.empty((order, nodes, LANES), np.float32)
    for begin in range(0, batch * lines, LANES):
        count = min(LANES, batch * lines - begin)
        for k in range(order):
            for i in range(count):
                line = given[(begin + i) // lines, k, (begin + i) % lines]
                for n in range(nodes):
                    kept[k, n, i] = line[n]
        for k in range(order - 1, 0, -1):
            _across(pointers, neighbours, factors, kept[k], ONE if k == 1 else TWO, kept[k - 1])
            if k > 1:
                kept[k - 2] -= kept[k]
        for i in range(count):
            line = made[(begin + i) // lines, (begin + i) % lines]
            for n in range(nodes):
                line[n] = kept[0, n, i]


@compiled
def norm_forward(x: Array, weight: Array, bias: Array, epsilon: float, y: Array, centre: Array, scale: Array) -> None:
    """Normalise over channels and nodes jointly (layer norm).

    Args:
        x: ``(batch, channel, time, node)``.
        weight: ``(channel, node)``.
        bias: ``(channel, node)``.
        epsilon: Added to the variance.
        y: Of the shape of `x`, to be filled.
        centre: ``(batch, time)``, to be filled with the means.
        scale: ``(batch, time)``, to be filled with one over the standard deviations.
    """
    batch, channels, time, nodes = x.shape
    for b in range(batch):
        for t in range(time):
            total = 0.0
            for c in range(channels):
                line, part = x[b, c, t], ZERO
                for n in range(nodes):
                    part += line[n]
                total += float(part)
            mean = np.float32(total / (channels * nodes))
            total = 0.0
            for c in range(channels):
                line, part = x[b, c, t], ZERO
                for n in range(nodes):
                    part += (line[n] - mean) * (line[n] - mean)
                total += float(part)
            by = np.float32(1 / np.sqrt(total / (channels * nodes) + epsilon))
            centre[b, t], scale[b, t] = mean, by
            for c in range(channels):
                line, w, add, made = x[b, c, t], weight[c], bias[c], y[b, c, t]
                for n in range(nodes):
                    made[n] = (line[n] - mean) * by * w[n] + add[n]


@compiled
def norm_backward(
    x: Array,
    weight: Array,
    centre: Array,
    scale: Array,
    grad: Array,
    x_grad: Array,
    weight_grad: Array,
    bias_grad: Array,
) -> None:
    """Compute the gradients of `norm_forward`.

    Args:
        x: As in `norm_forward`.
        weight: As in `norm_forward`.
        centre: The means from `norm_forward`.
        scale: The scales from `norm_forward`.
        grad: Gradient of ``y``.
        x_grad: Of the shape of `x`, to be filled.
        weight_grad: Of the shape of `weight`, zeros; gets its gradient.
        bias_grad: The same for the bias.
    """
    batch, channels, time, nodes = x.shape
    for b in range(batch):
        for t in range(time):
            mean, by = centre[b, t], scale[b, t]
            pulls, turns = 0.0, 0.0
            for c in range(channels):
                line, w, pull, to_w, to_bias = x[b, c, t], weight[c], grad[b, c, t], weight_grad[c], bias_grad[c]
                pulled, turned = ZERO, ZERO
                for n in range(nodes):
                    pulled += pull[n] * w[n]
                    turned += pull[n] * w[n] * ((line[n] - mean) * by)
                for n in range(nodes):
                    to_w[n] += pull[n] * ((line[n] - mean) * by)
                    to_bias[n] += pull[n]
                pulls += float(pulled)
                turns += float(turned)
            push, turn = np.float32(pulls / (channels * nodes)), np.float32(turns / (channels * nodes))
            for c in range(channels):
                line, w, pull, made = x[b, c, t], weight[c], grad[b, c, t], x_grad[b, c, t]
                for n in range(nodes):
                    made[n] = by * (pull[n] * w[n] - push - (line[n] - mean) * by * turn)
