"""Temporal convolution of narrow layers, compiled by numba: few channels are too few for a fast matrix product.

Arrays are float32 and contiguous, nodes innermost; a sample's steps and nodes form one line, so that a shift by a step
is a shift by N along it and every inner loop is one of vector instructions. Lines are worked on piece by piece: the
data of a piece stays in the processor's first cache.
"""

import numpy as np
from numpy.typing import NDArray

from kdsearch.jit import compiled, inlined

__all__ = ["GATED", "LINEAR", "RECTIFIED", "SIGMOID", "convolution_backward", "convolution_forward"]

Array = NDArray[np.float32]
Index = NDArray[np.int64]

GATED, RECTIFIED, SIGMOID, LINEAR = 0, 1, 2, 3

PIECE = 1024
ZERO, ONE = np.float32(0), np.float32(1)
LOG2_E, LARGEST_EXPONENT = np.float32(1.4426950408889634), np.float32(126)
SHIFT, BIAS, MANTISSA_BITS = np.float32(128.5), 127, 23
SERIES = tuple(np.float32(np.log(2) ** n / np.prod(np.arange(1.0, n + 1))) for n in range(1, 8))
"""2^f for f in [-1/2, 1/2] is one plus these times the powers of f, to float32's last digit."""


@inlined
def _sigmoids(x: Array, bits: NDArray[np.int32], powers: Array) -> None:
    """Apply the logistic function in place: e^-x as a power of two, its whole part written into the exponent's bits.

    Args:
        x: ``(n,)``.
        bits: ``(n,)``, scratch.
        powers: The same memory as `bits`.
    """
    for j in range(len(x)):
        exponent = min(max(-x[j] * LOG2_E, -LARGEST_EXPONENT), LARGEST_EXPONENT)
        whole = np.int32(exponent + SHIFT) - np.int32(128)
        bits[j] = (whole + np.int32(BIAS)) << np.int32(MANTISSA_BITS)
        f = exponent - np.float32(whole)
        high = SERIES[3] + f * (SERIES[4] + f * (SERIES[5] + f * SERIES[6]))
        x[j] = ONE + f * (SERIES[0] + f * (SERIES[1] + f * (SERIES[2] + f * high)))
    for j in range(len(x)):
        x[j] = ONE / (ONE + x[j] * powers[j])


@inlined
def _add_products(total: Array, line: Array, offsets: Index, factors: Array) -> None:
    """Add to `total` the pieces of `line` that begin at `offsets`, each with its factor; four at once."""
    n, count = len(total), len(offsets)
    for q in range(0, count - 3, 4):
        a, b, c, d = factors[q], factors[q + 1], factors[q + 2], factors[q + 3]
        first, second = line[offsets[q] : offsets[q] + n], line[offsets[q + 1] : offsets[q + 1] + n]
        third, fourth = line[offsets[q + 2] : offsets[q + 2] + n], line[offsets[q + 3] : offsets[q + 3] + n]
        for j in range(n):
            total[j] += (a * first[j] + b * second[j]) + (c * third[j] + d * fourth[j])
    for q in range(count // 4 * 4, count):
        a, only = factors[q], line[offsets[q] : offsets[q] + n]
        for j in range(n):
            total[j] += a * only[j]


@inlined
def _add_products_to_both(
    total: Array, other: Array, line: Array, offsets: Index, factors: Array, others: Array
) -> None:
    """Add products as `_add_products` does, to two totals; shared numbers are read once."""
    n, count = len(total), len(offsets)
    for q in range(0, count - 3, 4):
        a, b, c, d = factors[q], factors[q + 1], factors[q + 2], factors[q + 3]
        e, f, g, h = others[q], others[q + 1], others[q + 2], others[q + 3]
        first, second = line[offsets[q] : offsets[q] + n], line[offsets[q + 1] : offsets[q + 1] + n]
        third, fourth = line[offsets[q + 2] : offsets[q + 2] + n], line[offsets[q + 3] : offsets[q + 3] + n]
        for j in range(n):
            total[j] += (a * first[j] + b * second[j]) + (c * third[j] + d * fourth[j])
            other[j] += (e * first[j] + f * second[j]) + (g * third[j] + h * fourth[j])
    rest = count // 4 * 4
    _add_products(total, line, offsets[rest:], factors[rest:])
    _add_products(other, line, offsets[rest:], others[rest:])


@inlined
def _add_dots(values: Array, others: Array, line: Array, offsets: Index, totals: Array, other_totals: Array) -> None:
    """Add to `totals` the scalar products of `values` with the pieces of `line`, and the same for the others."""
    n, count = len(values), len(offsets)
    for q in range(0, count - 3, 4):
        first, second = line[offsets[q] : offsets[q] + n], line[offsets[q + 1] : offsets[q + 1] + n]
        third, fourth = line[offsets[q + 2] : offsets[q + 2] + n], line[offsets[q + 3] : offsets[q + 3] + n]
        a, b, c, d, e, f, g, h = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
        for j in range(n):
            v, w = values[j], others[j]
            a += v * first[j]
            b += v * second[j]
            c += v * third[j]
            d += v * fourth[j]
            e += w * first[j]
            f += w * second[j]
            g += w * third[j]
            h += w * fourth[j]
        totals[q] += a
        totals[q + 1] += b
        totals[q + 2] += c
        totals[q + 3] += d
        other_totals[q] += e
        other_totals[q + 1] += f
        other_totals[q + 2] += g
        other_totals[q + 3] += h
    for q in range(count // 4 * 4, count):
        only, a, e = line[offsets[q] : offsets[q] + n], ZERO, ZERO
        for j in range(n):
            a += values[j] * only[j]
            e += others[j] * only[j]
        totals[q] += a
        other_totals[q] += e


@inlined
def _starts(channels: int, time: int, nodes: int, kernel: int) -> Index:
    """Find the start of a sample's line for each weight of a filter, ``(inputs * kernel,)``."""
    return np.array([c * time * nodes + k * nodes for c in range(channels) for k in range(kernel)])


@compiled
def convolution_forward(x: Array, weight: Array, bias: Array, activation: int, y: Array, gate: Array) -> None:
    """Convolve over time without padding, and apply bias and activation.

    Args:
        x: ``(batch, inputs, time, node)``.
        weight: ``(filter, inputs, kernel, 1)``.
        bias: ``(filter,)``.
        activation: `GATED` (first half times the sigmoid of the second), `RECTIFIED`, `SIGMOID` or `LINEAR` (none).
        y: ``(batch, outputs, steps, node)`` to be filled; outputs are half of the filters where gated, else all.
        gate: The sigmoids of a gated layer, of the shape of `y`; ignored for others.
    """
    filters, inputs, kernel, _ = weight.shape
    batch, outputs, steps, nodes = y.shape
    positions = steps * nodes
    starts = _starts(inputs, x.shape[2], nodes, kernel)
    lines, factors = x.reshape((batch, -1)), weight.reshape((filters, -1))
    made, gates = y.reshape((batch, outputs, positions)), gate.reshape((len(gate), outputs, positions))
    bits = np.empty(PIECE, np.int32)
    powers = bits.view(np.float32)
    for b in range(batch):
        line = lines[b]
        for begin in range(0, positions, PIECE):
            end = min(begin + PIECE, positions)
            n, offsets = end - begin, starts + begin
            for f in range(filters):
                total = made[b, f, begin:end] if f < outputs else gates[b, f - outputs, begin:end]
                total[:] = bias[f]
                _add_products(total, line, offsets, factors[f])
            for f in range(outputs):
                value = made[b, f, begin:end]
                if activation == GATED:
                    opened = gates[b, f, begin:end]
                    _sigmoids(opened, bits[:n], powers[:n])
                    for j in range(n):
                        value[j] *= opened[j]
                elif activation == RECTIFIED:
                    for j in range(n):
                        value[j] = ZERO if value[j] < ZERO else value[j]
                elif activation == SIGMOID:
                    _sigmoids(value, bits[:n], powers[:n])


@inlined
def _gated_grads(value: Array, opened: Array, pull: Array, linear: Array, gate: Array) -> None:
    """Compute gradients in front of a gate, for the linear half of the filters and for the other one."""
    for j in range(len(value)):
        linear[j] = pull[j] * opened[j]
        gate[j] = pull[j] * value[j] * (ONE - opened[j])


@inlined
def _grads(value: Array, pull: Array, activation: int, grad: Array) -> None:
    """Compute gradients in front of another activation."""
    if activation == RECTIFIED:
        for j in range(len(value)):
            grad[j] = pull[j] if value[j] > ZERO else ZERO
    elif activation == SIGMOID:
        for j in range(len(value)):
            grad[j] = pull[j] * value[j] * (ONE - value[j])
    else:
        grad[:] = pull


@inlined
def _add_weight_grads(inner: Array, line: Array, offsets: Index, n: int, weight_grad: Array, bias_grad: Array) -> None:
    """Add a piece's share to the gradients of weights and biases; `inner` is ``(filter, PIECE)``."""
    filters = len(inner)
    for f in range(filters):
        here, total = inner[f, :n], ZERO
        for j in range(n):
            total += here[j]
        bias_grad[f] += total
    for f in range(0, filters - 1, 2):
        _add_dots(inner[f, :n], inner[f + 1, :n], line, offsets, weight_grad[f], weight_grad[f + 1])
    if filters % 2:
        last, unused = inner[filters - 1, :n], np.empty(len(offsets), np.float32)
        _add_dots(last, last, line, offsets, weight_grad[filters - 1], unused)


@inlined
def _add_input_grads(inner: Array, by_row: Array, offsets: Index, kernel: int, n: int, x_line: Array) -> None:
    """Add a piece's share to the gradient of a sample; `by_row` are the weights, ``(inputs * kernel, filter)``.

    Inputs go in pairs: the pieces of one input at neighbouring steps overlap, where those of two do not.
    """
    filters, starts = inner.reshape(-1), np.arange(len(inner)) * PIECE
    inputs = len(offsets) // kernel
    for k in range(kernel):
        for c in range(0, inputs - 1, 2):
            q, r = c * kernel + k, (c + 1) * kernel + k
            first, second = x_line[offsets[q] : offsets[q] + n], x_line[offsets[r] : offsets[r] + n]
            _add_products_to_both(first, second, filters, starts, by_row[q], by_row[r])
        if inputs % 2:
            q = (inputs - 1) * kernel + k
            _add_products(x_line[offsets[q] : offsets[q] + n], filters, starts, by_row[q])


@compiled
def convolution_backward(
    x: Array,
    weight: Array,
    activation: int,
    y: Array,
    gate: Array,
    grad: Array,
    x_grad: Array,
    weight_grad: Array,
    bias_grad: Array,
) -> None:
    """Compute the gradients of `convolution_forward`.

    Args:
        x: As in `convolution_forward`.
        weight: As in `convolution_forward`.
        activation: As in `convolution_forward`.
        y: The result of `convolution_forward`.
        gate: The sigmoids from `convolution_forward`.
        grad: Gradient of `y`.
        x_grad: Of the shape of `x`, to be filled; empty where it is not needed.
        weight_grad: Of the shape of `weight`, zeros; gets its gradient.
        bias_grad: Of the shape of `bias`, zeros; gets its gradient.
    """
    filters, inputs, kernel, _ = weight.shape
    batch, outputs, steps, nodes = y.shape
    positions = steps * nodes
    starts = _starts(inputs, x.shape[2], nodes, kernel)
    lines, by_row = x.reshape((batch, -1)), np.ascontiguousarray(weight.reshape((filters, -1)).T)
    made, gates = y.reshape((batch, outputs, positions)), gate.reshape((len(gate), outputs, positions))
    x_lines = x_grad.reshape((len(x_grad), lines.shape[1]))
    pulls, turns = grad.reshape((batch, outputs, positions)), weight_grad.reshape((filters, -1))
    inner = np.empty((filters, PIECE), np.float32)  # gradient in front of the activation
    for b in range(batch):
        line = lines[b]
        if x_grad.size:
            x_lines[b] = ZERO
        for begin in range(0, positions, PIECE):
            end = min(begin + PIECE, positions)
            n, offsets = end - begin, starts + begin
            for f in range(outputs):
                value, pull = made[b, f, begin:end], pulls[b, f, begin:end]
                if activation == GATED:
                    _gated_grads(value, gates[b, f, begin:end], pull, inner[f, :n], inner[f + outputs, :n])
                else:
                    _grads(value, pull, activation, inner[f, :n])
            _add_weight_grads(inner, line, offsets, n, turns, bias_grad)
            if x_grad.size:
                _add_input_grads(inner, by_row, offsets, kernel, n, x_lines[b])
