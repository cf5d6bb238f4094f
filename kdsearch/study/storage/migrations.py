"""Migrations of the tables of an older kdsearch: one step for every version of the schema."""

import json
import math
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.record import TrialRecord
from kdsearch.study.storage.schema import FinalPointRow, StudyRow, TrialRow

__all__ = ["MIGRATIONS"]


def _ends_from_curves(session: Session) -> None:
    """Fill in the final points of version 1 from learning curves: version 2 compares them with running trials."""
    for study in session.scalars(select(StudyRow)):
        objectives = [
            OBJECTIVES[name] for name in json.loads(study.meta)["objectives"] if not OBJECTIVES[name].is_error
        ]
        for trial in session.scalars(select(TrialRow).where(TrialRow.study == study.study)):
            record = TrialRecord.model_validate_json(trial.record)
            values = [cost.value(record) for cost in objectives]
            errors = [point.val_mae for point in record.curve if point.val_mae is not None]
            if record.state == "COMPLETE" and errors and all(map(math.isfinite, (*values, errors[-1]))):
                costs = json.dumps(values)
                session.add(FinalPointRow(study=study.study, number=trial.number, error=errors[-1], costs=costs))


MIGRATIONS: dict[int, Callable[[Session], None]] = {1: _ends_from_curves}
"""Version of the schema -> step to the next version; missing tables have been made before."""
