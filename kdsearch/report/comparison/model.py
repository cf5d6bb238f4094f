"""What a comparison of studies holds: `kdsearch compare --json` prints it, and its tables and page show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from kdsearch.measure.metrics import METRICS
from kdsearch.report.verdicts import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ComparedNetwork", "ComparedStudy", "Comparison", "Difference", "FrontPoint", "Setting"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class FrontPoint(_Model):
    """One network on a study's front of validation error and one cost."""

    trial: int
    cost: float
    error: float


class ComparedNetwork(_Model):
    """A network of a study's front, or its teacher.

    Attributes:
        study: Letter of the study.
        names: What it is: "knee", "best" (least error of the front), both, neither, or "teacher".
        trial: Its number; None for the teacher.
        validation: Error of the search's seed; None where it is not known.
        test: Mean over the seeds of the confirmation; None without one.
        standard_deviation: Of `test` over seeds; None with one seed.
        seeds: Training seeds of `test`.
        costs: Objective -> cost, those that are known.
    """

    study: str
    names: list[str]
    trial: int | None
    validation: float | None
    test: float | None
    standard_deviation: float | None
    seeds: list[int]
    costs: dict[str, float]


class ComparedStudy(_Model):
    """One of the studies.

    Attributes:
        letter: What tables call it: A, B, ...
        trials: State -> number of trials.
        cpu_seconds: What its trials spent.
        hypervolume: Of its front below the common reference point; None without one.
        fronts: Cost -> networks inside the study's limits that no other betters in error and this cost, the cheapest
            first.
        teacher: Cost -> cost and validation error of its teacher, where they are known.
    """

    letter: str
    study: str
    begun: str
    command: str
    trials: dict[str, int]
    cpu_seconds: float
    hypervolume: float | None
    fronts: dict[str, list[FrontPoint]]
    teacher: dict[str, tuple[float, float]] = Field(default_factory=dict)


class Difference(_Model):
    """Test error of a network of one study minus that of a network of another, paired by seed and by day.

    Attributes:
        studies: Letters of the one and the other.
        network: Which network of both: "knee", "best", or "knee, best".
        trials: Their numbers.
        seeds: Training seeds that both have.
        mean: Over these seeds; below 0 where the one errs less. None where nothing can be paired.
        over_seeds: 95 % interval by Student's t; None where the seeds decide nothing.
        over_days: 95 % interval by a bootstrap over days of the test split; None where they are not known.
        days: Number of days.
        p_value: Of Student's t, two-sided, after Holm's correction; None where nothing is decided.
        verdict: In words: "A errs less", "within noise", "the same", "not decided" or "not paired".
        reason: Why nothing is decided or paired; "" otherwise.
    """

    studies: tuple[str, str]
    network: str
    trials: tuple[int | None, int | None]
    seeds: list[int]
    mean: float | None
    over_seeds: Interval | None
    over_days: Interval | None
    days: int
    p_value: float | None
    verdict: str
    reason: str

    @property
    def words(self) -> str:
        """The verdict with its reason."""
        return f"{self.verdict}: {self.reason}" if self.reason else self.verdict


class Setting(_Model):
    """A setting in which the studies differ: its value in each of them, in their order."""

    name: str
    values: list[str]


class Comparison(_Model):
    """Several studies of one protocol and data.

    Attributes:
        unit: Unit of the readings; "" where no study kept it.
        metric: The error that is compared: the first objective of all that is an error, MAE where none is.
        objectives: Those that all studies minimised.
        costs: Horizontal axes of the fronts: the common objectives that are costs, the parameters where none is.
        reference_point: Where hypervolume is measured from, one value for each objective; None without one.
        studies: In the order in which they were named.
        networks: The front's networks and the teacher of each study.
        differences: Between the chosen networks of each two studies.
        settings: In which the studies differ.
        answer: What the comparison says, in a sentence or two.
        notes: Sentences that a reader should see with the numbers.
    """

    dataset: str
    protocol: str
    protocol_text: str
    unit: str
    metric: str
    objectives: list[str]
    costs: list[str]
    reference_point: list[float] | None
    studies: list[ComparedStudy]
    networks: list[ComparedNetwork]
    differences: list[Difference]
    settings: list[Setting]
    answer: str
    notes: list[str]

    def __repr__(self) -> str:
        names = ", ".join(f"{one.letter} {one.study}" for one in self.studies)
        return f"<comparison on {self.dataset}: {names}; {self.answer}>"

    __str__ = __repr__

    @property
    def error_unit(self) -> str:
        """Unit of the error that is compared, its own or that of the readings."""
        return METRICS[self.metric].unit or self.unit

    @property
    def error_title(self) -> str:
        """The error with its unit: "MAE, mph"."""
        return f"{self.metric.upper()}, {self.error_unit}" if self.error_unit else self.metric.upper()

    @property
    def frame(self) -> pd.DataFrame:
        """The networks as a table of pandas, a row for each."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and only this needs it

        by_letter = {one.letter: one for one in self.studies}
        costs = list(dict.fromkeys(name for one in self.networks for name in one.costs))
        rows = [
            {
                "letter": one.study,
                "study": by_letter[one.study].study,
                "hypervolume": by_letter[one.study].hypervolume,
                "network": ", ".join(one.names) or "front",
                "trial": one.trial,
                f"val_{self.metric}": one.validation,
                f"test_{self.metric}": one.test,
                f"test_{self.metric}_std": one.standard_deviation,
                "seeds": len(one.seeds),
                **{name: one.costs.get(name) for name in costs},
            }
            for one in self.networks
        ]
        return pd.DataFrame(rows).astype({"trial": "Int64"}) if rows else pd.DataFrame()
