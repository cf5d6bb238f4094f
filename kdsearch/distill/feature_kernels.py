"""Loops of the fused feature losses, compiled by numba: loss and gradient in one pass, and no tensor of pairs.

Nodes lie side by side in memory, so that every inner loop is one of vector instructions. Arrays are float32 and
contiguous; gradients are for an incoming gradient of one. Everything is symmetric in a pair, so each is visited once.

A teacher comes as a table of its distances, in the order in which the passes visit them: made once by `pair_distances`
and `lagged_distances` from features, and kept, or made just before it is needed.
"""

import numpy as np
from numpy.typing import NDArray

from kdsearch.jit import compiled, inlined

__all__ = ["lagged_distances", "pair_distances", "spatial_pass", "temporal_pass"]

Array = NDArray[np.float32]

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)


@inlined
def _judged(row: Array, taught: Array, share: np.float32, squared: bool) -> np.float32:
    """Sum the squared or absolute ``share * row - taught``; leave each one's gradient in place of its `row`."""
    total = ZERO
    for j in range(len(row)):
        row[j] = share * row[j] - taught[j]
    for j in range(len(row)):
        total += row[j] * row[j] if squared else abs(row[j])
    for j in range(len(row)):
        row[j] = TWO * row[j] if squared else np.float32(row[j] > ZERO) - np.float32(row[j] < ZERO)
    return total


@inlined
def _pulled(here: np.float32, there: Array, grad: Array, pull: Array, gradient: Array) -> np.float32:
    """Add the gradient of ``gradient |there - here|`` for `there`, and return minus the one for `here`."""
    total = ZERO
    for j in range(len(there)):
        pull[j] = grad[j] * (np.float32(there[j] > here) - np.float32(there[j] < here))  # faster than a branch
    for j in range(len(there)):
        total += pull[j]
    for j in range(len(there)):
        gradient[j] += pull[j]
    return total


@inlined
def _add_distances(features: Array, i: int, row: Array) -> None:
    """Add channel distances of node i to those after it; four channels at once, so that a sum stays in its register."""
    channels = len(features)
    for c in range(0, channels - 3, 4):
        a, b = features[c, i], features[c + 1, i]
        d, e = features[c + 2, i], features[c + 3, i]
        first, second = features[c, i + 1 :], features[c + 1, i + 1 :]
        third, fourth = features[c + 2, i + 1 :], features[c + 3, i + 1 :]
        for j in range(len(row)):
            row[j] += (abs(first[j] - a) + abs(second[j] - b)) + (abs(third[j] - d) + abs(fourth[j] - e))
    for c in range(channels // 4 * 4, channels):
        here, there = features[c, i], features[c, i + 1 :]
        for j in range(len(row)):
            row[j] += abs(there[j] - here)


@compiled
def pair_distances(features: Array, table: Array) -> None:
    """Compute the mean absolute channel distances of all node pairs i < j, those of node 0 first.

    Args:
        features: ``(slice, channel, node)``.
        table: ``(slice, pair)``; filled.
    """
    slices, channels, nodes = features.shape
    share = ONE / np.float32(channels)
    for piece in range(slices):
        start = 0
        for i in range(nodes - 1):
            row = table[piece, start : start + nodes - 1 - i]
            row[:] = ZERO
            _add_distances(features[piece], i, row)
            for j in range(len(row)):
                row[j] *= share
            start += len(row)


@compiled
def spatial_pass(student: Array, teacher: Array, weight: Array, squared: bool, gradient: Array) -> float:
    """Sum, with weights over slices, the differences of mean absolute channel distances of node pairs i < j.

    Args:
        student: ``(slice, channel, node)``.
        teacher: ``(slice, pair)``, as given by `pair_distances`.
        weight: ``(slice,)``.
        squared: Whether differences are squared, or taken absolute.
        gradient: The student's shape; filled with the gradient of the sum.
    """
    slices, channels, nodes = student.shape
    share = ONE / np.float32(channels)
    distances, pull = np.empty(nodes, np.float32), np.empty(nodes, np.float32)
    total = 0.0
    for piece in range(slices):
        own, grad = student[piece], gradient[piece]
        grad[:] = ZERO
        loss, start = ZERO, 0
        for i in range(nodes - 1):
            row = distances[: nodes - 1 - i]
            row[:] = ZERO
            _add_distances(own, i, row)
            loss += _judged(row, teacher[piece, start : start + len(row)], share, squared)
            for c in range(channels):
                grad[c, i] -= _pulled(own[c, i], own[c, i + 1 :], row, pull[: len(row)], grad[c, i + 1 :])
            start += len(row)
        total += weight[piece] * loss
        scale = weight[piece] * share
        for c in range(channels):
            for j in range(nodes):
                grad[c, j] *= scale
    return total


@compiled
def lagged_distances(features: Array, table: Array) -> None:
    """Compute mean absolute channel distances of every node between a step and later ones; zero beyond the end.

    Args:
        features: ``(batch, channel, time, node)``.
        table: ``(batch, time, lag, node)``, lags from one; filled.
    """
    batch, channels, time, nodes = features.shape
    share = ONE / np.float32(channels)
    table[:] = ZERO
    for b in range(batch):
        for t in range(time):
            for lag in range(1, min(table.shape[2] + 1, time - t)):
                row = table[b, t, lag - 1]
                for c in range(channels):
                    here, there = features[b, c, t], features[b, c, t + lag]
                    for n in range(nodes):
                        row[n] += abs(there[n] - here[n])
                for n in range(nodes):
                    row[n] *= share


@compiled
def temporal_pass(student: Array, teacher: Array, squared: bool, gradient: Array) -> float:
    """Sum the differences of mean absolute channel distances over samples, nodes and pairs of steps.

    Args:
        student: ``(batch, channel, time, node)``; a sample is one step more than there are lags.
        teacher: ``(batch, time, lag, node)``, as given by `lagged_distances`.
        squared: Whether differences are squared, or taken absolute.
        gradient: The student's shape; filled with the gradient of the sum.
    """
    batch, channels, time, nodes = student.shape
    span = teacher.shape[2] + 1
    share = ONE / np.float32(channels)
    row, pull = np.empty(nodes, np.float32), np.empty(nodes, np.float32)
    gradient[:] = ZERO
    total = 0.0
    for b in range(batch):
        for lag in range(1, span):
            for t in range(time - lag):
                samples = min(t, time - span) - max(t + lag - span + 1, 0) + 1
                row[:] = ZERO
                for c in range(channels):
                    here, there = student[b, c, t], student[b, c, t + lag]
                    for n in range(nodes):
                        row[n] += abs(there[n] - here[n])
                total += samples * _judged(row, teacher[b, t, lag - 1], share, squared)
                scale = np.float32(samples) * share
                for c in range(channels):
                    here, there = student[b, c, t], student[b, c, t + lag]
                    before, after = gradient[b, c, t], gradient[b, c, t + lag]
                    # Loops that write to one array each: with more, the compiler could not tell that they lie apart.
                    for n in range(nodes):
                        grad = scale * row[n]
                        pull[n] = grad if there[n] > here[n] else (-grad if there[n] < here[n] else ZERO)
                    for n in range(nodes):
                        after[n] += pull[n]
                    for n in range(nodes):
                        before[n] -= pull[n]
    return total
