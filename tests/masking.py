"""What tests of all families ask of masks: any that leave each group a channel, and the small network they mean."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from hypothesis import strategies as st
from torch import Tensor

from kdsearch.models import Forecaster
from kdsearch.prune.shrink import shrink, shrink_error, shrunk_weight_count

__all__ = ["check_that_every_channel_matters", "check_that_the_small_network_is_the_masked_one", "draw_masks"]


class Draw(Protocol):
    """Hypothesis's own, inside a composite strategy or of a data object."""

    def __call__(self, strategy: st.SearchStrategy[Any]) -> Any:
        """A value of the strategy."""


def draw_masks(draw: Draw, network: Forecaster) -> dict[str, Tensor]:
    """Group name -> bool ``(size,)`` with at least one living channel, the required ones among them."""
    masks = {}
    for group in network.channel_groups():
        kept = draw(st.lists(st.booleans(), min_size=group.size, max_size=group.size))
        for channel in group.required or {draw(st.integers(0, group.size - 1))}:
            kept[channel] = True
        masks[group.name] = torch.tensor(kept)
    return masks


def check_that_the_small_network_is_the_masked_one(network: Forecaster, masks: Mapping[str, Tensor], x: Tensor) -> None:
    """In float64 to rounding, with as many parameters as were foretold; afterwards the network is as it was."""
    whole = network(x).detach()
    small = shrink(network, masks)
    assert shrink_error(network, masks, small, x) <= 1e-10
    sizes = {name: int(mask.sum()) for name, mask in masks.items()}
    assert shrunk_weight_count(network, sizes) == sum(parameter.numel() for parameter in small.parameters())
    torch.testing.assert_close(network(x), whole, rtol=0, atol=0)


def check_that_every_channel_matters(network: Forecaster, x: Tensor) -> None:
    """A network with one channel left in a group, whichever it is, forecasts something else than the whole one."""
    whole = network(x).detach()
    masks = {group.name: torch.ones(group.size, dtype=torch.bool) for group in network.channel_groups()}
    for group in network.channel_groups():
        for channel in range(group.size if group.size > 1 else 0):
            network.set_masks(masks | {group.name: torch.arange(group.size) == channel})
            assert (network(x) - whole).abs().max() > 1e-6, group.name
    network.set_masks({})
