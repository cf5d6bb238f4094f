"""What a run asks of its teacher and of the networks beside it."""

import hashlib
import json
from typing import Any

import torch

from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.errors import SpaceError
from kdsearch.extensions import loaded_extensions
from kdsearch.models import FAMILIES
from kdsearch.models.precision import Precision
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.presets import preset_values

__all__ = [
    "BASE_WIDTH",
    "STID",
    "TEACHER_WIDTH",
    "asked_key",
    "hash_of",
    "hashes_of_data",
    "hashes_of_own_code",
    "teacher_config",
]

TEACHER_WIDTH = 32
BASE_WIDTH = 8
TEACHER_EPOCHS = 12

STID: dict[str, Any] = {"family": "stid", "width": 16, "epochs": 40, "learning_rate": 2e-3, "batch": 64}
"""Baseline that a distilled student of its size, 3 % of an STGCN teacher's parameters, has to beat. It sees deviations
from the calendar profile, with which it errs by a tenth less than on raw readings, which it sees as published."""


def teacher_config(series: SplitSeries, preset: str, settings: dict[str, Any]) -> TrialConfig:
    """Compose the configuration of a teacher or base, with the processor's precision where none is asked for.

    Raises:
        SpaceError: Where there is no such preset or setting.
    """
    return TrialConfig.of({"precision": fast_precision()} | _asked(series, preset, settings))


def _asked(series: SplitSeries, preset: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Compose what is asked of a teacher or base: defaults, then those of a preset, then particular settings."""
    defaults = {"width": TEACHER_WIDTH, "epochs": TEACHER_EPOCHS, "learning_rate": 2e-3, "batch": 50}
    if misplaced := {"route", "loss"} & set(settings):
        raise SpaceError(f"a teacher is trained plainly; take {misplaced.pop()!r} out of its settings")
    plain = {"route": "student", "loss": "none", "profile": profile_kind(series)}
    return defaults | plain | preset_values(preset) | settings


def asked_key(series: SplitSeries, preset: str, settings: dict[str, Any], seed: int) -> str:
    """Hash what is asked of a teacher: data, protocol, settings, seed, and the user's code where the family is theirs.

    It is the same on every machine and in every version, so that a study that keeps its teacher goes on anywhere.
    """
    asked = _asked(series, preset, settings)
    config = TrialConfig.of(asked)
    chosen = config.model_dump(exclude_defaults=True)  # a later version may add settings
    if "precision" in asked:
        chosen["precision"] = config.precision
    return hash_of(*hashes_of_data(series), chosen, seed, *hashes_of_own_code(config))


def hash_of(*identity: Any) -> str:
    """Hash plain values: 24 hexadecimal digits."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]


def hashes_of_data(series: SplitSeries) -> tuple[str, str]:
    """Give the hashes of data and protocol."""
    return series.source.content_hash, series.protocol.hash


def hashes_of_own_code(config: TrialConfig) -> list[str]:
    """List the hashes of the user's code where the family is not kdsearch's."""
    return [] if FAMILIES.ships(config.family) else [one.hash for one in loaded_extensions()]


def fast_precision() -> Precision:
    """Choose the fastest precision of this processor that does a teacher no harm (`benchmarks/README.md`)."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"
