"""ST-ResNet: Zhang, Zheng and Qi, "Deep Spatio-Temporal Residual Networks for Citywide Crowd Flows", AAAI 2017.

Three branches of convolutions over a grid look at the steps just before (closeness), at the same time on the days
before (period) and in the weeks before (trend); they are fused cell by cell, and the calendar beside them. Where the
paper is silent this is its authors' release: 3x3 kernels with biases, no activation after the first convolution, batch
norm in front of each ReLU of the residual units or none, and a last ReLU in the external part. For Beijing the paper
also feeds holidays and weather; here the external part knows weekday and workday, as theirs for New York.

Nodes are the cells of a grid, node = (flow * rows + row) * columns + column.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.models.forecaster import ChannelGroup, DataShape, Member, consecutive
from kdsearch.models.window import WindowForecaster

__all__ = ["StResnet", "StResnetSize"]

BRANCHES = ("closeness", "period", "trend")
WEEKDAYS = 7
WORKDAYS = 5


@dataclass(frozen=True)
class StResnetSize:
    """Channels and frames of an ST-ResNet.

    Attributes:
        filters: Channels of each branch's residual stream: closeness, period, trend.
        units: Channels inside each residual unit, those of closeness first; as many units in each branch.
        closeness: Steps looked at just before the forecast one.
        period: Days looked at before, at the same time of day.
        trend: Weeks looked at before, at the same time of the week.
        flows: Flows of the grid.
        rows: Rows of the grid.
        columns: Columns of the grid.
        slots: Steps in a day.
        batch_norm: Whether there is a batch norm in front of each ReLU of the residual units.
        external: Channels inside the external part; 0 for a network without it.
    """

    DEFAULT_DEPTH: ClassVar[int] = 2

    filters: tuple[int, int, int]
    units: tuple[int, ...]
    closeness: int
    period: int
    trend: int
    flows: int
    rows: int
    columns: int
    slots: int
    batch_norm: bool = False
    external: int = 10

    @classmethod
    def of_width(cls, width: int, depth: int, shape: DataShape) -> Self:
        """Size the paper's network with the frames of Beijing, 3 steps, 1 day and 1 week; the paper's width is 64.

        Args:
            width: Channels of stream and units.
            depth: Residual units of each branch.
            shape: Grid and steps in a day.

        Raises:
            ValueError: The data is no grid.
        """
        if shape.grid is None:
            raise ValueError("st-resnet needs a grid; choose a dataset of one, such as bikenyc, or another family")
        return cls((width, width, width), (width,) * (len(BRANCHES) * depth), 3, 1, 1, *shape.grid, shape.slots)

    def lags(self) -> dict[str, list[int]]:
        """Count the steps from the forecast one back to each frame of a branch, nearest first."""
        frames, steps = (self.closeness, self.period, self.trend), (1, self.slots, WEEKDAYS * self.slots)
        each = zip(BRANCHES, frames, steps, strict=True)
        return {name: [step * back for back in range(1, count + 1)] for name, count, step in each}

    def inside(self, branch: str) -> tuple[int, ...]:
        """Select the `units` of one branch."""
        count, position = len(self.units) // len(BRANCHES), BRANCHES.index(branch)
        return self.units[position * count : (position + 1) * count]


class StResnet(WindowForecaster):
    """ST-ResNet; it forecasts the next step of all cells, between -1 and 1.

    Args:
        adjacency: Edge weights of the cells, ``(node, node)``; convolutions know their neighbours without it.
        size: Channels and frames.
        outputs: Steps given in one pass: 1.
        history: Steps looked at; at least the longest lag.

    Raises:
        ValueError: The history is too short, or more than one step is asked for.
    """

    family = "st-resnet"
    size: StResnetSize
    clock = True
    spatial_taps = ("closeness.tap", "period.tap", "trend.tap")

    def __init__(self, adjacency: NDArray[np.float64], size: StResnetSize, *, outputs: int = 1, history: int) -> None:
        longest = max(lag for lags in size.lags().values() for lag in lags)
        if history < longest or outputs != 1:
            raise ValueError(
                f"st-resnet looks back {longest} steps and forecasts 1, here are {history} and {outputs}; choose a "
                "protocol with such a history and horizon, such as stresnet"
            )
        super().__init__(adjacency, size, outputs=outputs, history=history)
        self.closeness, self.period, self.trend = (_Branch(branch, size) for branch in BRANCHES)
        self.external = _External(size) if size.external else None
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """See `Forecaster.forward`; frames are slices of the segment, so that no window is copied."""
        forecasts = x.shape[1] - self.history + 1
        parts = []
        for branch in (self.closeness, self.period, self.trend):
            segment_starts = [self.history - lag for lag in branch.lags]
            parts.append(
                branch(torch.stack([x[:, first : first + forecasts, :, 0] for first in segment_starts], dim=2))
            )
        if self.external is not None:
            parts.append(self.external(x[:, self.history - 1 :, 0, 1:]))
        return torch.tanh(torch.stack(parts).sum(dim=0))[:, :, None]

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        return self.forward(x)[:, 0]

    def channel_groups(self) -> list[ChannelGroup]:
        """List the groups: each branch's residual stream, tied through all units, each unit's inside, the external one.

        Statistics of batch norms, which are no parameters, are members as well.
        """
        size = self.size
        groups = []
        for branch, filters in zip(BRANCHES, size.filters, strict=True):
            stream = [(f"{branch}.input.weight", 0), (f"{branch}.input.bias", 0), (f"{branch}.output.weight", 1)]
            for position, inside in enumerate(size.inside(branch)):
                unit = f"{branch}.units.{position}"
                writes = [(f"{unit}.convolution1.weight", 0), (f"{unit}.convolution1.bias", 0)]
                writes += _norm(f"{unit}.norm2", size.batch_norm)
                groups.append(_group(unit, inside, [*writes, (f"{unit}.convolution2.weight", 1)]))
                stream += [(f"{unit}.convolution2.weight", 0), (f"{unit}.convolution2.bias", 0)]
                stream += [*_norm(f"{unit}.norm1", size.batch_norm), (f"{unit}.convolution1.weight", 1)]
            groups.append(_group(branch, filters, stream))
        if size.external:
            hidden = [("external.hidden.weight", 0), ("external.hidden.bias", 0), ("external.output.weight", 1)]
            groups.append(_group("external", size.external, hidden))
        return groups

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`."""
        closeness, period, trend = (sizes[branch] for branch in BRANCHES)
        names = (f"{branch}.units.{unit}" for branch in BRANCHES for unit in range(len(self.size.inside(branch))))
        units, external = tuple(sizes[name] for name in names), sizes.get("external", 0)
        size = replace(self.size, filters=(closeness, period, trend), units=units, external=external)
        return self.of_size(size)


class _Branch(nn.Module):
    """Convolution, residual units, ReLU, convolution, and the branch's weights in the fusion."""

    def __init__(self, name: str, size: StResnetSize) -> None:
        super().__init__()
        self.lags = size.lags()[name]
        self.grid = (size.flows, size.rows, size.columns)
        filters = size.filters[BRANCHES.index(name)]
        self.input = nn.Conv2d(len(self.lags) * size.flows, filters, 3, padding=1)
        self.units = nn.ModuleList(_Unit(filters, inside, size.batch_norm) for inside in size.inside(name))
        self.output = nn.Conv2d(filters, size.flows, 3, padding=1)
        self.fusion = nn.Parameter(torch.rand(self.grid))
        self.tap = nn.Identity()

    def forward(self, frames: Tensor) -> Tensor:
        """Map ``(batch, forecast, frame, node)`` to ``(batch, forecast, node)``."""
        batch, forecasts, count, nodes = frames.shape
        x = frames.reshape(batch * forecasts, count * self.grid[0], *self.grid[1:])
        x = self.input(x.contiguous(memory_format=torch.channels_last))
        for unit in self.units:
            x = unit(x)
        self.tap(x.view(batch, forecasts, *x.shape[1:]).flatten(3).transpose(1, 2))  # the layout of taps
        fused: Tensor = self.output(torch.relu(x)) * self.fusion
        return fused.reshape(batch, forecasts, nodes)


class _Unit(nn.Module):
    """A residual unit: twice ReLU and convolution, added to its input; in front of each ReLU perhaps a norm."""

    def __init__(self, filters: int, inside: int, batch_norm: bool) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(filters) if batch_norm else nn.Identity()
        self.convolution1 = nn.Conv2d(filters, inside, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(inside) if batch_norm else nn.Identity()
        self.convolution2 = nn.Conv2d(inside, filters, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(window, channel, row, column)`` to the same shape."""
        y = self.convolution1(torch.relu(self.norm1(x)))
        added: Tensor = x + self.convolution2(torch.relu(self.norm2(y)))
        return added


class _External(nn.Module):
    """Two dense layers, from the weekday of the forecast step, one-hot, and whether it is a workday, to all cells."""

    calendar: Tensor

    def __init__(self, size: StResnetSize) -> None:
        super().__init__()
        self.slots = size.slots
        workday = (torch.arange(WEEKDAYS) < WORKDAYS).float()
        self.register_buffer("calendar", torch.cat([torch.eye(WEEKDAYS), workday[:, None]], dim=1), persistent=False)
        self.hidden = nn.Linear(WEEKDAYS + 1, size.external)
        self.output = nn.Linear(size.external, size.flows * size.rows * size.columns)

    def forward(self, last: Tensor) -> Tensor:
        """Map the clock of each history's last step, ``(batch, forecast, 2)``, to ``(batch, forecast, node)``."""
        slot, weekday = (last[..., 0] * self.slots).round().long(), last[..., 1].round().long()
        following = (weekday + (slot == self.slots - 1)) % WEEKDAYS
        y: Tensor = self.output(torch.relu(self.hidden(self.calendar[following])))
        return torch.relu(y)


def _initialise(module: nn.Module) -> None:
    """Initialise weights and biases as the release does."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.constant_(module.get_parameter("bias"), 0.0)


def _norm(name: str, batch_norm: bool) -> list[tuple[str, int]]:
    parts = ("weight", "bias", "running_mean", "running_var") if batch_norm else ()
    return [(f"{name}.{part}", 0) for part in parts]


def _group(name: str, channels: int, cuts: list[tuple[str, int]]) -> ChannelGroup:
    rows = consecutive(0, channels)
    return ChannelGroup(name, channels, tuple(Member(parameter, dim, rows) for parameter, dim in cuts))
