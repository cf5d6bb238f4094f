"""Forecasters made of any `torch.nn.Module`: a network of the user's own becomes a family by one call."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdsearch.errors import SpaceError, failure
from kdsearch.models.families import Family
from kdsearch.models.forecaster import ChannelGroup, DataShape, Member
from kdsearch.models.window import WindowForecaster, kept_rows
from kdsearch.table import unknown_name

__all__ = ["ModuleForecaster", "ModuleSize", "NetworkShape", "module_family"]


@dataclass(frozen=True, eq=False)
class NetworkShape:
    """What a network of the user's is made for.

    Attributes:
        nodes: Sensors, or cells of a grid.
        history: Steps that it looks at.
        horizon: Steps that it forecasts.
        channels: Of its input: the reading, and with `clock` the time of day in [0, 1) and the weekday, 0 for Monday.
        width: The search parameter of this name; what it counts is the network's own choice.
        depth: The search parameter of this name.
        slots: Steps in a day.
        adjacency: Edge weights of the road graph ``(node, node)``.
    """

    nodes: int
    history: int
    horizon: int
    channels: int
    width: int
    depth: int
    slots: int
    adjacency: NDArray[np.float64]


@dataclass(frozen=True)
class ModuleSize:
    """Size of a network of the user's.

    Attributes:
        width: As the network was made.
        depth: As the network was made.
        nodes: Sensors.
        slots: Steps in a day.
        kept: Channel group -> channels left by pruning; empty where nothing was pruned.
    """

    width: int
    depth: int
    nodes: int
    slots: int
    kept: Mapping[str, int] = field(default_factory=dict)


class ModuleForecaster(WindowForecaster):
    """A user's module as a forecaster; subclasses, made by `module_family`, say which module.

    Args:
        adjacency: Edge weights ``(node, node)``.
        size: Width and depth of the module, and what pruning left of it.
        outputs: Steps given in one pass.
        history: Steps looked at.
    """

    size: ModuleSize
    make: Callable[[NetworkShape], nn.Module]
    groups: Callable[[nn.Module], Sequence[ChannelGroup]] | None = None

    def __init__(self, adjacency: NDArray[np.float64], size: ModuleSize, *, outputs: int, history: int) -> None:
        super().__init__(adjacency, size, outputs=outputs, history=history)
        self.module = self._made(
            NetworkShape(
                nodes=size.nodes,
                history=history,
                horizon=outputs,
                channels=3 if self.clock else 1,
                width=size.width,
                depth=size.depth,
                slots=size.slots,
                adjacency=adjacency,
            )
        )
        if size.kept:
            self._cut(size.kept)

    def _made(self, shape: NetworkShape) -> nn.Module:
        """Make the module.

        Raises:
            SpaceError: Where the user's code fails, or gives something else.
        """
        what = f"family {self.family} of width {shape.width} and depth {shape.depth}"
        try:
            module = type(self).make(shape)
        except Exception as error:
            raise SpaceError(f"{what} cannot be made: {failure(error)}; mend what makes it") from error
        if not isinstance(module, nn.Module):
            raise SpaceError(f"{what} is {type(module).__name__}, not a torch.nn.Module; return the module")
        return module

    def windows(self, x: Tensor) -> Tensor:
        """See `WindowForecaster.windows`."""
        forecasts: Any = self.module(x)
        if not isinstance(forecasts, Tensor):
            raise ValueError(f"family {self.family} gives {type(forecasts).__name__}; it must give one tensor")
        wanted = (x.shape[0], self.outputs, x.shape[2])
        if tuple(forecasts.shape) != wanted:
            raise ValueError(
                f"family {self.family} gives forecasts of shape {tuple(forecasts.shape)} for an input of "
                f"{tuple(x.shape)}; it must be (batch, horizon, node) = {wanted}"
            )
        return forecasts

    def spec(self) -> dict[str, Any]:
        """See `Forecaster.spec`."""
        return super().spec() | {"size": asdict(self.size) | {"kept": dict(self.size.kept)}}

    def channel_groups(self) -> list[ChannelGroup]:
        """See `Forecaster.channel_groups`; empty where the family states none."""
        stated = type(self).groups
        if stated is None:
            return []
        groups = stated(self.module)
        if mistake := _mistake(groups, dict(self.module.named_parameters())):
            raise SpaceError(f"the channel groups of family {self.family} {mistake}")
        return [replace(group, members=tuple(_inside(member) for member in group.members)) for group in groups]

    def resized(self, sizes: Mapping[str, int]) -> Self:
        """See `Forecaster.resized`: the module with its first channels of each group, which `shrink` fills anew."""
        small = copy.deepcopy(self)
        small._cut(sizes)
        small.size = replace(self.size, kept={**self.size.kept, **sizes})
        return small

    @torch.no_grad()
    def _cut(self, sizes: Mapping[str, int]) -> None:
        """Leave the first channels of each group, in every parameter that holds them."""
        groups = self.channel_groups()
        masks = {group.name: torch.arange(group.size) < sizes[group.name] for group in groups}
        for name, parameter in dict(self.named_parameters()).items():
            value = parameter.detach()
            for dim, kept in kept_rows(name, value, groups, masks).items():
                value = value.index_select(dim, kept.nonzero()[:, 0])
            owner, _, own_name = name.rpartition(".")
            setattr(self.get_submodule(owner), own_name, nn.Parameter(value.clone()))


def _mistake(groups: Any, parameters: Mapping[str, nn.Parameter]) -> str | None:
    """Say what is wrong in stated channel groups; None where every row of every member is there."""
    if not isinstance(groups, Sequence) or not all(isinstance(group, ChannelGroup) for group in groups):
        return f"are {type(groups).__name__}; give a list of ChannelGroup"
    for group in groups:
        for member in group.members:
            place = f"name {member.parameter}[{member.dim}]"
            if member.parameter not in parameters:
                return f"do not fit: {unknown_name('parameter', member.parameter, parameters)}"
            shape = parameters[member.parameter].shape
            if not 0 <= member.dim < len(shape):
                return f"{place}, and it has {len(shape)} dimensions"
            if len(member.rows) != group.size or len({len(rows) for rows in member.rows}) != 1:
                return f"{place} with {len(member.rows)} lists of rows for {group.size} channels; give each as many"
            if not all(0 <= row < shape[member.dim] for rows in member.rows for row in rows):
                return f"{place} with a row outside 0 to {shape[member.dim] - 1}"
    return None


def _inside(member: Member) -> Member:
    """Name a parameter of the user's module as the forecaster names it."""
    return replace(member, parameter=f"module.{member.parameter}")


def module_family(
    name: str,
    make: Callable[[NetworkShape], nn.Module],
    *,
    clock: bool = False,
    depth: int | None = None,
    groups: Callable[[nn.Module], Sequence[ChannelGroup]] | None = None,
) -> Family:
    """Make a family of any torch module that maps ``(batch, history, node, channel)`` to ``(batch, horizon, node)``.

    >>> from torch import nn
    >>> family = module_family("mean", lambda shape: nn.Identity())
    >>> family.name
    'mean'

    Its input is scaled, and so is its output. It is trained, distilled by a teacher's answers, counted, timed and
    confirmed as every other family, as student or as teacher::

        FAMILIES.add(module_family("mine", lambda shape: MyNet(shape.history, shape.horizon, shape.width)))

    Args:
        name: As written after `family`.
        make: Makes an untrained module; its weights come from torch's generator.
        clock: Whether the input has the time of day and the weekday as channels 1 and 2.
        depth: Depth where none is asked for; None where the network has one depth alone.
        groups: Gives the module's channel groups, by the names of its own parameters; without it the family cannot be
            pruned. The module's forward pass must follow from the shapes of its parameters.
    """
    members = {"family": name, "make": staticmethod(make), "clock": clock}
    members["groups"] = None if groups is None else staticmethod(groups)
    network = type(f"{name.title().replace('-', '')}Forecaster", (ModuleForecaster,), members)

    def of_width(width: int, depth: int, shape: DataShape) -> ModuleSize:
        return ModuleSize(width, depth, shape.nodes, shape.slots)

    return Family(name, network, ModuleSize, of_width, depth)
