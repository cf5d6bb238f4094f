"""Train what trials share, within the time that there is."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import RunError
from kdsearch.measure.latency import usable_cores
from kdsearch.models import FAMILIES
from kdsearch.record import CurvePoint, TrialRecord
from kdsearch.report.numbers import duration
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.foreseen import Foreseen, foreseen_training
from kdsearch.trial.teachers import TrainedNetwork, cached_network, cached_threads, training_under_way

__all__ = ["CACHED_SECONDS", "Trainer", "TrainingEvent", "family_threads"]

LEAST_SHARE = 0.5
"""Of the epochs asked for; a network of which fewer fit into its time is made narrower first."""

LEAST_WIDTH = 4

CACHED_SECONDS = 1e-3
"""Foreseen of a network that the cache holds: it is taken however late it is."""


def family_threads(family: str) -> int:
    """Count the threads inside an operator with which networks of a family train: all cores where that pays."""
    return usable_cores() if FAMILIES[family].large_operators else 1


@dataclass(frozen=True)
class TrainingEvent:
    """Where the training of a network stands for which trials wait.

    Attributes:
        name: Of the network.
        epoch: Epochs that have ended.
        epochs: Those of the whole training.
        error: Validation MAE at the last validation, in `unit`; None before the first one.
        unit: Unit of the readings.
        seconds_left: Wall-clock seconds until the last epoch ends; None while the first steps are timed.
    """

    name: str
    epoch: int
    epochs: int
    error: float | None
    unit: str
    seconds_left: float | None


def _silent(_: TrainingEvent) -> None:
    """Take an event, and tell nobody."""


@dataclass(frozen=True)
class Trainer:
    """Trains what trials share, within the time that there is.

    Attributes:
        series: Series cut by the protocol.
        preset: Preset of teachers.
        device: Device to train on.
        until: `time.monotonic()` at which the last training is to end; None where nobody waits.
        on_message: Takes sentences for people.
        on_training: Takes the events of trainings.
        known: What was foreseen already, by configuration and seed; it is shared with copies that end at another time.
    """

    series: SplitSeries
    preset: str
    device: str
    until: float | None
    on_message: Callable[[str], None]
    on_training: Callable[[TrainingEvent], None] = _silent
    known: dict[tuple[TrialConfig, int], Foreseen] = field(default_factory=dict, repr=False, compare=False)

    def foreseen(self, config: TrialConfig, seed: int) -> Foreseen:
        """Foresee a training, once; one that the cache holds takes no time."""
        if (config, seed) not in self.known:
            self.known[config, seed] = self._foreseen(config, seed)
        return self.known[config, seed]

    def _foreseen(self, config: TrialConfig, seed: int) -> Foreseen:
        cores = family_threads(config.family)
        cached = cached_threads(self.series, config, seed, cores, self.device)
        if cached is not None:
            return Foreseen(CACHED_SECONDS / config.epochs, 0.0, cached)
        name = f"{config.family}-{config.width}"
        self.on_training(TrainingEvent(name, 0, config.epochs, None, self.series.unit, None))
        threads, done = training_under_way(self.series, config, seed, cores, self.device) or (None, 0)
        found = foreseen_training(self.series, config, threads=threads or cores, device=torch.device(self.device))
        return replace(found, threads=threads or found.threads, done_epochs=done)  # with other threads it begins anew

    def trained(
        self, config: TrialConfig, seed: int, foreseen: Foreseen, beside: TrainedNetwork | None, name: str
    ) -> tuple[TrainedNetwork, TrialRecord]:
        """Train a network, or take it from the cache; say which of the two it is, and how long it takes."""
        seconds = foreseen.seconds(config.epochs)
        self.on_message(f"{name}: {self._announced(seconds, foreseen.threads)}")
        began, unit = time.monotonic(), self.series.unit
        if seconds > CACHED_SECONDS:
            self.on_training(TrainingEvent(name, 0, config.epochs, None, unit, seconds))

        def tell(curve: list[CurvePoint]) -> None:
            error = next((point.val_errors["mae"] for point in reversed(curve) if point.val_errors), None)
            left = (time.monotonic() - began) / (len(curve) - foreseen.done_epochs) * (config.epochs - len(curve))
            self.on_training(TrainingEvent(name, len(curve), config.epochs, error, unit, left))

        return cached_network(
            self.series,
            config,
            seed,
            training_threads=foreseen.threads,
            device=self.device,
            beside=beside,
            on_epoch=tell,
        )

    def _announced(self, seconds: float, threads: int) -> str:
        """Say how long a training takes, beside the time that the budget leaves for it."""
        if seconds <= CACHED_SECONDS:
            return "taking it from the cache"
        left = self.seconds_left
        with_threads = f" with {threads} threads" if threads > 1 else ""
        beside = "" if left is None else f", and the budget has {duration(max(0.0, left))} for it"
        return f"training takes about {duration(seconds)}{with_threads}{beside}"

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last training is to end; None where nobody waits."""
        return None if self.until is None else self.until - time.monotonic()

    def fits(self, config: TrialConfig, foreseen: Foreseen) -> bool:
        """Tell whether a training ends in time."""
        left = self.seconds_left
        return left is None or foreseen.seconds(config.epochs) <= max(left, CACHED_SECONDS)

    def shortened(self, config: TrialConfig, seed: int, name: str) -> tuple[TrialConfig, Foreseen]:
        """Shorten a training that would not end in time: fewer epochs, and a narrower network where too few fit.

        Raises:
            RunError: Not one epoch of the narrowest fits.
        """
        foreseen = self.foreseen(config, seed)
        asked, left = config, self.seconds_left
        if left is None or self.fits(config, foreseen):
            return config, foreseen
        foreseen = replace(foreseen, done_epochs=0)  # with another number of epochs it is another training
        while foreseen.epochs_within(left) < LEAST_SHARE * config.epochs and config.width // 2 >= LEAST_WIDTH:
            config = config.model_copy(update={"width": config.width // 2})
            foreseen = replace(self.foreseen(config, seed), done_epochs=0)
        epochs = min(config.epochs, foreseen.epochs_within(left))
        if epochs < 1:
            raise RunError(
                f"{name} would take about {duration(foreseen.seconds(1))} for one epoch, and the budget leaves "
                f"{duration(max(left, 0.0))} for it; give a larger --budget, or --trials without a budget"
            )
        short = config.model_copy(update={"epochs": epochs})
        changes = [
            f"{key} {getattr(short, key)} in place of {getattr(asked, key)}"
            for key in ("width", "epochs")
            if getattr(short, key) != getattr(asked, key)
        ]
        self.on_message(
            f"{name} is made smaller, {', '.join(changes)}: as asked it would take about "
            f"{duration(self.foreseen(asked, seed).seconds(asked.epochs))}, and it has {duration(left)} of the budget"
        )
        return short, foreseen
