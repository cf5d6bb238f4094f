"""Training on with rounded weights: less is lost by rounding, and the better network is kept."""

from pathlib import Path

import numpy as np
import pytest

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.target import Target
from kdsearch.deploy import fine_tune, quantise
from kdsearch.deploy.card import Card
from kdsearch.deploy.fine_tune import fine_tuned
from kdsearch.deploy.folder import write_folder
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teachers import cached_network

PARAMS = {"family": "stgcn", "width": 2, "loss": "rd-l2", "decoding": "direct", "epochs": 4, "batch": 50}


@pytest.fixture(scope="module")
def runner(series: SplitSeries) -> TrialRunner:
    config = TrialConfig.of({"loss": "none", "width": 4, "epochs": 2, "decoding": "direct"})
    return TrialRunner(series, cached_network(series, config, 0, training_threads=1)[0])


@pytest.fixture(scope="module", params=[PARAMS, PARAMS | {"family": "stid", "width": 4}], ids=["stgcn", "stid"])
def trial(runner: TrialRunner, request: pytest.FixtureRequest) -> tuple[dict[str, object], KeptNetwork]:
    """A trained student as a study keeps it."""
    record, weights = runner.evaluate(request.param, seed=0)
    assert weights is not None
    series = runner.series
    card = Card(
        study="ring", network="trial 7", family=request.param["family"], dataset="ring", data_hash="0", protocol="own",
        protocol_hash="1", protocol_text="12 in", weights=3, stored_numbers=4, metrics=record.metrics, kdsearch="0.1",
        target=Target.of(series),
    )  # fmt: skip
    return request.param, KeptNetwork(Checkpoint.from_bytes(weights), card, ExampleWindows.of(series))


def test_fine_tuning_wins_back_what_few_levels_lose(
    runner: TrialRunner, trial: tuple[dict[str, object], KeptNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 3 levels in place of 255, so that there is something to win."""
    params, network = trial
    monkeypatch.setattr(quantise, "WEIGHT_LEVELS", 1)
    monkeypatch.setattr(fine_tune, "WEIGHT_LEVELS", 1)
    rounding = fine_tuned(network, runner, params, seed=0, epochs=4).card.rounding
    assert rounding is not None
    before, rounded, tuned = (rounding.val_mae[name] for name in ("float", "int8", "int8, fine-tuned"))
    assert rounded > 1.05 * before
    assert tuned - before < 0.7 * (rounded - before)


def test_the_better_network_is_kept_with_its_errors_and_bounds(
    runner: TrialRunner, trial: tuple[dict[str, object], KeptNetwork], tmp_path: Path
) -> None:
    params, network = trial
    made = fine_tuned(network, runner, params, seed=0, epochs=1)
    card = made.card
    assert (card.numbers, card.rounding is not None) == ("int8", True)
    assert card.rounding is not None
    assert card.rounding.val_mae["float"] == network.card.metrics["val"]["mae"]["all"]
    kept = min(card.rounding.val_mae["int8"], card.rounding.val_mae["int8, fine-tuned"])
    assert card.metrics["val"]["mae"]["all"] == kept
    assert runner.checkpoint_scores(made.checkpoint, "val").metrics["val"] == card.metrics["val"]
    assert "test" in card.metrics
    for name, value in quantise.int8_checkpoint(made.checkpoint).state.items():
        np.testing.assert_allclose(made.checkpoint.state[name], value, rtol=1e-6)
    assert made.checkpoint.bounds is not None
    assert network.checkpoint.bounds is not None
    assert not np.array_equal(made.checkpoint.bounds.by_sensor, network.checkpoint.bounds.by_sensor)
    write_folder(made, tmp_path, ["c"])
    assert "one epoch of fine-tuning" in (tmp_path / "card.md").read_text()
