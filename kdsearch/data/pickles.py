"""Reading of pickles without running them: plain values and numpy arrays are rebuilt, everything else is refused."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.errors import DataError

__all__ = ["unpickled"]


def unpickled(content: bytes, path: Path) -> Any:
    """Rebuild the plain values and arrays of a pickle; Python 2's strings are read as Latin-1.

    Args:
        content: The pickle.
        path: The file it is from, for the error.

    Raises:
        DataError: The pickle is damaged, or asks for anything but numbers, text, containers and numpy arrays.
    """
    try:
        return _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to ask for
        raise DataError(
            f"{path} holds a pickle that kdsearch does not read ({error}); get the file from its source again"
        ) from error


def _encode(text: str, encoding: str) -> bytes:
    """Encode text as bytes, as Python 3 asks for in the pickle protocols of Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return text.encode("latin1")


def _reconstruct(kind: Any, shape: Any, _code: Any) -> NDArray[Any]:
    """Make the empty array that an array's state is then set into, as numpy asks for up to protocol 4."""
    if kind is not _ARRAY or shape != (0,):
        raise pickle.UnpicklingError("it asks for an array of no usual form")
    return np.empty(0, dtype=np.int8)


def _frombuffer(buffer: Any, dtype: Any, shape: Any, order: Any, axis_order: Any = None) -> NDArray[Any]:
    """Make an array of its bytes, as numpy asks for in protocol 5."""
    if order not in ("C", "F") or axis_order is not None:
        raise pickle.UnpicklingError("it asks for an array of no usual form")
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


def _scalar(dtype: Any, content: Any = None) -> Any:
    """Make a number or text of numpy of its bytes."""
    raw = content.encode("latin1") if isinstance(content, str) else content  # of Python 2
    return np.frombuffer(raw, dtype=dtype)[0]


_ARRAY = object()
"""Stands for numpy's type of arrays, which is named but not called: it would take memory for any shape."""


_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
"""numpy moved them from the one to the other."""

_ALLOWED: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): _reconstruct for module in _ARRAY_MODULES},
    **{(module, "scalar"): _scalar for module in _ARRAY_MODULES},
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
    ("numpy", "ndarray"): _ARRAY,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        """Look up one of the few callables that rebuild arrays; nothing is imported for a pickle."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]
