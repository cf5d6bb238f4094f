"""The table of samplers."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from kdsearch.errors import StudyError
from kdsearch.table import Table, check_row

__all__ = ["SAMPLERS", "Sampler"]


def _joint_tpe(seed: int) -> BaseSampler:
    """TPE over parameters jointly (Falkner et al. 2018), in groups that a space's conditions make.

    Optuna's default for several objectives takes parameters one by one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True, group=True)


@dataclass(frozen=True)
class Sampler:
    """How settings are proposed.

    Attributes:
        name: As written after `--sampler`.
        sentence: For help texts.
        make: Takes a seed; gives Optuna's sampler.
    """

    name: str
    sentence: str
    make: Callable[[int], BaseSampler]

    def __post_init__(self) -> None:
        check_row("sampler", self.name, self.sentence, self.make, ("seed",))


SAMPLERS = Table(
    "sampler",
    [
        Sampler("tpe", "densities of good and bad settings, parameters jointly", _joint_tpe),
        Sampler("nsga2", "a genetic algorithm", lambda seed: optuna.samplers.NSGAIISampler(seed=seed)),
        Sampler("random", "chance alone", lambda seed: RandomSampler(seed=seed)),
        # It falls back to independent sampling for conditional parameters, and would say so at nearly every trial.
        Sampler(
            "gp",
            "Gaussian processes",
            lambda seed: optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False),
        ),
    ],
    mistake=StudyError,
)
