"""Numbers of 8 bits for three students: test MAE, bytes and latency, with and without fine-tuning under the teacher.

Three seeds each, short trainings. Beside them the float student that trained on for as many epochs: what more training
gives without rounding. Bytes and latency depend on the architecture alone, and are those of the first seed.

python -m benchmarks.int8
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.load import load_series
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.target import Target
from kdsearch.deploy.card import Card, Rounding
from kdsearch.deploy.export import export_onnx
from kdsearch.deploy.fine_tune import trained_on
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.quantise import int8_checkpoint, quantised
from kdsearch.deploy.rounding_cost import measured_rounding
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teachers import cached_network

WIDTHS = (2, 4, 8)
SEEDS = (0, 1, 2)
EPOCHS, MORE_EPOCHS = 8, 3
TEACHER = {"family": "stid", "width": 32, "epochs": 8, "batch": 64}
STUDENT = {"family": "stid", "loss": "rd-l2", "epochs": EPOCHS, "batch": 64, "profile": "low-rank"}


def students(runner: TrialRunner, params: dict[str, Any], seed: int) -> dict[str, Checkpoint]:
    """Train a student; give it in all forms."""
    weights = runner.evaluate(params, seed)[1]
    assert weights is not None
    whole = Checkpoint.from_bytes(weights)
    more = [trained_on(whole, runner, params, seed=seed, epochs=MORE_EPOCHS, rounded=one) for one in (False, True)]
    return {
        "float": whole,
        "int8": int8_checkpoint(whole),
        "float, trained on": more[0],
        "int8, trained on": int8_checkpoint(more[0]),
        "int8, fine-tuned": int8_checkpoint(more[1]),
    }


def cost(checkpoint: Checkpoint, series: SplitSeries) -> Rounding:
    """Measure bytes and latency of the ONNX files."""
    card = Card(
        study="benchmark", network="student", family="stid", dataset=series.source.name, data_hash="",
        protocol=series.protocol.name, protocol_hash="", protocol_text="", weights=0, stored_numbers=0, kdsearch="",
        target=Target.of(series),
    )  # fmt: skip
    rounded = quantised(KeptNetwork(checkpoint, card, ExampleWindows.of(series)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(rounded.checkpoint, card.target, path, rounded.windows, rounded.card.metadata(), rounded=True)
        return measured_rounding(rounded, path)


def main() -> None:
    """Print the table."""
    series = split_series(load_series("pemsd8"), PROTOCOLS["six-two-two"])
    teacher = cached_network(series, TrialConfig.of(TEACHER), 0, training_threads=1)[0]
    runner = TrialRunner(series, teacher)
    for width in WIDTHS:
        params = STUDENT | {"width": width}
        made = [students(runner, params, seed) for seed in SEEDS]
        saved = cost(made[0]["float"], series)
        size, time = saved.bytes, saved.latency_ms
        print(
            f"STID, width {width}: {size['float']:,} -> {size['int8']:,} bytes, "
            f"{time['float']:.3f} -> {time['int8']:.3f} ms",
            flush=True,
        )
        for form in made[0]:
            errors = [runner.checkpoint_scores(one[form], "test").metrics["test"]["mae"]["all"] for one in made]
            listed = ", ".join(f"{error:.3f}" for error in errors)
            print(f"  {form:18} test MAE {statistics.mean(errors):.3f} ({listed})", flush=True)


if __name__ == "__main__":
    main()
