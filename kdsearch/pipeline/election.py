"""Who teaches: candidates are trained in the order of their time, and the best one on the validation split teaches."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import RunError, SpaceError
from kdsearch.measure.latency import usable_cores
from kdsearch.measure.objectives import OBJECTIVES, Objective, parse_objectives
from kdsearch.models import FAMILIES
from kdsearch.record import Baseline, TrialRecord
from kdsearch.report.numbers import duration
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.ensembles import ensemble_of
from kdsearch.trial.foreseen import Foreseen, foreseen_training
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import TrainedNetwork, cached_network, cached_threads, network_baseline

__all__ = ["CACHED_SECONDS", "Candidate", "Elected", "Trainer", "elect", "family_threads"]

LEAST_SHARE = 0.5
"""Of the epochs asked for; a network of which fewer fit into its time is made narrower first."""

LEAST_WIDTH = 4

NEAR_SHARE = 0.03
"""By which another candidate may err more than the best one to be in an ensemble: one that is worse spoils the mean."""

CACHED_SECONDS = 1e-3
"""Foreseen of a network that the cache holds: it is taken however late it is."""


def family_threads(family: str) -> int:
    """Count the threads inside an operator with which networks of a family train: all cores where that pays."""
    return usable_cores() if FAMILIES[family].large_operators else 1


@dataclass(frozen=True)
class Trainer:
    """Trains what trials share, within the time that there is.

    Attributes:
        series: Series cut by the protocol.
        preset: Preset of teachers.
        device: Device to train on.
        until: `time.monotonic()` at which the last training is to end; None where nobody waits.
        on_message: Takes sentences for people.
        known: What was foreseen already, by configuration and seed; it is shared with copies that end at another time.
    """

    series: SplitSeries
    preset: str
    device: str
    until: float | None
    on_message: Callable[[str], None]
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
        return foreseen_training(self.series, config, threads=cores, device=torch.device(self.device))

    def trained(
        self, config: TrialConfig, seed: int, foreseen: Foreseen, beside: TrainedNetwork | None
    ) -> tuple[TrainedNetwork, TrialRecord]:
        """Train a network, or take it from the cache."""
        return cached_network(
            self.series, config, seed, training_threads=foreseen.threads, device=self.device, beside=beside
        )

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
        while foreseen.epochs_within(left) < LEAST_SHARE * config.epochs and config.width // 2 >= LEAST_WIDTH:
            config = config.model_copy(update={"width": config.width // 2})
            foreseen = self.foreseen(config, seed)
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


@dataclass(frozen=True, eq=False)
class Candidate:
    """One trained candidate.

    Attributes:
        name: Of its baseline where another one teaches.
        config: Its configuration.
        network: It, trained.
        record: Of its training.
    """

    name: str
    config: TrialConfig
    network: TrainedNetwork
    record: TrialRecord


@dataclass(frozen=True, eq=False)
class Elected:
    """What an election gives.

    Attributes:
        networks: "teacher" -> what teaches, and the other candidates by name.
        baselines: Their lines, the teacher's first.
        records: Records of their trainings by the same names; an ensemble has none of its own.
    """

    networks: dict[str, TrainedNetwork]
    baselines: list[Baseline]
    records: dict[str, TrialRecord] = field(default_factory=dict)


def elect(trainer: Trainer, asked: Sequence[dict[str, Any]], ensemble: int, objectives: str, seed: int) -> Elected:
    """Train the candidates for teacher, or take them from the cache; the least validation error teaches.

    Args:
        trainer: Trains networks.
        asked: Settings of each candidate.
        ensemble: Number of networks whose mean is a candidate too: those near the best one, then further seeds of it.
        objectives: Of the study; candidates are judged by the first error among them, by MAE where there is none.
        seed: Of each candidate.

    Raises:
        SpaceError: The networks of an ensemble would not see the same input.
        RunError: Not even the first candidate fits into the time.
    """
    configs = [teacher_config(trainer.series, trainer.preset, settings) for settings in asked]
    if ensemble > 1:
        _check_inputs(configs)
    judge = next((one for one in parse_objectives(objectives) if one.is_error), OBJECTIVES["mae"])
    found = _trained(trainer, configs, seed, judge, named=len(configs) > 1 or ensemble > 1)
    found.sort(key=lambda one: judge.value(one.record))
    best, lines = found[0], {one.name: one for one in found}
    if len(found) > 1:
        trainer.on_message(f"{best.name} teaches: it errs least of {len(found)} candidates on the validation split")
    joined = _mean_of(trainer, found, ensemble, seed, judge) if ensemble > 1 else None
    if joined is None:
        networks = {"teacher": best.network} | {name: one.network for name, one in lines.items() if one is not best}
        baselines = [network_baseline("teacher", "teacher", best.network, best.record)]
        records = {"teacher": best.record} | {name: one.record for name, one in lines.items() if one is not best}
    else:
        networks = {"teacher": joined[0]} | {name: one.network for name, one in lines.items()}
        baselines, records = [joined[1]], {name: one.record for name, one in lines.items()}
    baselines += [
        network_baseline(name, "candidate", network, lines[name].record)
        for name, network in networks.items()
        if name != "teacher"
    ]
    return Elected(networks, baselines, records)


def _trained(
    trainer: Trainer, configs: Sequence[TrialConfig], seed: int, judge: Objective, *, named: bool
) -> list[Candidate]:
    """Train the candidates that fit into the time, those that take least first; the first one is shortened to fit.

    Args:
        trainer: Trains networks.
        configs: Of the candidates.
        seed: Of each.
        judge: The error that is said of each.
        named: Whether each has a name of its own, or the one candidate is called the teacher.
    """
    foreseen = [(trainer.foreseen(config, seed), config) for config in configs]
    foreseen.sort(key=lambda pair: pair[0].seconds(pair[1].epochs))
    found: list[Candidate] = []
    for time_of, asked in foreseen:
        config, expected = asked, time_of
        name = _name(config, [one.name for one in found]) if named else "teacher"
        if not trainer.fits(config, expected):
            if found:
                trainer.on_message(
                    f"{name} is no candidate for teacher: it would take about "
                    f"{duration(expected.seconds(config.epochs))}, and {duration(max(0.0, trainer.seconds_left or 0))} "
                    "of the budget are left for teachers"
                )
                continue
            config, expected = trainer.shortened(config, seed, name)
            name = _name(config, []) if named else "teacher"
        _announce(trainer, name, expected.seconds(config.epochs), expected.threads)
        network, record = trainer.trained(config, seed, expected, found[0].network if found else None)
        found.append(Candidate(name, config, network, record))
        if named:
            trainer.on_message(f"{name}: validation {judge.name.upper()} {judge.value(record):.3f}")
    return found


def _announce(trainer: Trainer, name: str, seconds: float, threads: int) -> None:
    if seconds <= CACHED_SECONDS:
        trainer.on_message(f"{name}: taking it from the cache")
        return
    with_threads = f", with {threads} threads" if threads > 1 else ""
    trainer.on_message(f"{name}: training it, which takes about {duration(seconds)}{with_threads}")


def _name(config: TrialConfig, taken: Sequence[str]) -> str:
    """Name a candidate by family and width, with a number where that is taken."""
    name = f"{config.family}-{config.width}"
    return name if name not in taken else f"{name}-{1 + sum(one.startswith(name) for one in taken)}"


def _check_inputs(configs: Sequence[TrialConfig]) -> None:
    inputs = {(config.input, config.profile if config.input == "deviation" else None) for config in configs}
    if len(inputs) > 1:
        shown = " and ".join(sorted(f"input {one}, profile {two}" for one, two in inputs))
        raise SpaceError(f"the networks of an ensemble must see the same input, and have {shown}; make them alike")


def _mean_of(
    trainer: Trainer, found: Sequence[Candidate], ensemble: int, seed: int, judge: Objective
) -> tuple[TrainedNetwork, Baseline] | None:
    """Join the candidates near the best one, and further seeds of it; None where their mean is not better than it."""
    best, most = found[0], (1 + NEAR_SHARE) * judge.value(found[0].record)
    near = [one for one in found[:ensemble] if judge.value(one.record) <= most]
    members = [(one.name, seed, one.network) for one in near]
    for further in range(1, ensemble - len(members) + 1):
        expected = trainer.foreseen(best.config, seed + further)
        if not trainer.fits(best.config, expected):
            trainer.on_message(f"the ensemble has {len(members)} networks: the budget leaves no time for a further one")
            break
        _announce(
            trainer, f"{best.name}, seed {seed + further}", expected.seconds(best.config.epochs), expected.threads
        )
        network, _ = trainer.trained(best.config, seed + further, expected, best.network)
        members.append((best.name, seed + further, network))
    note = f"the mean of {', '.join(f'{name} (seed {own})' for name, own, _ in members)}"
    joined = ensemble_of(trainer.series, [network for _, _, network in members], note, threads=1, device=trainer.device)
    own, alone = judge.value(joined[1]), judge.value(best.record)
    words = f"{note} has validation {judge.name.upper()} {own:.3f}, {best.name} alone {alone:.3f}"
    trainer.on_message(f"{words}: {'the mean teaches' if own < alone else f'{best.name} teaches alone'}")
    return joined if own < alone else None
