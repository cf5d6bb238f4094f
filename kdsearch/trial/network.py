"""Build the network and the scaler that a configuration asks for, and train it plainly."""

from functools import partial

import torch

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.profile import Scaler, fit_profile, fit_scaler
from kdsearch.data.protocols import Prepared
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import SpaceError
from kdsearch.measure.accuracy import quick_validation
from kdsearch.models import FAMILIES, Forecaster, Place, fresh
from kdsearch.record import CurvePoint
from kdsearch.training.fit import fit
from kdsearch.trial.config import TrialConfig

__all__ = ["fitted_scaler", "fresh_network", "place_of", "trained_network"]


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


def trained_network(
    prepared: Prepared, config: TrialConfig, seed: int, device: torch.device
) -> tuple[Forecaster, Scaler, list[CurvePoint]]:
    """Train a new network without a teacher.

    Args:
        prepared: Series cut by a protocol.
        config: Width, recipe and plan; its loss must be "none".
        seed: Of weights and batches.
        device: Where to train.

    Returns:
        The network on that device, its scaler and its learning curve.
    """
    scaler, starts = fitted_scaler(prepared, config), prepared.parts["train"].starts
    data, network = WindowedSeries(prepared, scaler, device), fresh_network(prepared, config, seed).to(device)
    validate = partial(quick_validation, data=data, prepared=prepared)
    return network, scaler, fit(network, data, starts, config.plan(), config.recipe(), seed=seed, validate=validate)
