"""A teacher that runs beside its student, and what else is trained there and thrown away: LightST's losses."""

import copy

import torch
from torch import Tensor, nn

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.lightst_losses import Projector, contrast, embedding_divergence
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.losses import pointwise, reduced
from kdsearch.distill.taps import tapped
from kdsearch.models import Forecaster

__all__ = ["LiveTeacher"]


class LiveTeacher(nn.Module):
    """A teacher asked for its embeddings of the very windows of each batch.

    Where the student's embedding has other sizes than the teacher's, projectors take it there; they are trained with
    the student. So is, in joint training, a copy of the teacher; by default it is frozen, as in LightST's code. Another
    loss of embeddings is a subclass with a `loss` of its own.

    Args:
        teacher: A trained network with embeddings.
        data: The series as the teacher sees it.
        student: The network that learns, with embeddings.
        own_data: The series as the student sees it.
        loss_config: The losses' weights and temperatures, and whether the teacher trains on.
    """

    def __init__(
        self,
        teacher: Forecaster,
        data: WindowedSeries,
        student: Forecaster,
        own_data: WindowedSeries,
        loss_config: LossConfig,
    ) -> None:
        super().__init__()
        self.network = copy.deepcopy(teacher).requires_grad_(loss_config.joint).train(loss_config.joint)
        self._data, self._config = data, loss_config
        first = torch.zeros(1, dtype=torch.int64, device=data.device)
        with torch.no_grad():
            *embeddings, _ = self._teacher_outputs(first)
            shown = _embeddings(student, own_data, first)[1]
        shape = (shown.shape[1], shown.shape[2])
        self.projectors = nn.ModuleList(
            Projector(shape, (embedding.shape[1], embedding.shape[2])) for embedding in embeddings
        )
        self.to(data.device)

    def loss(self, shown: Tensor, segment_starts: Tensor, generator: torch.Generator) -> Tensor:
        """Compare embeddings: ``lambda1 L^KL + lambda2 (L^P + L^E)``, Eq 6 to 8; joint training adds L^T, Eq 5.

        Args:
            shown: The student's temporal embedding, ``(window, channel, time, node)``.
            segment_starts: First rows of the windows, ``(window,)``.
            generator: Draws the slices that are contrasted.
        """
        loss_config = self._config
        with torch.set_grad_enabled(loss_config.joint):
            spatial, temporal, forecasts = self._teacher_outputs(segment_starts)
        near_spatial, near_temporal = (projector(shown) for projector in self.projectors)
        loss = loss_config.lambda1 * embedding_divergence(near_temporal, temporal, temperature=loss_config.tau1)
        if loss_config.lambda2 > 0:
            pairs = ((near_spatial, spatial, loss_config.tau2), (near_temporal, temporal, loss_config.tau3))
            for near, embedding, temperature in pairs:
                slices = _drawn(near, embedding, loss_config.slice_share, generator)
                loss = loss + loss_config.lambda2 * contrast(*slices, temperature=temperature)
        if loss_config.joint:
            rows = self._data.target_rows(segment_starts, steps=forecasts.shape[1])[:, 0]
            entries = pointwise(forecasts, self._data.scaled[rows], loss_config.error)
            loss = loss + reduced(entries, self._data.measured[rows], loss_config.reduction)
        return loss

    def _teacher_outputs(self, segment_starts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give both embeddings, and the forecasts ``(window, step, node)`` of the same pass."""
        return _embeddings(self.network, self._data, segment_starts)


def _embeddings(network: Forecaster, data: WindowedSeries, segment_starts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    assert network.embeddings is not None
    with tapped(network, network.embeddings) as features:
        forecasts = network(data.inputs(segment_starts, with_clock=network.clock))[:, 0]
    spatial, temporal = (features[name].permute(0, 3, 1, 2) for name in network.embeddings)
    return spatial, temporal, forecasts


def _drawn(student: Tensor, teacher: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw some slices of two embeddings ``(window, channel, time, node)``, as ``(slice, node, channel)``."""
    batch, _, time, _ = student.shape
    drawn = torch.randperm(batch * time, generator=generator)[: max(1, round(share * batch * time))].to(student.device)
    window, step = drawn // time, drawn % time
    return student[window, :, step].transpose(1, 2), teacher[window, :, step].transpose(1, 2)
