"""The mean of several trained networks as one network: a teacher of many."""

from collections.abc import Sequence

import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.bounds import calibrated
from kdsearch.measure.kept import scored_and_kept
from kdsearch.measure.latency import fixed_threads
from kdsearch.models.ensemble import Ensemble
from kdsearch.record import Baseline
from kdsearch.trial.teachers import TrainedNetwork, quiet_cost, with_forecasts

__all__ = ["ensemble_of"]


def ensemble_of(
    series: SplitSeries, members: Sequence[TrainedNetwork], note: str, *, threads: int, device: str = "cpu"
) -> tuple[TrainedNetwork, Baseline]:
    """Join trained networks that see the same scaled input; score and time their mean.

    Args:
        series: Series cut by the protocol.
        members: The networks, the best one first: losses look into it, and pruning cuts it.
        note: What they are, for the reader.
        threads: Threads inside an operator while it forecasts.
        device: Device to forecast on.

    Returns:
        The mean, and what the study says of it as its teacher.
    """
    where, first = torch.device(device), members[0].checkpoint
    networks = [member.checkpoint.network(where) for member in members]
    ensemble = Ensemble.of(networks, series.protocol.horizon).to(where).eval()
    data = WindowedSeries(series, first.scaler, where)
    with fixed_threads(threads):
        validated, kept = scored_and_kept(ensemble, data, series, "val")
    checkpoint = Checkpoint.of(ensemble, first.scaler, series.adjacency, calibrated(kept))
    cost, origin = quiet_cost(series, checkpoint, where, None), members[0].origin
    network = with_forecasts(series, checkpoint, cost, origin, threads, where)
    line = Baseline(
        name="teacher", role="teacher", metrics=validated.metrics, cost=network.cost, note=note, origin=origin
    )
    return network, line
