"""Build the network and the scaler of a configuration, and train a network without a teacher."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch

from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.profile import Scaler, fit_profile, fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.errors import SpaceError, failure
from kdsearch.measure.accuracy import quick_validation
from kdsearch.models import FAMILIES, DataShape, Forecaster, new_forecaster
from kdsearch.record import CurvePoint
from kdsearch.training.fit import fit, warm_up
from kdsearch.trial.config import TrialConfig

__all__ = ["Keeper", "fitted_scaler", "new_network", "shape_of", "trained_network"]


class Keeper(Protocol):
    """What keeps a training under way."""

    def begun(self) -> bytes | None:
        """Give what was kept of the training; None where nothing was."""

    def after_epoch(self, curve: Sequence[CurvePoint], packed: Callable[[], bytes]) -> None:
        """Keep the training as it is after an epoch."""


def shape_of(series: SplitSeries) -> DataShape:
    """Read from a series the sizes on which a network's shape depends."""
    slots = DAY_MINUTES // series.source.interval_minutes
    return DataShape(nodes=series.values.shape[1], slots=slots, grid=series.grid)


def fitted_scaler(series: SplitSeries, config: TrialConfig) -> Scaler:
    """Fit the scaler of a new network, with its profile, to the training split."""
    return fit_scaler(series, fit_profile(series, config.profile) if config.input == "deviation" else None)


def new_network(series: SplitSeries, config: TrialConfig, seed: int) -> Forecaster:
    """Build an untrained network with the weights of a seed.

    Raises:
        SpaceError: Where the family cannot be of that width, depth or decoding, or work on such data.
    """
    if config.decoding == "iterated" and not FAMILIES[config.family].iterates:
        raise SpaceError(f"family {config.family} forecasts all steps at once; take decoding = 'iterated' out for it")
    outputs = series.protocol.horizon if config.decoding == "direct" else 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return new_forecaster(
                config.family,
                config.width,
                config.depth,
                series.adjacency,
                shape_of(series),
                outputs=outputs,
                history=series.protocol.history,
            )
        except ValueError as mistake:
            raise SpaceError(str(mistake)) from None
        except (RuntimeError, MemoryError, OverflowError) as error:  # torch's words for too large a tensor
            raise SpaceError(
                f"a network of family {config.family} and width {config.width} cannot be made: {failure(error)}; "
                "choose a smaller width"
            ) from None


def trained_network(
    series: SplitSeries,
    config: TrialConfig,
    seed: int,
    device: torch.device,
    keeper: Keeper | None = None,
    on_epoch: Callable[[list[CurvePoint]], None] | None = None,
) -> tuple[Forecaster, Scaler, list[CurvePoint]]:
    """Train a new network without a teacher.

    Args:
        series: Series cut by a protocol.
        config: Configuration of the network and its training; its loss must be "none".
        seed: Seed of weights and batches.
        device: Device to train on.
        keeper: Keeps the training after each epoch, so that it goes on after an interruption; None without.
        on_epoch: Takes the learning curve so far after each epoch.

    Returns:
        The network on that device, its scaler and its learning curve.
    """
    scaler, starts = fitted_scaler(series, config), series.splits["train"].starts
    data, network = WindowedSeries(series, scaler, device), new_network(series, config, seed).to(device)
    train = partial(
        fit,
        data=data,
        starts=starts,
        loss_config=config.loss_config(),
        validate=partial(quick_validation, data=data, series=series),
    )
    warm_up(network, train, config.plan())
    if keeper is not None:
        train = partial(train, begun=keeper.begun(), keep=keeper.after_epoch)
    return network, scaler, train(network, plan=config.plan(), seed=seed, on_epoch=on_epoch)
