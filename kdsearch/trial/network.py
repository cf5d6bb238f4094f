"""What a trial's configuration asks for, untrained: a network, and the scaler of what it sees."""

import torch

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.profile import Scaler, fit_profile, fit_scaler
from kdsearch.data.protocols import Prepared
from kdsearch.errors import SpaceError
from kdsearch.models import FAMILIES, Forecaster, Place, fresh
from kdsearch.trial.config import TrialConfig

__all__ = ["fitted_scaler", "fresh_network", "place_of"]


def place_of(prepared: Prepared) -> Place:
    """What a network's shape depends on."""
    slots = DAY_MINUTES // prepared.series.interval_minutes
    return Place(nodes=prepared.values.shape[1], slots=slots, grid=prepared.grid)


def fitted_scaler(prepared: Prepared, config: TrialConfig) -> Scaler:
    """Scaler and profile of a fresh network, from the training part."""
    return fit_scaler(prepared, fit_profile(prepared, config.profile) if config.input == "deviation" else None)


def fresh_network(prepared: Prepared, config: TrialConfig, seed: int) -> Forecaster:
    """An untrained network; its weights follow from the seed.

    Raises:
        SpaceError: Where the family cannot be of that width, depth or decoding, or work on such data.
    """
    if config.decoding == "iterated" and not FAMILIES[config.family].iterates:
        raise SpaceError(f"family {config.family} forecasts all steps at once; take decoding = 'iterated' out for it")
    outputs = prepared.protocol.horizon if config.decoding == "direct" else 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return fresh(
                config.family,
                config.width,
                config.depth,
                prepared.adjacency,
                place_of(prepared),
                outputs=outputs,
                history=prepared.protocol.history,
            )
        except ValueError as mistake:
            raise SpaceError(str(mistake)) from None
