"""kdsearch: the search for traffic forecasters that are small, fast and as good as the big one.

The names below are the public ones; heavy modules are imported at first use.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kdsearch.errors import KdsearchError

if TYPE_CHECKING:
    from kdsearch.checkpoint import Checkpoint
    from kdsearch.data.load import load_series
    from kdsearch.data.protocols import PROTOCOLS, split_series
    from kdsearch.data.series import Series
    from kdsearch.pipeline.options import RunOptions
    from kdsearch.pipeline.run import run
    from kdsearch.record import TrialRecord
    from kdsearch.report.page.page import write_page
    from kdsearch.report.summarise import summarise
    from kdsearch.study.space.files import load_space
    from kdsearch.study.storage.store import StudyStore
    from kdsearch.trial.config import TrialConfig
    from kdsearch.trial.run import TrialRunner

# On a GPU float32 must mean float32: by default cuDNN rounds the factors of convolutions to TF32, and a shrunk network
# then differs from the masked one by more than pruning allows. The GPU's libraries read this when they start.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

__version__ = "0.1.0"

__all__ = [
    "PROTOCOLS",
    "Checkpoint",
    "KdsearchError",
    "RunOptions",
    "Series",
    "StudyStore",
    "TrialConfig",
    "TrialRecord",
    "TrialRunner",
    "load_series",
    "load_space",
    "run",
    "split_series",
    "summarise",
    "write_page",
]

_HOMES = {
    "PROTOCOLS": "data.protocols",
    "TrialRunner": "trial.run",
    "Checkpoint": "checkpoint",
    "RunOptions": "pipeline.options",
    "Series": "data.series",
    "StudyStore": "study.storage.store",
    "TrialConfig": "trial.config",
    "TrialRecord": "record",
    "load_series": "data.load",
    "load_space": "study.space.files",
    "split_series": "data.protocols",
    "run": "pipeline.run",
    "summarise": "report.summarise",
    "write_page": "report.page.page",
}


def __getattr__(name: str) -> Any:
    """Import a public name's module when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'kdsearch' has no attribute {name!r}")
    return getattr(import_module(f"kdsearch.{_HOMES[name]}"), name)
