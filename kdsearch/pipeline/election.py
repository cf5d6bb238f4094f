"""Who teaches: candidates are trained in the order of their time, and the best one on the validation split teaches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kdsearch.errors import SpaceError
from kdsearch.measure.objectives import OBJECTIVES, Objective, parse_objectives
from kdsearch.pipeline.trainer import Trainer
from kdsearch.record import Baseline, TrialRecord
from kdsearch.report.numbers import duration
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.ensembles import ensemble_of
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import TrainedNetwork, network_baseline

__all__ = ["Candidate", "Elected", "elect"]

NEAR_SHARE = 0.03
"""By which another candidate may err more than the best one to be in an ensemble: one that is worse spoils the mean."""


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
    return Elected(networks, [_beside_teacher(line, baselines[0]) for line in baselines], records)


def _beside_teacher(line: Baseline, teacher: Baseline) -> Baseline:
    """Refer a candidate's latency to the teacher: they were timed in alternation with the first one trained."""
    assert line.cost is not None
    assert teacher.cost is not None
    own, its = line.cost.latency_ms, teacher.cost.latency_ms
    ratio = None if own is None or its is None else own.p2 / its.p2
    return line.model_copy(update={"cost": line.cost.model_copy(update={"latency_ratio": ratio})})


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
        network, record = trainer.trained(config, seed, expected, found[0].network if found else None, name)
        found.append(Candidate(name, config, network, record))
        if named:
            trainer.on_message(f"{name}: validation {judge.name.upper()} {judge.value(record):.3f}")
    return found


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
            trainer.on_message(
                f"the budget leaves no time for {ensemble} networks of an ensemble: {len(members)} are trained"
            )
            break
        name = f"{best.name}, seed {seed + further}"
        network, _ = trainer.trained(best.config, seed + further, expected, best.network, name)
        members.append((best.name, seed + further, network))
    if len(members) == 1:
        return None
    note = f"the mean of {', '.join(f'{name} (seed {own})' for name, own, _ in members)}"
    joined = ensemble_of(trainer.series, [network for _, _, network in members], note, threads=1, device=trainer.device)
    own, alone = judge.value(joined[1]), judge.value(best.record)
    words = f"{note} has validation {judge.name.upper()} {own:.3f}, {best.name} alone {alone:.3f}"
    trainer.on_message(f"{words}: {'the mean teaches' if own < alone else f'{best.name} teaches alone'}")
    return joined if own < alone else None
