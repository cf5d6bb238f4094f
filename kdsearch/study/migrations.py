"""How the tables of an older kdsearch become those of this one: a step for every version of the schema."""

import json
import math
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kdsearch.record import CurvePoint, TrialRecord
from kdsearch.study.objectives import OBJECTIVES
from kdsearch.study.stopping import EIGHTHS
from kdsearch.study.tables import RungRow, StudyRow, TrialRow

__all__ = ["MIGRATIONS"]


def _rungs_from_curves(session: Session) -> None:
    """Version 2 stops trials early: finished ones of version 1 passed the rungs too, as their curves show."""
    for study in session.scalars(select(StudyRow)):
        costs = [OBJECTIVES[name] for name in json.loads(study.meta)["objectives"] if not OBJECTIVES[name].is_error]
        for trial in session.scalars(select(TrialRow).where(TrialRow.study == study.study)):
            record = TrialRecord.model_validate_json(trial.record)
            values = [cost.read(record) for cost in costs]
            if record.state != "COMPLETE" or not all(map(math.isfinite, values)):
                continue
            for eighth, error in _errors_at_rungs(record.curve).items():
                session.add(
                    RungRow(
                        study=study.study, eighth=eighth, number=trial.number, error=error, costs=json.dumps(values)
                    )
                )


def _errors_at_rungs(curve: list[CurvePoint]) -> dict[int, float]:
    """Validation errors of the last training at the first validation past each rung, and before the next one."""
    last = [point for point in curve if point.phase == curve[-1].phase]
    found: dict[int, float] = {}
    for eighth, beyond in zip(EIGHTHS, (*EIGHTHS[1:], 8), strict=True):
        for point in last:
            share = 8 * point.epoch / last[-1].epoch
            if point.val_mae is not None and math.isfinite(point.val_mae) and eighth <= share < beyond:
                found.setdefault(eighth, point.val_mae)
    return found


MIGRATIONS: dict[int, Callable[[Session], None]] = {1: _rungs_from_curves}
"""Version of the schema -> what makes the next one of it; tables that are missing are there already."""
