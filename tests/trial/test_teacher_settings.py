"""What a study asks of its teacher, whatever the machine."""

from typing import Any

import pytest
import torch

from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.testing import ring_road
from kdsearch.trial.teacher_settings import asked_key, teacher_config


def test_a_teacher_is_asked_alike_on_every_machine(series: SplitSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other cores, another processor and another torch, and where a default is written out."""
    before = asked_key(series, "best", {}, 0)
    precision = teacher_config(series, "best", {}).precision
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: not native)
    monkeypatch.setattr("os.cpu_count", lambda: 96)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(96)), raising=False)
    monkeypatch.setattr(torch, "__version__", "9.9")
    assert teacher_config(series, "best", {}).precision != precision
    assert asked_key(series, "best", {}, 0) == before
    assert asked_key(series, "best", {"width": 32, "decoding": "direct"}, 0) == before


@pytest.mark.parametrize(
    ("preset", "settings", "seed"),
    [
        ("paper", {}, 0),
        ("best", {"width": 31}, 0),
        ("best", {"precision": "float32"}, 0),
        ("best", {"precision": "bfloat16"}, 0),
        ("best", {}, 1),
    ],
)
def test_another_teacher_is_asked_otherwise(
    preset: str, settings: dict[str, Any], seed: int, series: SplitSeries
) -> None:
    """A precision counts where the user gave it."""
    assert asked_key(series, preset, settings, seed) != asked_key(series, "best", {}, 0)


def test_other_data_and_another_protocol_ask_for_another_teacher(series: SplitSeries) -> None:
    others = [split_series(ring_road(seed=7), series.protocol), split_series(series.source, PROTOCOLS["six-two-two"])]
    assert len({asked_key(one, "best", {}, 0) for one in (series, *others)}) == 3
