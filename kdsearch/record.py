"""Records of trials, trainings and baselines: workers return them, the store keeps and the report reads them.

Nothing here needs torch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, computed_field, model_validator

from kdsearch.breakdown import Breakdown
from kdsearch.costs import Cost, Pace
from kdsearch.origin import Origin

__all__ = [
    "OTHER_READINGS",
    "Baseline",
    "Confirmation",
    "CurvePoint",
    "DayErrors",
    "FinalPoint",
    "Metrics",
    "Readings",
    "Role",
    "ShouldContinue",
    "Training",
    "TrainingKind",
    "TrialRecord",
    "never_stop",
    "of_role",
]


def _minutes(text: str) -> str:
    if text != "all" and not text.isdecimal():
        raise ValueError("is no horizon in minutes")
    return text


Metrics = dict[str, dict[str, dict[Annotated[str, AfterValidator(_minutes)], float]]]
"""split ("val", "test") -> metric ("mae", "rmse", "mape", "wape") -> horizon in minutes ("15", ..., "all") -> value.

"all" pools every step of the horizon, not the reported ones alone; trials are ranked by it. Where the source filled
readings in, `OTHER_READINGS` name two more splits, in which the other readings count.
"""

Readings = Literal["measured", "published"]

OTHER_READINGS: dict[Readings, Readings] = {"published": "measured", "measured": "published"}

"""Readings that a protocol counts -> the others, whose errors are kept as those of the split "test-published"."""

DayErrors = dict[str, dict[str, tuple[float, float]]]
"""Horizon in minutes, or "all" -> day of the test split -> sum of absolute errors, and number of readings."""


class CurvePoint(BaseModel):
    """Point of the learning curve; CPU seconds count from the beginning of the trial.

    Attributes:
        val_errors: Metric -> error on the validation split over all steps; empty where the epoch was not validated.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int
    phase: str
    cpu_seconds: float
    train_loss: float
    val_errors: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _of_mae_alone(cls, fields: Any) -> Any:
        """Take the MAE, which is all that studies of kdsearch 0.1 kept."""
        if not isinstance(fields, dict) or fields.get("val_errors") or fields.get("val_mae") is None:
            return fields
        return fields | {"val_errors": {"mae": fields["val_mae"]}}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def val_mae(self) -> float | None:
        """Validation MAE; None where the epoch was not validated."""
        return self.val_errors.get("mae")


class TrialRecord(BaseModel):
    """Record of a trial: everything but its weights, which the store keeps beside it.

    `params` are the searched parameters exactly as the space gave them; with them, `seed` reproduces the trial.
    `baseline` is the name of the baseline that it is, where its network was trained beside the search.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["COMPLETE", "PRUNED", "FAIL"]
    reason: str | None = None
    route: str
    params: dict[str, Any]
    seed: int
    metrics: Metrics = Field(default_factory=dict)
    cost: Cost | None = None
    shrink_error: float | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    curve: list[CurvePoint] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    data_hash: str = ""
    protocol_hash: str = ""
    teacher_hash: str | None = None
    baseline: str | None = None


ShouldContinue = Callable[[TrialRecord, float], bool]
"""Decides during a trial whether it goes on. It takes the record to keep if the trial stops, and the share of the
trial's epochs that are done: 0 before training, when the cost is known. Before a network is pruned, the epochs after
pruning count among those to come; once it is pruned, they alone count."""


def never_stop(record: TrialRecord, share: float) -> bool:  # noqa: ARG001
    """Let every training go on to its end."""
    return True


Role = Literal["teacher", "candidate", "answers", "base", "undistilled", "naive"]
"""Role of a baseline: the teacher; a candidate for it that does not teach; forecasts from a file, which teach; the
paper's base; a small network trained without a teacher (STID); no network."""

_ROLES: dict[str, Role] = {"teacher": "teacher", "base": "base", "STID": "undistilled"}

"""Roles by name for studies that kept none; their other baselines are the last value and the calendar profile."""


class Baseline(BaseModel):
    """Baseline to compare trials with: the last value, the calendar profile alone, a STID, the base, the teacher.

    Attributes:
        name: Name, such as "last value".
        role: Role among the baselines.
        metrics: Errors on the validation split, and on the test split once the front is confirmed.
        days: Errors of each day of the test split.
        breakdown: Of a network on the test split; None before the front is confirmed, and in an older study.
        cost: Cost; None where nothing runs (last value).
        note: Note for the reader, such as the family.
        origin: Where its network was trained; None where there is no network, or an older study did not keep it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    metrics: Metrics
    days: DayErrors = Field(default_factory=dict)
    breakdown: Breakdown | None = None
    cost: Cost | None = None
    note: str = ""
    origin: Origin | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, values: Any) -> Any:
        """Derive the role of a baseline from its name, where a study kept no role."""
        if not isinstance(values, dict) or "role" in values:
            return values
        return values | {"role": _ROLES.get(str(values.get("name")), "naive")}

    @property
    def is_network(self) -> bool:
        """True for a network, which was trained and runs."""
        return self.role not in {"naive", "answers"}


def of_role(baselines: Iterable[Baseline], role: Role) -> Baseline | None:
    """Find the first baseline of a role; None where there is none."""
    return next((one for one in baselines if one.role == role), None)


TrainingKind = Literal["own", "further", "twin", "cpu-twin"]


class Training(BaseModel):
    """Training of a network of the front.

    Attributes:
        number: The trial's number in its study.
        seed: Seed of this training.
        kind: "own" is the search's, "further" the same with another seed; "twin" has no teacher in the loss and trains
            for the same epochs, "cpu-twin" has none either and trains for the same CPU seconds.
        epochs: Number of epochs; None where an older study did not keep it.
        seconds: CPU seconds by phase, as in `TrialRecord`.
        metrics: Errors on the validation and test splits; only the confirmation scores the test split.
        days: Errors of each day of the test split; empty where an older study did not keep them.
        reason: Why it gave no network.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    seed: int
    kind: TrainingKind
    epochs: int | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    metrics: Metrics = Field(default_factory=dict)
    days: DayErrors = Field(default_factory=dict)
    reason: str | None = None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of training, pruning and fine-tuning, without measuring and the teacher's own training."""
        return sum(spent for phase, spent in self.seconds.items() if phase != "measure")


class Confirmation(BaseModel):
    """Confirmation of a candidate of the front.

    Attributes:
        number: The trial's number in its study.
        asked_seeds: Number of seeds that were asked for.
        trainings: One training of each kind for each of these seeds, failed ones with their reason. A network that is
            not distilled has no twins; a twin of the same epochs that takes the same CPU seconds is there as both.
        cost: Cost of the trial's own network, measured in alternation with the teacher.
        breakdown: Of the trial's own network on the test split; None where an older study did not keep it.
        pace: Pace of the machine meanwhile; None where an older study did not keep it.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    asked_seeds: int = 1
    trainings: list[Training]
    cost: Cost
    breakdown: Breakdown | None = None
    pace: Pace | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_older_study(cls, values: Any) -> Any:
        """Make trainings of kdsearch 0.1's lists: errors by seed, the trial's own first, and of equal-epoch twins."""
        if not isinstance(values, dict) or "trainings" in values or "seeds" not in values:
            return values
        values = dict(values)
        seeds, metrics, twins = values.pop("seeds"), values.pop("metrics"), values.pop("twin_metrics", [])
        kinds = ["own", *["further"] * (len(seeds) - 1), *["twin"] * len(twins)]
        return values | {
            "trainings": [
                {"number": values["number"], "seed": seed, "kind": kind, "metrics": errors}
                for seed, kind, errors in zip([*seeds, *seeds], kinds, [*metrics, *twins], strict=False)
            ]
        }

    @model_validator(mode="after")
    def _has_a_network(self) -> Self:
        if not self.trained("own", "further"):
            raise ValueError("holds no network")
        return self

    def trained(self, *kinds: TrainingKind) -> list[Training]:
        """List the trainings of these kinds that gave a network, in the order of seeds."""
        return [training for training in self.trainings if training.kind in kinds and training.reason is None]

    @property
    def failed(self) -> list[Training]:
        """Trainings that gave no network."""
        return [training for training in self.trainings if training.reason is not None]


@dataclass(frozen=True)
class FinalPoint:
    """Final point of a trial that came to its end.

    Attributes:
        number: The trial's number in its study.
        error: The study's first error objective.
        costs: Its cost objectives, in the study's order; empty where the study has none.
    """

    number: int
    error: float
    costs: tuple[float, ...]
