"""Claims of a table, judged: the lines that are shown, and the same for other programs."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from kdsearch.report.verdicts import Interval, Outcome, Verdict, corrected_together
from kdsearch.reproduce.arms import Claim
from kdsearch.reproduce.results import ArmResult, claim_outcomes

__all__ = ["ClaimLine", "Judgement", "claim_lines"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Judgement(_Model):
    """Comparison of two sides by test MAE over the whole horizon, as `Outcome` describes it.

    Attributes:
        gains: Test MAE of the other side minus that of the claimed one, seed by seed; None where it is not finite.
        share: Mean gain divided by the claimed side's error; None where nothing is decided.
    """

    verdict: Verdict
    reason: str
    gains: list[float | None]
    share: float | None
    p_value: float | None
    corrected_p_value: float | None
    over_seeds: Interval | None
    over_days: Interval | None
    days: int

    @classmethod
    def of(cls, outcome: Outcome, error: float) -> Self:
        """Take an outcome, and the claimed side's error."""
        fields = {name: getattr(outcome, name) for name in cls.model_fields if name != "share"}
        gains = [gain if math.isfinite(gain) else None for gain in outcome.gains]
        return cls(**fields | {"gains": gains}, share=None if outcome.reason else outcome.mean / error)


class ClaimLine(_Model):
    """Claim at one kind of equal budget.

    Attributes:
        budget: "epochs" or "seconds" (CPU seconds of the training, the teacher's own not counted).
        judgement: What its pairs say.
    """

    claim: str
    budget: str
    judgement: Judgement


def claim_lines(claims: Sequence[Claim], results: Mapping[str, ArmResult]) -> list[ClaimLine]:
    """Judge the claims of a table together."""
    judged = corrected_together([claim_outcomes(claim, results) for claim in claims])
    lines = []
    for claim, outcomes in zip(claims, judged, strict=True):
        own = [error for name in claim.better if name in results for error in results[name].errors(claim.kind).values()]
        lines += [
            ClaimLine(claim=claim.words, budget=budget, judgement=Judgement.of(outcome, statistics.fmean(own)))
            for budget, outcome in outcomes.items()
        ]
    return lines
