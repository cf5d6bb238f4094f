"""kdsearch: how small and fast can a traffic forecaster be and still be as good as the big one?

The names below are the public ones; what is heavy is imported when it is first used. Tables, in capitals, are what
kdsearch can be extended by: each takes rows of your own by `add`.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kdsearch.errors import KdsearchError

if TYPE_CHECKING:
    from kdsearch.api import Study, compare, load_study, search
    from kdsearch.checkpoint import Checkpoint
    from kdsearch.data.load import load_series
    from kdsearch.data.protocols import PROTOCOLS, split_series
    from kdsearch.data.series import Series
    from kdsearch.deploy.study_network import StudyNetwork
    from kdsearch.distill.loss_table import LOSSES, Loss
    from kdsearch.measure.metrics import METRICS, Metric
    from kdsearch.measure.objectives import OBJECTIVES, Objective, error_objective
    from kdsearch.models.families import FAMILIES, Family
    from kdsearch.models.forecaster import ChannelGroup, Forecaster, Member
    from kdsearch.models.module import NetworkShape, module_family
    from kdsearch.pipeline.options import RunOptions
    from kdsearch.pipeline.run import run
    from kdsearch.prune.criteria import CRITERIA, Criterion
    from kdsearch.record import TrialRecord
    from kdsearch.report.comparison.model import Comparison
    from kdsearch.report.figures.catalog import FIGURES, ReportFigure
    from kdsearch.report.page.page import write_page
    from kdsearch.report.summarise import summarise
    from kdsearch.study.search.samplers import SAMPLERS, Sampler
    from kdsearch.study.search.stopping import STOPPING_RULES, StoppingRule, TrialProgress
    from kdsearch.study.space.files import load_space
    from kdsearch.study.storage.store import StudyStore
    from kdsearch.table import Table
    from kdsearch.testing import check_forecaster, check_loss
    from kdsearch.training.optimisers import OPTIMISERS
    from kdsearch.training.schedules import SCHEDULES, Schedule
    from kdsearch.trial.config import TrialConfig
    from kdsearch.trial.run import TrialRunner

# On a GPU float32 is to mean float32: by default cuDNN rounds the factors of convolutions to TF32, and a shrunk network
# then differs from the masked one by more than pruning allows. The GPU's libraries read this when they begin.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

__version__ = "0.1.0"

__all__ = [
    "CRITERIA",
    "FAMILIES",
    "FIGURES",
    "LOSSES",
    "METRICS",
    "OBJECTIVES",
    "OPTIMISERS",
    "PROTOCOLS",
    "SAMPLERS",
    "SCHEDULES",
    "STOPPING_RULES",
    "ChannelGroup",
    "Checkpoint",
    "Comparison",
    "Criterion",
    "Family",
    "Forecaster",
    "KdsearchError",
    "Loss",
    "Member",
    "Metric",
    "NetworkShape",
    "Objective",
    "ReportFigure",
    "RunOptions",
    "Sampler",
    "Schedule",
    "Series",
    "StoppingRule",
    "Study",
    "StudyNetwork",
    "StudyStore",
    "Table",
    "TrialConfig",
    "TrialProgress",
    "TrialRecord",
    "TrialRunner",
    "check_forecaster",
    "check_loss",
    "compare",
    "error_objective",
    "load_series",
    "load_space",
    "load_study",
    "module_family",
    "run",
    "search",
    "split_series",
    "summarise",
    "write_page",
]

_HOMES = {
    "CRITERIA": "prune.criteria",
    "FAMILIES": "models.families",
    "FIGURES": "report.figures.catalog",
    "LOSSES": "distill.loss_table",
    "METRICS": "measure.metrics",
    "OBJECTIVES": "measure.objectives",
    "OPTIMISERS": "training.optimisers",
    "PROTOCOLS": "data.protocols",
    "SAMPLERS": "study.search.samplers",
    "SCHEDULES": "training.schedules",
    "STOPPING_RULES": "study.search.stopping",
    "ChannelGroup": "models.forecaster",
    "Checkpoint": "checkpoint",
    "Comparison": "report.comparison.model",
    "Criterion": "prune.criteria",
    "Family": "models.families",
    "Forecaster": "models.forecaster",
    "Loss": "distill.loss_table",
    "Member": "models.forecaster",
    "Metric": "measure.metrics",
    "NetworkShape": "models.module",
    "Objective": "measure.objectives",
    "ReportFigure": "report.figures.catalog",
    "RunOptions": "pipeline.options",
    "Sampler": "study.search.samplers",
    "Schedule": "training.schedules",
    "Series": "data.series",
    "StoppingRule": "study.search.stopping",
    "Study": "api",
    "StudyNetwork": "deploy.study_network",
    "StudyStore": "study.storage.store",
    "Table": "table",
    "TrialConfig": "trial.config",
    "TrialProgress": "study.search.stopping",
    "TrialRecord": "record",
    "TrialRunner": "trial.run",
    "check_forecaster": "testing",
    "check_loss": "testing",
    "compare": "api",
    "error_objective": "measure.objectives",
    "load_series": "data.load",
    "load_space": "study.space.files",
    "load_study": "api",
    "module_family": "models.module",
    "run": "pipeline.run",
    "search": "api",
    "split_series": "data.protocols",
    "summarise": "report.summarise",
    "write_page": "report.page.page",
}


def __getattr__(name: str) -> Any:
    """Import a public name's module when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'kdsearch' has no attribute {name!r}")
    return getattr(import_module(f"kdsearch.{_HOMES[name]}"), name)
