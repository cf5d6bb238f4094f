"""The parameters of a trial: their defaults and their limits."""

from typing import Any, Literal, Self

import pydantic
from pydantic import Field

from kdsearch.data.mistakes import first_mistake
from kdsearch.data.profile import Input, ProfileKind
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.losses import Divergence, Error, Reduction
from kdsearch.errors import SpaceError
from kdsearch.models import FAMILIES
from kdsearch.models.precision import Precision
from kdsearch.prune.criteria import CRITERIA
from kdsearch.table import Table, unknown_name
from kdsearch.training.optimisers import OPTIMISERS
from kdsearch.training.plan import Plan
from kdsearch.training.schedules import SCHEDULES

__all__ = ["TABLES", "TrialConfig"]

TABLES: dict[str, Table[Any]] = {
    "loss": LOSSES,
    "family": FAMILIES,
    "criterion": CRITERIA,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
}
"""Parameters whose values are names of a table, to which users add rows."""


class TrialConfig(pydantic.BaseModel):
    """A trial's parameters, each with its default and what it means; unknown names and values are refused.

    The defaults are the best known way to train. Those of the loss are fields of `LossConfig`, those of training fields
    of `Plan`; `profile` is a choice of `fit_profile`.

    >>> TrialConfig.of({"family": "stid", "width": 8}).epochs
    30
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    route: Literal["student", "prune", "student-prune"] = Field(
        "student",
        description="student trains a new small network, prune cuts a trained one, student-prune does both in turn",
    )
    loss: str = Field("none", description="what the student learns from")
    beta: float = Field(0.5, ge=0, le=1, description="share of the teacher's forecasts (rd-l2, rd-kl)")
    temperature: float = Field(1.0, gt=0, description="of the softmax in the divergence (rd-kl)")
    alpha1: float = Field(
        0.5, ge=0, le=1, description="teacher errors above this share of the largest are followed (ord, tcd, scd, stcd)"
    )
    alpha2: float = Field(0.5, ge=0, le=1, description="spatial share of the feature terms (stcd)")
    alpha3: float = Field(0.1, ge=0, description="weight of the feature terms (tcd, scd, stcd)")
    alpha: float = Field(0.5, ge=0, le=1, description="share of what skd distills")
    error: Error = Field("absolute", description="how errors at the output count: squared or absolute")
    feature_error: Error = Field("squared", description="how differences of correlations count: squared or absolute")
    reduction: Reduction = Field("mean", description="mean over the batch, or sum as printed in the paper")
    divergence: Divergence = Field("softmax", description="softmax over sensors, or as printed in the paper (rd-kl)")
    slice_share: float = Field(
        0.1, gt=0, le=1, description="share of the time slices that spatial terms look at in a step"
    )
    lambda1: float = Field(10.0, ge=0, description="weight of the divergence between embeddings (lightst)")
    lambda2: float = Field(1.0, ge=0, description="weight of the two contrasts (lightst)")
    tau1: float = Field(1.0, gt=0, description="temperature of the divergence (lightst)")
    tau2: float = Field(0.1, gt=0, description="temperature of the spatial contrast (lightst)")
    tau3: float = Field(0.1, gt=0, description="temperature of the temporal contrast (lightst)")
    joint: bool = Field(False, description="whether the teacher trains on with its student (lightst)")
    family: str = Field("stgcn", description="kind of network; a pruned one has its source's")
    depth: int | None = Field(None, ge=1, description="layers, as the family counts them; its own where left out")
    width: int = Field(
        2, ge=1, description="channels, as the family counts them; of an STGCN c in [1, c, 2c] [2c, c, 4c]"
    )
    decoding: Literal["direct", "iterated"] = Field(
        "direct", description="direct gives all steps of the horizon at once; iterated takes one at a time"
    )
    input: Input = Field("deviation", description="deviation from the calendar, or raw readings")
    profile: ProfileKind = Field("low-rank", description="how the calendar is kept: a full table, or a low-rank one")
    keep: float = Field(0.03, gt=0, le=1, description="share of the parameters that pruning leaves")
    events: int = Field(4, ge=1, le=10**4, description="pruning events on the way there")
    criterion: str = Field("taylor", description="how channels are scored before they are cut")
    source: Literal["teacher", "base"] = Field(
        "teacher", description="what is pruned: the teacher, or the paper's base"
    )
    epochs: int = Field(
        30, ge=1, le=10**6, description="passes over the training windows; of a pruned network after its last cut"
    )
    learning_rate: float = Field(5e-3, gt=0, description="highest value of the schedule")
    batch: int = Field(25, ge=1, le=10**6, description="windows in a batch")
    segment: int = Field(
        10, ge=1, le=10**6, description="neighbouring windows that share a pass; 1 draws each for itself"
    )
    optimiser: str = Field("adam", description="adam, or tf-rmsprop as the paper trains")
    schedule: str = Field("cosine", description="how the learning rate goes over the epochs")
    gradient_norm: float = Field(1.0, ge=0, description="gradients are clipped to it; 0 leaves them")
    averaged: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the last steps of whose weights the network gets the mean; 0 keeps the last",
    )
    precision: Precision = Field("float32", description="of the factors in wide convolutions")

    @pydantic.field_validator(*TABLES)
    @classmethod
    def _has_a_row(cls, name: str, info: pydantic.ValidationInfo) -> str:
        """Refuse a name that its table does not have, with the nearest one."""
        TABLES[str(info.field_name)].choose(name)
        return name

    @classmethod
    def of(cls, params: dict[str, Any]) -> Self:
        """Check searched parameters.

        Raises:
            SpaceError: Naming the first parameter that is not there or does not fit.
        """
        try:
            return cls(**params)
        except pydantic.ValidationError as error:
            if unknown := [name for name in params if name not in cls.model_fields]:
                raise SpaceError(unknown_name("parameter", unknown[0], cls.model_fields)) from error
            raise SpaceError(f"parameter {first_mistake(error, cls, params)}") from error

    def loss_config(self) -> LossConfig:
        """Pick the loss with its weights."""
        return LossConfig(**{name: getattr(self, name) for name in LossConfig.__dataclass_fields__})

    def plan(self) -> Plan:
        """Pick the training plan."""
        return Plan(**{name: getattr(self, name) for name in Plan.__dataclass_fields__})
