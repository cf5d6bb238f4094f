"""Numbers of 8 bits for three networks of a study's front: test MAE, bytes and latency, fine-tuned or not.

The least of the front in its first cost, the knee and the one of least error are trained again with three seeds, by
their own settings and under the study's teacher. Beside them the float network that trained on for as many epochs: what
more training gives without rounding. Bytes and latency are those of the study's own networks.

KDSEARCH_DATA=FOLDER python -m benchmarks.int8 STUDY [--studies FOLDER] [--epochs 3]
"""

import argparse
import statistics
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from kdsearch.checkpoint import Checkpoint
from kdsearch.deploy.card import Rounding
from kdsearch.deploy.export import export_onnx
from kdsearch.deploy.fine_tune import trained_on
from kdsearch.deploy.kept import KeptNetwork, kept_network
from kdsearch.deploy.quantise import int8_checkpoint, quantised
from kdsearch.deploy.rounding_cost import measured_rounding
from kdsearch.pipeline.again import runner_again
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.listing import find_study
from kdsearch.trial.run import TrialRunner

SEEDS = (0, 1, 2)


def forms(runner: TrialRunner, params: dict[str, Any], seed: int, epochs: int) -> dict[str, Checkpoint]:
    """Train a network; give it in all forms."""
    weights = runner.evaluate(params, seed)[1]
    assert weights is not None
    whole = Checkpoint.from_bytes(weights)
    more = [trained_on(whole, runner, params, seed=seed, epochs=epochs, rounded=one) for one in (False, True)]
    return {
        "float": whole,
        "int8": int8_checkpoint(whole),
        "float, trained on": more[0],
        "int8, trained on": int8_checkpoint(more[0]),
        "int8, fine-tuned": int8_checkpoint(more[1]),
    }


def cost(network: KeptNetwork) -> Rounding:
    """Measure bytes and latency of the ONNX files."""
    rounded = quantised(network)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(
            rounded.checkpoint, rounded.card.target, path, rounded.windows, rounded.card.metadata(), rounded=True
        )
        return measured_rounding(rounded, path)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study")
    parser.add_argument("--studies", type=Path, default=Path("studies"))
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    with closing(find_study(options.study, options.studies, None)) as store:
        summary, runner = summarise(store), runner_again(store)
        front = summary.front_trials
        costs = [name for name in front[0].objectives if name not in {"mae", "rmse", "mape", "wape"}]
        smallest = min(front, key=lambda trial: trial.objectives[costs[0]])
        networks = {trial.number: trial for trial in (smallest, summary.chosen or front[0], front[0])}
        for number, trial in networks.items():
            kept = kept_network(store, number)
            made = [forms(runner, trial.params, seed, options.epochs) for seed in SEEDS]
            saved = cost(kept)
            size, time = saved.bytes, saved.latency_ms
            print(
                f"trial {number}, {kept.card.family}, {kept.card.weights:,} weights, loss {trial.params['loss']}: "
                f"{size['float']:,} -> {size['int8']:,} bytes, {time['float']:.3f} -> {time['int8']:.3f} ms",
                flush=True,
            )
            for form in made[0]:
                errors = [runner.checkpoint_scores(one[form], "test").metrics["test"]["mae"]["all"] for one in made]
                listed = ", ".join(f"{error:.3f}" for error in errors)
                print(f"  {form:18} test MAE {statistics.mean(errors):.3f} ({listed})", flush=True)


if __name__ == "__main__":
    main()
