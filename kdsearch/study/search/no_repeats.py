"""Sampler without repeats: the trials of a study share a training seed, so a repeated configuration adds nothing."""

import copy
from collections.abc import Sequence
from typing import Any

import optuna
from optuna import Study, Trial
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from kdsearch.study.space.space import SearchSpace

__all__ = ["NoRepeatSampler"]

TRIES = 10
"""Attempts with the sampler itself before random ones, ten times as many, follow. Where these repeat too, hardly any
new configuration is left, and the last one is taken."""


class NoRepeatSampler(BaseSampler):
    """Sampler that draws from another one until the configuration is new.

    A row of the study cannot be taken back, so configurations are drafted in a copy of the study in memory. A draft
    that repeats a trial stays open there, and samplers that keep away from running trials turn to another place.

    In the copy a parameter's name includes its range: otherwise joint sampling of a name with several ranges
    (`[[parameters.NAME]]`) would keep to the range that was seen first.
    """

    def __init__(self, inner: BaseSampler, random: RandomSampler, space: SearchSpace) -> None:
        self._inner, self._random, self._space = inner, random, space
        self._draft: _Draft | None = None

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Draft the whole configuration, and give the ranges of all its parameters as those to be sampled jointly."""
        rows = study.get_trials(deepcopy=False)
        begun = [row.state != TrialState.WAITING and row.number != trial.number for row in rows]
        drafts = optuna.create_study(directions=study.directions)
        # Samplers remember up to which number all trials have ended: each row keeps its number; those to come run.
        drafts.add_trials(
            [
                _labelled(row) if there else create_trial(state=TrialState.RUNNING)
                for row, there in zip(rows, begun, strict=True)
            ]
        )
        tried = [row.params for row, there in zip(rows, begun, strict=True) if there and row.state != TrialState.FAIL]
        fixed = trial.system_attrs.get("fixed_params", {})
        for count in range(11 * TRIES):
            drafts.sampler = self._inner if count < TRIES else self._random
            self._draft = _Draft(drafts, fixed)
            self._space.suggest(self._draft)
            if self._draft.values not in tried:
                break
        assert self._draft is not None
        return self._draft.ranges

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],  # noqa: ARG002 - the draft's
    ) -> dict[str, Any]:
        """Give the draft's values, and save what the sampler wrote beside them, such as a generation."""
        assert self._draft is not None
        for name, value in self._draft.study.get_trials(deepcopy=False)[-1].system_attrs.items():
            study._storage.set_trial_system_attr(trial._trial_id, name, value)
        return self._draft.values

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw at random: Optuna requires this method, although every value comes from a draft."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Pass the ended trial on to the other sampler."""
        self._inner.after_trial(study, trial, state, values)


class _Draft(Trial):
    """Trial in the copy of the study.

    Attributes:
        values: Parameter values by their names in the space.
        ranges: Their distributions, by the same names.
    """

    def __init__(self, study: Study, fixed: dict[str, Any]) -> None:
        super().__init__(study, study.ask()._trial_id)
        self.values: dict[str, Any] = {}
        self.ranges: dict[str, BaseDistribution] = {}
        self._given = fixed

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        label = _label(name, distribution)
        if name in self._given:
            self._fixed_params[label] = self._given[name]
        self.ranges[name] = distribution
        self.values[name] = super()._suggest(label, distribution)
        return self.values[name]


def _label(name: str, distribution: BaseDistribution) -> str:
    return f"{name} {distribution}"


def _labelled(row: FrozenTrial) -> FrozenTrial:
    labels = {name: _label(name, distribution) for name, distribution in row.distributions.items()}
    return _Row(
        number=row.number,
        trial_id=row._trial_id,
        state=row.state,
        value=None,
        values=row.values,
        datetime_start=row.datetime_start,
        datetime_complete=row.datetime_complete,
        params={labels[name]: value for name, value in row.params.items()},
        distributions={labels[name]: distribution for name, distribution in row.distributions.items()},
        user_attrs={},
        system_attrs=row.system_attrs,
        intermediate_values={},
    )


class _Row(FrozenTrial):
    """Row that nobody changes: its deep copy is a shallow one, which is fifty times as fast."""

    def __deepcopy__(self, _: dict[int, Any]) -> FrozenTrial:
        return copy.copy(self)
