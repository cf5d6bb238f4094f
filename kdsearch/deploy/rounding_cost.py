"""What fewer bits save: bytes and latency of an ONNX file beside those of the float one."""

import tempfile
from pathlib import Path
from typing import get_args

from kdsearch.deploy.card import Rounding
from kdsearch.deploy.export import export_onnx
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.measure import paired_milliseconds
from kdsearch.deploy.rounding import Numbers

__all__ = ["measured_rounding", "rounding_sentences"]

ROUNDS = 200

SLOWER = 1.1
"""From this ratio on a file is called slower; single readings differ by less."""


def measured_rounding(network: KeptNetwork, path: Path) -> Rounding:
    """Measure bytes and latency of a rounded network's file, and of the float one, which is written and removed.

    Args:
        network: The rounded network.
        path: Its ONNX file.
    """
    rounding, unrounded = network.card.rounding, network.unrounded
    assert rounding is not None
    assert unrounded is not None
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / path.name
        export_onnx(unrounded, network.card.target, whole, network.windows, network.card.metadata())
        files = whole, path
        sizes = [one.stat().st_size for one in files]
        milliseconds = paired_milliseconds(files, network.windows, batch=1, rounds=ROUNDS)
    forms = get_args(Numbers)
    return rounding.model_copy(
        update={
            "bytes": dict(zip(forms, sizes, strict=True)),
            "latency_ms": dict(zip(forms, milliseconds, strict=True)),
        }
    )


def rounding_sentences(rounding: Rounding, unit: str) -> list[str]:
    """Say what rounding changed, with a warning where the file gained nothing by it."""
    before, after = rounding.bytes["float"], rounding.bytes["int8"]
    first, second = rounding.latency_ms["float"], rounding.latency_ms["int8"]
    said = [
        f"int8: {after:,} bytes in place of {before:,}, {second:.3g} ms a forecast in place of {first:.3g}; forecasts "
        f"move by {rounding.change:.2g} {unit}".rstrip()
        + " on average"
    ]
    if after >= before:
        said.append("warning: the int8 file is not smaller than the float one; export without int8")
    if second > SLOWER * first:
        said.append(f"warning: the int8 file takes {second / first:.2f} times as long as the float one")
    return said
