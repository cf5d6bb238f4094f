"""The base of networks that look at each window by itself: masks, and norms of kept channels."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.forecaster import ChannelGroup, Forecaster

__all__ = ["ChannelNorm", "WindowForecaster", "kept_rows"]


class ChannelNorm(nn.Module):
    """Layer norm over the last dimension; statistics are of kept channels alone.

    So a masked network equals the small network that remains without the pruned channels, which are zero.

    Attributes:
        kept: bool ``(channel,)``; None where all are kept.
    """

    kept: Tensor | None

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.epsilon = epsilon
        self.register_buffer("kept", None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., channel)`` to the same shape."""
        if self.kept is None:
            return nn.functional.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.epsilon)
        count = self.kept.sum()
        centred = (x - x.sum(dim=-1, keepdim=True) / count) * self.kept
        variance = centred.square().sum(dim=-1, keepdim=True) / count
        return centred * torch.rsqrt(variance + self.epsilon) * self.weight + self.bias


class WindowForecaster(Forecaster):
    """A forecaster whose windows share nothing; it decodes directly.

    A channel is pruned when all parameters of its group's members are zero for it and no `ChannelNorm` counts it: its
    layers must turn zeros into zeros.
    """

    def __init__(self, adjacency: NDArray[np.float64], size: Any, *, outputs: int, history: int) -> None:
        super().__init__(adjacency, size, outputs=outputs, history=history)
        self._whole: dict[str, Tensor] = {}

    @abstractmethod
    def windows(self, x: Tensor) -> Tensor:
        """Forecast from each window.

        Args:
            x: ``(window, history, node, channel)``, scaled, as in `Forecaster.forward`.

        Returns:
            ``(window, outputs, node)``, scaled.
        """

    def forward(self, x: Tensor) -> Tensor:
        """See `Forecaster.forward`."""
        windows = x.unfold(1, self.history, 1).permute(0, 1, 4, 2, 3)
        forecasts = self.windows(windows.flatten(0, 1))
        return forecasts.view(*windows.shape[:2], *forecasts.shape[1:])

    @torch.no_grad()
    def set_masks(self, masks: Mapping[str, Tensor]) -> None:
        """See `Forecaster.set_masks`."""
        parameters = dict(self.named_parameters())
        for name, whole in self._whole.items():
            parameters[name].copy_(whole)
        self._whole = {}
        groups = self.channel_groups() if masks else []
        kept = {name: kept_rows(name, parameter, groups, masks) for name, parameter in parameters.items()}
        for name, rows in kept.items():
            if rows:
                self._whole[name] = parameters[name].clone()
            for dim, alive in rows.items():
                parameters[name].index_fill_(dim, (~alive).nonzero()[:, 0], 0.0)
        for name, module in self.named_modules():
            if isinstance(module, ChannelNorm):
                module.kept = kept[f"{name}.weight"].get(0)


def kept_rows(
    name: str, parameter: Tensor, groups: Sequence[ChannelGroup], masks: Mapping[str, Tensor]
) -> dict[int, Tensor]:
    """Mark the kept rows of a parameter, for each dimension in which groups have channels: bool ``(row,)``."""
    kept: dict[int, Tensor] = {}
    for group in groups:
        for member in group.members:
            if member.parameter == name:
                start = torch.ones(parameter.shape[member.dim], dtype=torch.bool, device=parameter.device)
                rows = kept.setdefault(member.dim, start)
                rows[torch.tensor(member.rows)[~masks[group.name].cpu()].flatten()] = False
    return kept
