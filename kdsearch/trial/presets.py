"""Named ways to train; loads no torch, so that help texts can list them."""

from typing import Any

from kdsearch.errors import SpaceError
from kdsearch.table import unknown_name

__all__ = ["PRESETS", "preset_values"]

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


def preset_values(name: str) -> dict[str, Any]:
    """Give what a preset fixes: parameter -> value.

    Raises:
        SpaceError: Where there is no preset of that name.
    """
    if name not in PRESETS:
        raise SpaceError(unknown_name("preset", name, PRESETS))
    return PRESETS[name]
