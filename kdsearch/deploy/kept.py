"""A network as a study keeps it, with all that its file is to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import torch

from kdsearch.breakdown import Breakdown
from kdsearch.checkpoint import Checkpoint
from kdsearch.costs import Cost
from kdsearch.data.examples import ExampleWindows
from kdsearch.deploy.card import Card
from kdsearch.errors import StudyError
from kdsearch.record import Baseline, Metrics
from kdsearch.study.storage.damage import refusing_damage
from kdsearch.study.storage.store import StudyStore

__all__ = ["KeptNetwork", "kept_network"]


@dataclass(frozen=True, eq=False)
class KeptNetwork:
    """A network as a study keeps it.

    Attributes:
        checkpoint: The network and its scaler.
        card: What its file says of itself.
        windows: Real readings on which files are compared with the network.
        baselines: Those whose errors stand beside its own.
        unrounded: The network in float numbers, where those of `checkpoint` have fewer bits.
    """

    checkpoint: Checkpoint
    card: Card
    windows: ExampleWindows
    baselines: Sequence[Baseline] = ()
    unrounded: Checkpoint | None = None


def kept_network(store: StudyStore, name: int | str) -> KeptNetwork:
    """Read a network out of a study.

    Args:
        store: The study, open.
        name: Number of a trial, or name of a baseline.

    Raises:
        StudyError: The study does not keep it, or was made before studies kept what their networks forecast.
    """
    meta = store.meta
    content = store.weights(name) if isinstance(name, int) else store.network(name)
    windows = store.examples()
    if content is None:
        raise StudyError(f"study {meta.study!r} keeps no network of {name}; choose another, or run it again")
    if meta.target is None or windows is None:
        raise StudyError(
            f"study {meta.study!r} is of an older kdsearch, which did not keep what its networks forecast; run its "
            "command once more, and it is kept"
        )
    baselines = store.baselines()
    metrics, breakdown, cost = _measured(store, name, baselines)
    with refusing_damage(store.url, f"the network of {name} in study {meta.study!r}"):
        checkpoint, examples = Checkpoint.from_bytes(content), ExampleWindows.from_bytes(windows)
        checkpoint.network(torch.device("cpu"))
    card = Card(
        study=meta.study,
        network=f"trial {name}" if isinstance(name, int) else name,
        family=checkpoint.spec["family"],
        dataset=meta.dataset,
        data_hash=meta.data_hash,
        protocol=meta.protocol,
        protocol_hash=meta.protocol_hash,
        protocol_text=meta.protocol_text,
        weights=cost.parameters,
        stored_numbers=cost.stored_numbers,
        metrics=metrics,
        breakdown=breakdown,
        kdsearch=version("kdsearch"),
        target=meta.target,
    )
    return KeptNetwork(checkpoint, card, examples, baselines)


def _measured(
    store: StudyStore, name: int | str, baselines: Sequence[Baseline]
) -> tuple[Metrics, Breakdown | None, Cost]:
    """Read the errors of this very network, not of other seeds, their breakdown, and its cost."""
    breakdown: Breakdown | None = None
    if isinstance(name, int):
        trial = next((one for one in store.trials() if one.number == name), None)
        confirmed = None if trial is None else trial.confirmation
        record = None if trial is None else trial.record
        metrics, cost = ({}, None) if record is None else (record.metrics, record.cost)
        if confirmed is not None and (own := confirmed.trained("own")):
            metrics, cost, breakdown = metrics | own[0].metrics, confirmed.cost, confirmed.breakdown
    else:
        line = next((one for one in baselines if one.name == name), None)
        metrics, cost = ({}, None) if line is None else (line.metrics, line.cost)
        breakdown = None if line is None else line.breakdown
    if cost is None:
        raise StudyError(f"study {store.meta.study!r} does not say what {name} costs; run its command once more")
    return metrics, breakdown, cost
