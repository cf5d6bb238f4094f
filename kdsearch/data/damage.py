"""Damaged files: whatever a library raises of one becomes a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kdsearch.data.places import must_be_a_file
from kdsearch.errors import DataError, KdsearchError

__all__ = ["refusing_damage"]


@contextmanager
def refusing_damage(path: Path, kind: str) -> Iterator[None]:
    """Turn what reading a file raises into a sentence.

    Args:
        path: The file.
        kind: What it is read as, such as "HDF5".

    Raises:
        DataError: It is absent, may not be read, is damaged or does not fit into the memory.
    """
    must_be_a_file(path)
    try:
        yield
    except KdsearchError:
        raise
    except PermissionError as error:
        raise DataError(f"{path} may not be read; make it readable") from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit into the memory; save fewer steps or sensors") from error
    except Exception as error:  # a damaged file raises whatever its bytes happen to ask for
        raise DataError(
            f"{path} cannot be read as {kind} (damaged, cut off or another format); get the file again"
        ) from error
