"""Reading of pickles without running them: plain values and numpy arrays are rebuilt, everything else is refused."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

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


# numpy moved this function from numpy.core to numpy._core; an array's own __reduce__ knows where it is.
_REBUILD = np.empty(0).__reduce__()[0]

_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _REBUILD,
    ("numpy._core.multiarray", "_reconstruct"): _REBUILD,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        """Look up one of the few callables that rebuild arrays; nothing is imported for a pickle."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]
