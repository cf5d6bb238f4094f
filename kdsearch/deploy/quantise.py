"""Networks whose weights have 8 bits: what their files compute, and how far their forecasts move."""

from dataclasses import replace

import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.target import Target
from kdsearch.deploy.c.families import WRITERS
from kdsearch.deploy.card import Rounding
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.rounding import CALENDAR_LEVELS, WEIGHT_LEVELS, restored
from kdsearch.deploy.whole import WholeForecaster, example_inputs

__all__ = ["channel_dim", "int8_checkpoint", "quantised"]


def quantised(network: KeptNetwork, rounded: Checkpoint | None = None) -> KeptNetwork:
    """Round a network's weights to 8 bits and its calendar to 16, and say on its card how far forecasts move.

    A network that is rounded already stays as it is.

    Args:
        network: The network.
        rounded: What `int8_checkpoint` made of it after more training; of the network itself where None.
    """
    if network.card.rounding is not None:
        return network
    rounded = rounded or int8_checkpoint(network.checkpoint)
    change = _mean_change(network.checkpoint, rounded, network.card.target, network.windows)
    card = network.card.model_copy(update={"numbers": "int8", "rounding": Rounding(change=change)})
    return replace(network, checkpoint=rounded, card=card, unrounded=network.checkpoint)


def int8_checkpoint(checkpoint: Checkpoint) -> Checkpoint:
    """Make the checkpoint that forecasts as an int8 file does, so that its errors are measured as any network's.

    Biases and other parameters of one dimension stay as they are.
    """
    state = {
        name: value if value.ndim < 2 else restored(value, channel_dim(checkpoint.spec["family"], name), WEIGHT_LEVELS)
        for name, value in checkpoint.state.items()
    }
    profile = checkpoint.scaler.profile
    if profile is not None and profile.factors is not None:
        shares = restored(profile.factors[1], 0, CALENDAR_LEVELS)
        profile = profile.of_factors(profile.factors[0], shares, profile.table.shape[1], profile.holidays)
    elif profile is not None:
        profile = replace(profile, table=restored(profile.table, 2, CALENDAR_LEVELS))
    return replace(checkpoint, state=state, scaler=replace(checkpoint.scaler, profile=profile))


def channel_dim(family: str, parameter: str) -> int:
    """Give the dimension of a parameter's output channels, each of which has a scale."""
    return int(family in WRITERS and parameter in WRITERS[family].columns)


@torch.no_grad()
def _mean_change(before: Checkpoint, after: Checkpoint, target: Target, windows: ExampleWindows) -> float:
    """Give the mean absolute difference of forecasts, in the unit of the readings."""
    inputs = example_inputs(windows)
    first, second = (WholeForecaster(one, target).eval()(*inputs)[0] for one in (before, after))
    return float((second - first).abs().mean())
