"""How long a training will take, foreseen from its first steps."""

import pytest
import torch

from kdsearch.data.protocols import SplitSeries
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.foreseen import Foreseen, foreseen_training


@pytest.mark.parametrize(("seconds", "epochs"), [(0.0, 0), (10.0, 0), (12.0, 1), (31.9, 10), (32.0, 11)])
def test_epochs_fit_beside_the_scores(seconds: float, epochs: int) -> None:
    foreseen = Foreseen(epoch_seconds=2.0, scoring_seconds=10.0, threads=1)
    assert foreseen.epochs_within(seconds) == epochs
    assert foreseen.seconds(epochs) <= max(seconds, 10.0)


@pytest.mark.parametrize("family", ["stid", "stgcn"])
def test_more_epochs_are_foreseen_to_take_longer(series: SplitSeries, family: str) -> None:
    """In proportion, beside the scores; nothing of the caller's generator is used up."""
    config, state = TrialConfig.of({"family": family, "width": 2, "epochs": 4}), torch.get_rng_state()
    found = foreseen_training(series, config, threads=2, device=torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), state)
    assert found.threads in {1, 2}
    assert 0 < found.epoch_seconds < 60
    assert found.seconds(8) - found.seconds(4) == pytest.approx(4 * found.epoch_seconds)
