"""Counting rule behind the FLOPS column of Table 1 of Izadi et al. 2024, found from its six numbers.

The column is not the cost of a forecast. It is the number of floating-point operations that TensorFlow's profiler finds
in the whole training graph of one step at batch 50: forward pass, gradients, losses and optimiser. Its two teacher
numbers are too small, because products of more than 2^31 operations did not fit into the counter.
"""

import numpy as np

__all__ = ["by_the_papers_rule", "lost_to_overflow", "training_flops"]

BATCH = 50
FRAMES = (10, 6)
"""Time steps that the graph convolution of each of the two blocks sees."""

CHEBYSHEV_ORDERS = 3
FLOP_PER_MULTIPLY_ACCUMULATE = 2
PRODUCTS = 3
"""Products with the graph's kernel in each block: the forward one and those of the two operands' gradients."""


def training_flops(width: int, nodes: int) -> int:
    """Count the operations of the training graph of one step at batch 50, without overflow.

    The term in ``nodes ** 2`` is derived: dense products with the graph's kernel, the identity among its orders too.
    The other six coefficients were fitted to the six published numbers, so that their agreement with these proves
    nothing by itself. Two facts support the rule: the coefficients are whole numbers, for the teachers only once the
    overflow is put back, and the profile of the original code under TensorFlow 2 is within 0.15 % of it. Of the fitted
    terms only the last in ``nodes`` has a known meaning: it is minus the number of parameters that come with each node.

    Args:
        width: Channels c of [1, c, 2c] [2c, c, 4c].
        nodes: Sensors of the graph.
    """
    graph_products = PRODUCTS * sum(_kernel_product(width, nodes, frames) for frames in FRAMES)
    for_each_sample_and_node = 4032 * width**2 + 2012 * width + 11
    for_each_node = -(20 * width + 1)
    once = 752 * width**2 + 16 * width - 637
    return graph_products + (BATCH * for_each_sample_and_node + for_each_node) * nodes + once


def lost_to_overflow(width: int, nodes: int) -> int:
    """Count the operations that were lost because each product was counted in a signed integer of 32 bits.

    Args:
        width: Channels c of [1, c, 2c] [2c, c, 4c].
        nodes: Sensors of the graph.
    """
    products = [_kernel_product(width, nodes, frames) for frames in FRAMES]
    return PRODUCTS * sum(flops - _as_counted(flops) for flops in products)


def by_the_papers_rule(width: int, nodes: int) -> int:
    """Count operations as Table 1 does: those of the training graph without those lost to overflow.

    Args:
        width: Channels c of [1, c, 2c] [2c, c, 4c].
        nodes: Sensors of the graph.
    """
    return training_flops(width, nodes) - lost_to_overflow(width, nodes)


def _kernel_product(width: int, nodes: int, frames: int) -> int:
    """Count the operations of one dense product with the kernel, a matrix of ``(nodes, orders * nodes)``."""
    return FLOP_PER_MULTIPLY_ACCUMULATE * BATCH * frames * width * nodes * CHEBYSHEV_ORDERS * nodes


def _as_counted(flops: int) -> int:
    """Wrap a number to 32 bits, and drop it where that makes it negative."""
    return max(0, int(np.int64(flops).astype(np.int32)))
