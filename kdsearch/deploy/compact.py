"""ONNX files as small as what they hold: no names nor shapes that nobody reads, and graphs without their zeros."""

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

__all__ = ["compacted"]

FEWEST_SAVED_BYTES = 256
"""A sparse constant takes three operators, which take some 150 bytes."""

DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def compacted(model: "ModelProto") -> "ModelProto":
    """Make a model smaller in place; it computes the same.

    A matrix that is mostly zeros is kept as its other entries with their places, and made whole where the file is
    opened: onnxruntime computes constants once.
    """
    graph = model.graph
    _make_sparse(graph)
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
    """Replace constants that are mostly zeros."""
    from onnx import helper, numpy_helper  # noqa: PLC0415 - an extra

    whole = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    for name, values in whole.items():
        if values.dtype != np.float32 or _saved_bytes(values) < FEWEST_SAVED_BYTES:
            continue
        places = np.flatnonzero(values).astype(np.int32)
        constants = {
            f"{name} size": np.array([values.size]),
            f"{name} places": places,
            f"{name} values": values.ravel()[places],
            f"{name} shape": np.array(values.shape),
        }
        kept = [one for one in graph.initializer if one.name != name]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in constants.items())
        size, at, values_name, shape = constants
        made = [
            helper.make_node("ConstantOfShape", [size], [f"{name} zeros"]),
            helper.make_node("ScatterElements", [f"{name} zeros", at, values_name], [f"{name} line"]),
            helper.make_node("Reshape", [f"{name} line", shape], [name]),
        ]
        for position, node in enumerate(made):
            graph.node.insert(position, node)


def _saved_bytes(values: NDArray[np.float32]) -> int:
    return values.nbytes - 8 * int(np.count_nonzero(values))
