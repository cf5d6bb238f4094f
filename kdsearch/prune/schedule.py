"""The pruning schedule: the share cut at each event, and the channels to cut."""

from collections.abc import Mapping

import torch
from torch import Tensor

from kdsearch.models import ChannelGroup, Forecaster
from kdsearch.prune.shrink import shrunk_weight_count

__all__ = ["event_shares", "masks_for_share", "network_for_share", "sizes_for_share"]


def event_shares(keep: float, events: int) -> list[float]:
    """Compute the share of the original weights left after each event: equal factors, the last share is `keep`.

    The paper names no schedule; these shares repeat the fixed share of Algorithm 1's line "first N %" on the rest at
    each event.
    """
    return [keep ** (event / events) for event in range(1, events + 1)]


def sizes_for_share(network: Forecaster, most: float) -> dict[str, int]:
    """Count the channels for each group to keep: the same share of every layer, as many as fit into `most` weights.

    Where even one channel in each group is more than `most`, that smallest network is the answer.
    """
    groups = network.channel_groups()
    low, high = 0.0, 1.0
    if shrunk_weight_count(network, {group.name: group.size for group in groups}) <= most:
        return {group.name: group.size for group in groups}
    for _ in range(30):
        middle = (low + high) / 2
        fits = shrunk_weight_count(network, _sizes(groups, middle)) <= most
        low, high = (middle, high) if fits else (low, middle)
    return _sizes(groups, low)


def _sizes(groups: list[ChannelGroup], share: float) -> dict[str, int]:
    return {group.name: max(1, len(group.required), round(share * group.size)) for group in groups}


def network_for_share(network: Forecaster, keep: float, events: int) -> Forecaster:
    """Build an untrained network of the size after so many events; it does not depend on the cut channels."""
    whole = sum(parameter.numel() for parameter in network.parameters())
    for share in event_shares(keep, events):
        network = network.resized(sizes_for_share(network, share * whole))
    return network


def masks_for_share(network: Forecaster, scores: Mapping[str, Tensor], most: float) -> dict[str, Tensor]:
    """Mask the channels of the lowest score, layer by layer (Algorithm 1), until at most `most` weights are left.

    Returns:
        Group name -> bool ``(size,)``, True for a kept channel.
    """
    sizes = sizes_for_share(network, most)
    masks: dict[str, Tensor] = {}
    for group in network.channel_groups():
        ranked = scores[group.name].clone()
        ranked[sorted(group.required)] = torch.inf
        kept = torch.zeros(group.size, dtype=torch.bool)
        kept[ranked.argsort(descending=True, stable=True)[: sizes[group.name]]] = True
        masks[group.name] = kept
    return masks
