"""How one training judges its batches, whatever its loss: what the loss's row asks for is gathered and handed to it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.skd import revised_backward
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher import Teacher
from kdsearch.models import Forecaster

__all__ = ["TrainingLoss"]


class TrainingLoss:
    """The loss of one training, with its network, its data and its teacher.

    Args:
        network: What is trained, on the device of `data`.
        data: The series as this network sees it.
        config: Name and weights of the loss.
        teacher: Needed where the loss asks for one.
        generator: Draws slices, and of large graphs nodes.

    Raises:
        SpaceError: Where there is no loss of that name.
        ValueError: Where the teacher is missing, or lacks what the loss asks for.
    """

    def __init__(
        self,
        network: Forecaster,
        data: WindowedSeries,
        config: LossConfig,
        teacher: Teacher | None,
        generator: torch.Generator,
    ) -> None:
        self._loss = loss = LOSSES.choose(config.loss)
        if loss.needs_teacher and teacher is None:
            raise ValueError(f"loss {loss.name} needs a teacher")
        self._tables = teacher.tables if teacher is not None and loss.needs_features(config) else None
        if loss.needs_features(config) and self._tables is None:
            raise ValueError(f"loss {loss.name} needs a teacher's features")
        self._network, self._data, self._config, self._generator = network, data, config, generator
        self._teacher = teacher if loss.needs_teacher else None
        self._spatial = network.spatial_taps if loss.spatial_weight(config) > 0 else ()
        self._temporal = network.temporal_taps if loss.temporal_weight(config) > 0 else ()
        self._live = None
        if loss.beside is not None:
            if self._teacher is None or self._teacher.network is None or network.embeddings is None:
                raise ValueError(f"loss {loss.name} needs the teacher's network, and a student with embeddings")
            self._live, self._embedding = (
                loss.beside(*self._teacher.network, network, data, config),
                network.embeddings[1],
            )

    @property
    def trained_beside(self) -> list[nn.Module]:
        """What trains beside the network and is thrown away."""
        live = self._live
        return [live] if live is not None and any(one.requires_grad for one in live.parameters()) else []

    def terms(self, segment_starts: Tensor, length: int) -> tuple[Tensor, ...]:
        """Judge a batch; the loss is the sum of the terms.

        An iterated network is trained on the next step alone, as in the STGCN paper.

        Args:
            segment_starts: Rows of the series at which segments begin, ``(batch,)``.
            length: Windows of each segment.
        """
        network, data = self._network, self._data
        steps = min(network.outputs, data.horizon)
        rows = data.target_rows(segment_starts, length, steps)
        shown = () if self._live is None else (self._embedding,)
        with tapped(network, (*self._spatial, *self._temporal, *shown)) as taps:
            predicted = network(data.inputs(segment_starts, length, with_clock=network.clock))[:, :, :steps]
        taught = None if self._teacher is None else self._teacher.outputs(segment_starts, length, steps)
        outputs = Outputs(predicted, data.scaled[rows], data.measured[rows], taught, data.std, data.offsets[rows])
        features = self._features(taps, segment_starts, length)
        judged = self._loss.judge(self._config, outputs, features, self._generator)
        terms = judged if isinstance(judged, tuple) else (judged,)
        if self._live is None:
            return terms
        embedding = taps[self._embedding].permute(0, 3, 1, 2)
        return (*terms, self._live.loss(embedding, segment_starts, self._generator))

    def backward(self, weights: nn.Parameter, terms: Sequence[Tensor]) -> float:
        """Leave the gradient of the terms in what is trained.

        Args:
            weights: All weights of the network, in one vector with a gradient of zeros.
            terms: As `terms` gave them.

        Returns:
            Their sum.
        """
        loss = torch.stack(list(terms)).sum() if len(terms) > 1 else terms[0]
        if self._loss.revised:
            revised_backward(weights, terms)
        else:
            loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _features(self, taps: dict[str, Tensor], segment_starts: Tensor, length: int) -> Features | None:
        """Pair the student's taps with the teacher's tables."""
        if self._tables is None:
            return None
        return Features(
            [(taps[name], self._tables.spatial[name]) for name in self._spatial],
            [(taps[name], self._tables.temporal[name]) for name in self._temporal],
            segment_starts,
            length,
            self._loss.spatial_weight(self._config),
            self._loss.temporal_weight(self._config),
        )
