"""The shrinking of a masked network to the plain small one that computes the same."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from kdsearch.models import Forecaster
from kdsearch.models.window import kept_rows

__all__ = ["shrink", "shrink_error", "shrunk_weight_count", "unprunable"]

Masks = Mapping[str, Tensor]
"""Group name -> bool ``(size,)``, True for a kept channel."""


def shrink(network: Forecaster, masks: Masks) -> Forecaster:
    """Cut the pruned channels out of a network; the kept ones stay in order.

    Raises:
        ValueError: A group loses its last channel or a required one.
    """
    groups = network.channel_groups()
    for group in groups:
        if not masks[group.name].any() or any(not masks[group.name][channel] for channel in group.required):
            raise ValueError(f"group {group.name} must keep a channel and its required ones {sorted(group.required)}")
    small = network.resized({group.name: int(masks[group.name].sum()) for group in groups})
    state = network.state_dict()
    for name in state:
        for dim, kept in kept_rows(name, state[name], groups, masks).items():
            state[name] = state[name].index_select(dim, kept.nonzero()[:, 0])
    small.to(next(network.parameters()))
    small.load_state_dict(state)
    return small.train(network.training)


def shrunk_weight_count(network: Forecaster, sizes: Mapping[str, int]) -> int:
    """Count the trained weights that remain when each group keeps so many channels."""
    groups = network.channel_groups()
    total = 0
    for name, parameter in network.named_parameters():
        shape = list(parameter.shape)
        for group in groups:
            for member in group.members:
                if member.parameter == name:
                    shape[member.dim] -= (group.size - sizes[group.name]) * len(member.rows[0])
        total += math.prod(shape)
    return total


@torch.no_grad()
def shrink_error(network: Forecaster, masks: Masks, small: Forecaster, x: Tensor) -> float:
    """Measure the largest difference of the masked and the small network on `x`, relative to the largest output."""
    network.set_masks(masks)
    masked = network(x)
    network.set_masks({})
    return float((masked - small(x)).abs().max() / masked.abs().max().clamp(min=1e-12))


def unprunable(family: str) -> str:
    """Say why networks without channel groups are not pruned."""
    return (
        f"family {family} states no channel groups, so that pruning has nothing to cut; search route = 'student' for "
        "it, or state them (`groups` of `module_family`)"
    )
