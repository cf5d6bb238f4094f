"""Loops of the fused feature losses, compiled by numba: loss and gradient in one pass, and no tensor of pairs.

Nodes lie side by side in memory, so that every inner loop is one of vector instructions. Arrays are float32 and
contiguous; gradients are for an incoming gradient of one. Everything is symmetric in a pair, so each is visited once.
"""

import numpy as np
from numpy.typing import NDArray

from kdsearch.compiled import compiled, inlined

__all__ = ["spatial_pass", "temporal_pass"]

Array = NDArray[np.float32]

ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)


@inlined
def _judged(difference: Array, squared: bool) -> np.float32:
    """Sum of the squared or absolute entries; leaves the slope of each in its place."""
    total = ZERO
    if squared:
        for j in range(len(difference)):
            total += difference[j] * difference[j]
            difference[j] *= TWO
    else:
        for j in range(len(difference)):
            d = difference[j]
            total += abs(d)
            difference[j] = ONE if d > ZERO else (-ONE if d < ZERO else ZERO)
    return total


@inlined
def _pulled(here: np.float32, there: Array, slope: Array, gradient: Array) -> np.float32:
    """Add the gradient of ``slope |there - here|`` for `there`, and return minus the one for `here`."""
    total = ZERO
    for j in range(len(there)):
        signed = slope[j] if there[j] > here else (-slope[j] if there[j] < here else ZERO)
        total += signed
        gradient[j] += signed
    return total


@inlined
def _subtract_distances(features: Array, i: int, row: Array) -> None:
    """Channel distances of node i to those after it; four channels at once, a sum stays in its register for them."""
    channels = len(features)
    for c in range(0, channels - 3, 4):
        a, b = features[c, i], features[c + 1, i]
        d, e = features[c + 2, i], features[c + 3, i]
        first, second = features[c, i + 1 :], features[c + 1, i + 1 :]
        third, fourth = features[c + 2, i + 1 :], features[c + 3, i + 1 :]
        for j in range(len(row)):
            row[j] -= (abs(first[j] - a) + abs(second[j] - b)) + (abs(third[j] - d) + abs(fourth[j] - e))
    for c in range(channels // 4 * 4, channels):
        here, there = features[c, i], features[c, i + 1 :]
        for j in range(len(row)):
            row[j] -= abs(there[j] - here)


@compiled
def spatial_pass(student: Array, teacher: Array, weight: Array, squared: bool, gradient: Array) -> float:
    """Weighted sum over slices and node pairs i < j of the difference between mean absolute channel distances.

    Args:
        student: ``(slice, channel, node)``.
        teacher: ``(slice, channel, node)``, channels may differ.
        weight: ``(slice,)``.
        squared: Whether differences are squared, or taken absolute.
        gradient: The student's shape; filled with the gradient of the sum.
    """
    slices, channels, nodes = student.shape
    teacher_channels = teacher.shape[1]
    share, teacher_share = ONE / np.float32(channels), ONE / np.float32(teacher_channels)
    difference = np.empty(nodes, np.float32)
    total = 0.0
    for piece in range(slices):
        own, taught, slope = student[piece], teacher[piece], gradient[piece]
        slope[:] = ZERO
        loss = ZERO
        for i in range(nodes - 1):
            row = difference[i + 1 :]
            row[:] = ZERO
            _subtract_distances(taught, i, row)
            for j in range(len(row)):
                row[j] *= teacher_share
            for c in range(channels):
                here, there = own[c, i], own[c, i + 1 :]
                for j in range(len(row)):
                    row[j] += abs(there[j] - here) * share
            loss += _judged(row, squared)
            for c in range(channels):
                slope[c, i] -= _pulled(own[c, i], own[c, i + 1 :], row, slope[c, i + 1 :])
        total += weight[piece] * loss
        scale = weight[piece] * share
        for c in range(channels):
            for j in range(nodes):
                slope[c, j] *= scale
    return total


@compiled
def temporal_pass(student: Array, teacher: Array, span: int, squared: bool, gradient: Array) -> float:
    """Sum over samples, nodes and pairs of steps of the difference between mean absolute channel distances.

    Args:
        student: ``(batch, channel, time, node)``; every `span` consecutive steps are one sample.
        teacher: ``(batch, channel, time, node)``, channels may differ.
        span: Steps of a sample.
        squared: Whether differences are squared, or taken absolute.
        gradient: The student's shape; filled with the gradient of the sum.
    """
    batch, channels, time, nodes = student.shape
    teacher_channels = teacher.shape[1]
    share, teacher_share = ONE / np.float32(channels), ONE / np.float32(teacher_channels)
    row = np.empty(nodes, np.float32)
    gradient[:] = ZERO
    total = 0.0
    for b in range(batch):
        for lag in range(1, span):
            for t in range(time - lag):
                samples = min(t, time - span) - max(t + lag - span + 1, 0) + 1
                row[:] = ZERO
                for c in range(teacher_channels):
                    here, there = teacher[b, c, t], teacher[b, c, t + lag]
                    for n in range(nodes):
                        row[n] -= abs(there[n] - here[n])
                for n in range(nodes):
                    row[n] *= teacher_share
                for c in range(channels):
                    here, there = student[b, c, t], student[b, c, t + lag]
                    for n in range(nodes):
                        row[n] += abs(there[n] - here[n]) * share
                total += samples * _judged(row, squared)
                scale = np.float32(samples) * share
                for c in range(channels):
                    here, there = student[b, c, t], student[b, c, t + lag]
                    before, after = gradient[b, c, t], gradient[b, c, t + lag]
                    for n in range(nodes):
                        pull = scale * row[n]
                        signed = pull if there[n] > here[n] else (-pull if there[n] < here[n] else ZERO)
                        after[n] += signed
                        before[n] -= signed
    return total
