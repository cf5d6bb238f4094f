"""The parts of a C file: constants, scratch memory and functions, gathered while a network is written."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from kdsearch.deploy.rounding import CALENDAR_LEVELS, WEIGHT_LEVELS, Numbers, rounded_to_levels
from kdsearch.errors import DataError

__all__ = ["Parts", "float_text", "lines_of", "plain"]

LARGEST_LANES, LEAST_LANES = 32, 4
"""A weight is read once for so many nodes. Whole vectors of any processor fit in; with 8 lanes, gcc -O3 takes twice as
long."""

NUMBERS_IN_A_LINE = 12

_TYPES = {
    "float32": "float",
    "int8": "int8_t",
    "int16": "int16_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
}


class Parts:
    """What is written so far.

    Args:
        numbers: "float" for weights as float32; "int8" for weights of 8 bits and a calendar of 16, with float scales.
        nodes: Nodes of the network.

    Attributes:
        blocks: Blocks of nodes that go through a layer together.
        lanes: Nodes of a block; the last block is filled up.
        constants: Definitions of constants.
        buffers: Definitions of scratch memory.
        functions: Functions, each after those that it calls.
        sizes: Names and values of the sizes that functions use.
        scratch_bytes: Bytes of scratch memory.
    """

    def __init__(self, numbers: Numbers, nodes: int) -> None:
        self.numbers, self.nodes = numbers, nodes
        self.blocks = -(-nodes // LARGEST_LANES)
        self.lanes = -(-nodes // (self.blocks * LEAST_LANES)) * LEAST_LANES
        self.constants, self.buffers, self.functions = list[str](), list[str](), list[str]()
        self.sizes: dict[str, int] = {}
        self.scratch_bytes = 0

    @property
    def line(self) -> int:
        """Numbers of a line: one for each node, and those that fill up the last block."""
        return self.blocks * self.lanes

    def array(self, name: str, values: NDArray[Any]) -> None:
        """Define a constant array, flat, of the C type of its numbers."""
        if not np.isfinite(values).all():
            raise DataError(f"the network's numbers {name} are not all finite; take another network of the study")
        written = float_text if values.dtype == np.float32 else str
        flat = list(map(written, values.ravel())) or ["0"]  # C has no array without elements
        self.constants.append(
            f"static const {_TYPES[values.dtype.name]} {name}[] = {{\n{lines_of(flat, NUMBERS_IN_A_LINE)}\n}};"
        )

    def weights(self, name: str, values: NDArray[np.float32], channel_dim: int = 0, padded: bool = False) -> None:
        """Define weights, and with "int8" their scales, one for each output channel, as ``NAME_scale``.

        Args:
            name: Name of the array.
            values: The weights.
            channel_dim: Dimension of the output channels.
            padded: Whether the last dimension holds nodes and is filled up with zeros to a whole line.
        """
        stored: NDArray[Any] = values
        if self.numbers == "int8":
            stored, scales = rounded_to_levels(values, channel_dim, WEIGHT_LEVELS)
            self.array(f"{name}_scale", self._padded(scales) if padded and len(scales) == self.nodes else scales)
        self.array(name, self._padded(stored) if padded else stored)

    def calendar(self, name: str, values: NDArray[np.float32], channel_dim: int) -> None:
        """Define numbers of the calendar, and with "int8" their scales, as ``NAME_scale``."""
        stored: NDArray[Any] = values
        if self.numbers == "int8":
            stored, scales = rounded_to_levels(values, channel_dim, CALENDAR_LEVELS)
            self.array(f"{name}_scale", scales)
        self.array(name, stored)

    def linear(self, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> str:
        """Define weights ``(output, input)`` and biases of a linear map; give the initialiser of its `Linear`."""
        self.weights(f"{name}_weight", weight)
        if bias is not None:
            self.array(f"{name}_bias", bias)
        scale = [f"{name}_weight_scale"] if self.numbers == "int8" else []
        given = [f"{name}_weight", *scale, "0" if bias is None else f"{name}_bias", *map(str, weight.shape)]
        return f"{{{', '.join(given)}}}"

    def layers(self, name: str, initialisers: Sequence[str]) -> None:
        """Define an array of linear maps by what `linear` gave."""
        listed = ",\n".join(f"    {one}" for one in initialisers)
        self.constants.append(f"static const Linear {name}[] = {{\n{listed}\n}};")

    def layer(self, name: str, layer: nn.Linear, outputs: int | None = None) -> None:
        """Define a linear map of torch, or its first outputs."""
        weight, bias = plain(layer.weight)[:outputs], plain(layer.bias)[:outputs]
        self.constants.append(f"static const Linear {name} = {self.linear(name, weight, bias)};")

    def scratch(self, name: str, numbers: int) -> None:
        """Reserve memory for floats."""
        self.buffers.append(f"static float {name}[{max(1, numbers)}];")
        self.scratch_bytes += 4 * max(1, numbers)

    def _padded(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, self.line - self.nodes)])


def plain(parameter: Any) -> NDArray[np.float32]:
    """Give a parameter's numbers."""
    numbers: NDArray[np.float32] = parameter.detach().numpy()
    return numbers


def float_text(number: float) -> str:
    """Write a number as float32 in C, with the fewest digits that give it again."""
    return f"{np.float32(number)!s}f"


def lines_of(words: Sequence[str], count: int) -> str:
    """Write a list of so many words a line."""
    starts = range(0, len(words), count)
    return ",\n".join(f"    {', '.join(words[start : start + count])}" for start in starts)
