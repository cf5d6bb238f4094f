"""ONNX files as small as what they hold: no names that nobody reads, no absent edges, no more bits than needed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.deploy.rounding import CALENDAR_LEVELS, WEIGHT_LEVELS, rounded_to_levels

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

__all__ = ["compacted"]

FEWEST_SAVED_BYTES = 256
"""A constant in another form takes two or three operators, which take some 150 bytes."""

SAME_SHARE = 0.01
"""Of a scale: how far a number may be from a whole multiple of it, which float32 misses by 0.002 of 32767 at most."""

Form = tuple[NDArray[Any], NDArray[np.float32]]

DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def compacted(model: "ModelProto") -> "ModelProto":
    """Make a model smaller in place; it computes the same.

    A matrix that is mostly one value, zero or another, is kept as its other entries with their places, and one of whole
    multiples of scales as these in 8 or 16 bits. It is made anew where the file is opened: onnxruntime computes
    constants once.
    """
    graph = model.graph
    _make_sparse(graph)
    _make_whole(graph)
    del graph.value_info[:]
    graph.name, model.producer_name, model.producer_version = "kdsearch", "", ""
    kept = {value.name for value in [*graph.input, *graph.output]}
    short = dict(zip(_values(graph), (name for name in _short_names() if name not in kept), strict=False))
    for constant in graph.initializer:
        constant.name = short[constant.name]
    for node in graph.node:
        node.name = node.doc_string = ""
        del node.metadata_props[:]
        for names in (node.input, node.output):
            names[:] = [short.get(name, name) for name in names]
    return model


def _values(graph: "GraphProto") -> list[str]:
    """List the names that only this graph knows, the most used first."""
    outside = {"", *(value.name for value in [*graph.input, *graph.output])}
    uses: dict[str, int] = {constant.name: 0 for constant in graph.initializer}
    for node in graph.node:
        for name in [*node.input, *node.output]:
            uses[name] = uses.get(name, 0) + 1
    return sorted(uses.keys() - outside, key=lambda name: (-uses[name], name))


def _short_names() -> "map[str]":
    def name(number: int) -> str:
        number, digit = divmod(number, len(DIGITS))
        return (name(number - 1) if number else "") + DIGITS[digit]

    return map(name, count())


def _make_sparse(graph: "GraphProto") -> None:
    """Replace constants that are mostly one value."""
    from onnx import helper, numpy_helper  # noqa: PLC0415 - an extra

    for name, values in _matrices(graph):
        common = _most_common(values)
        others = values != common
        if values.nbytes - 8 * int(np.count_nonzero(others)) < FEWEST_SAVED_BYTES:
            continue
        places = np.flatnonzero(others).astype(np.int32)
        constants = {
            f"{name} size": np.array([values.size]),
            f"{name} places": places,
            f"{name} values": values.ravel()[places],
            f"{name} shape": np.array(values.shape),
        }
        size, at, values_name, shape = constants
        fill = numpy_helper.from_array(np.array([common], np.float32))
        made = [
            helper.make_node("ConstantOfShape", [size], [f"{name} filled"], value=fill),
            helper.make_node("ScatterElements", [f"{name} filled", at, values_name], [f"{name} line"]),
            helper.make_node("Reshape", [f"{name} line", shape], [name]),
        ]
        _replace(graph, name, constants, made)


def _most_common(values: NDArray[np.float32]) -> np.float32:
    """Find the value that more than half of the entries have; zero where there is none."""
    middle = np.partition(values.ravel(), values.size // 2)[values.size // 2]  # of most entries, it is the median
    return middle if 2 * np.count_nonzero(values == middle) > values.size else np.float32(0)


def _make_whole(graph: "GraphProto") -> None:
    """Replace constants that are whole multiples of a scale for each channel, as those of rounded networks are.

    `DequantizeLinear` would be one operator, but onnxruntime keeps it for kernels of whole numbers, and computes it in
    every forecast.
    """
    from onnx import TensorProto, helper  # noqa: PLC0415 - an extra

    for name, values in _matrices(graph):
        if not np.isfinite(values).all():
            continue
        multiples, scales = min(_whole_forms(values), key=_bytes, default=(values, values))
        if values.nbytes - _bytes((multiples, scales)) < FEWEST_SAVED_BYTES:
            continue
        constants = {f"{name} multiples": multiples, f"{name} scales": scales}
        whole, scale = constants
        made = [
            helper.make_node("Cast", [whole], [f"{name} numbers"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name} numbers", scale], [name]),
        ]
        _replace(graph, name, constants, made)


def _whole_forms(values: NDArray[np.float32]) -> Iterator[Form]:
    """List multiples and scales, shaped to be multiplied, that give the values again."""
    for largest in (WEIGHT_LEVELS, CALENDAR_LEVELS):
        for dim, channels in enumerate(values.shape):
            multiples, scales = rounded_to_levels(values, dim, largest)
            scales = scales.reshape([channels if one == dim else 1 for one in range(values.ndim)])
            if (np.abs(multiples * scales - values) <= SAME_SHARE * scales).all():
                yield multiples, scales


def _bytes(form: Form) -> int:
    return sum(values.nbytes for values in form)


def _matrices(graph: "GraphProto") -> list[tuple[str, NDArray[np.float32]]]:
    """List the float constants of two dimensions or more, by name."""
    from onnx import numpy_helper  # noqa: PLC0415 - an extra

    named = ((constant.name, numpy_helper.to_array(constant)) for constant in graph.initializer)
    return [(name, values) for name, values in named if values.dtype == np.float32 and values.ndim > 1]


def _replace(
    graph: "GraphProto", name: str, constants: Mapping[str, NDArray[Any]], made: Sequence["NodeProto"]
) -> None:
    """Put constants and the operators that make the old one of them into its place."""
    from onnx import numpy_helper  # noqa: PLC0415 - an extra

    kept = [one for one in graph.initializer if one.name != name]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in constants.items())
    for position, node in enumerate(made):
        graph.node.insert(position, node)
