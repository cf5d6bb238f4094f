"""The samplers by name."""

import warnings
from collections.abc import Callable

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

__all__ = ["SAMPLERS"]


def _joint_tpe(seed: int) -> BaseSampler:
    """TPE over parameters jointly (Falkner et al. 2018), in groups that a space's conditions make.

    Optuna's default for several objectives takes parameters one by one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True, group=True)


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": _joint_tpe,
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    # It falls back to independent sampling for conditional parameters, and would say so at nearly every trial.
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False),
}
