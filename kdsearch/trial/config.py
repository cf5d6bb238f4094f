"""The parameters of a trial: their defaults, their limits, and named ways to train."""

from typing import Any, Literal, Self

import pydantic

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

__all__ = ["PRESETS", "TABLES", "TrialConfig"]

TABLES: dict[str, Table[Any]] = {
    "loss": LOSSES,
    "family": FAMILIES,
    "criterion": CRITERIA,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
}
"""Parameters whose values are names of a table, to which users add rows."""

PRESETS: dict[str, dict[str, Any]] = {
    "best": {},
    "paper": {
        "decoding": "iterated",
        "input": "raw",
        "error": "squared",
        "reduction": "sum",
        "segment": 1,
        "optimiser": "tf-rmsprop",
        "schedule": "staircase",
        "learning_rate": 1e-3,
        "batch": 50,
        "gradient_norm": 0.0,
        "precision": "float32",
        "epochs": 50,
    },
}
"""Named ways to train. "best" is what gave the least error here: the defaults of `TrialConfig`. "paper" is that of
STGCN's original code, which Izadi et al. follow: raw readings, random windows, one-step loss summed over batch and
nodes (the original halves the sum, which its RMSProp nearly cancels), iterated decoding, no clipping, staircase, 50
epochs."""


class TrialConfig(pydantic.BaseModel):
    """A trial's parameters with the defaults of the best known recipe; unknown names and values are refused.

    Attributes:
        route: "student" trains a fresh small network, "prune" cuts down a trained one (Algorithm 1), "student-prune"
            trains a fresh network for half of the epochs, then cuts and trains it for the other half.
        family: Of a fresh network; a pruned one has its source's.
        width: Channels of a fresh network, as its family counts them: of an STGCN c in `[1, c, 2c] [2c, c, 4c]`.
        depth: Layers of a fresh network, as its family counts them; the family's own where None.
        decoding: Of a fresh network; a pruned one has its source's, and its input.
        keep: Share of the source's parameters that pruning leaves.
        events: Pruning events on the way there.
        source: What "prune" starts from.
        epochs: Of training, or of fine-tuning after the last event.
        segment: Consecutive windows that share a pass in training.

    The others are those of `LossConfig`, `Plan` and `fit_profile`.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    route: Literal["student", "prune", "student-prune"] = "student"
    loss: str = "none"
    beta: float = pydantic.Field(0.5, ge=0, le=1)
    temperature: float = pydantic.Field(1.0, gt=0)
    alpha1: float = pydantic.Field(0.5, ge=0, le=1)
    alpha2: float = pydantic.Field(0.5, ge=0, le=1)
    alpha3: float = pydantic.Field(0.1, ge=0)
    alpha: float = pydantic.Field(0.5, ge=0, le=1)
    error: Error = "absolute"
    feature_error: Error = "squared"
    reduction: Reduction = "mean"
    divergence: Divergence = "softmax"
    slice_share: float = pydantic.Field(0.1, gt=0, le=1)
    lambda1: float = pydantic.Field(10.0, ge=0)
    lambda2: float = pydantic.Field(1.0, ge=0)
    tau1: float = pydantic.Field(1.0, gt=0)
    tau2: float = pydantic.Field(0.1, gt=0)
    tau3: float = pydantic.Field(0.1, gt=0)
    joint: bool = False
    family: str = "stgcn"
    depth: int | None = pydantic.Field(None, ge=1)
    width: int = pydantic.Field(2, ge=1)
    decoding: Literal["direct", "iterated"] = "direct"
    input: Input = "deviation"
    profile: ProfileKind = "low-rank"
    keep: float = pydantic.Field(0.03, gt=0, le=1)
    events: int = pydantic.Field(4, ge=1)
    criterion: str = "taylor"
    source: Literal["teacher", "base"] = "teacher"
    epochs: int = pydantic.Field(30, ge=1)
    learning_rate: float = pydantic.Field(5e-3, gt=0)
    batch: int = pydantic.Field(25, ge=1)
    segment: int = pydantic.Field(10, ge=1)
    optimiser: str = "adam"
    schedule: str = "cosine"
    gradient_norm: float = pydantic.Field(1.0, ge=0)
    precision: Precision = "float32"

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
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                raise SpaceError(unknown_name("parameter", name, cls.model_fields)) from None
            raise SpaceError(f"parameter {name} = {params.get(name)!r} does not fit: {first['msg']}") from None

    def loss_config(self) -> LossConfig:
        """The loss with its weights."""
        return LossConfig(**{name: getattr(self, name) for name in LossConfig.__dataclass_fields__})

    def plan(self) -> Plan:
        """How to train."""
        return Plan(**{name: getattr(self, name) for name in Plan.__dataclass_fields__})
