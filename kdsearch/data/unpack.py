"""The content of a file, of a compressed one unpacked."""

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import IO

from kdsearch.data.places import must_be_a_file
from kdsearch.data.sizes import available_bytes
from kdsearch.errors import DataError, DataQuestion

__all__ = ["unpacked"]

CHUNK_BYTES = 1 << 24
COPIES = 4
"""Copies of a text that are in memory while it becomes numbers."""


def unpacked(path: Path, member: str | None = None) -> tuple[bytes, str]:
    """Read a file, and unpack it where its name ends in `.gz` or `.zip`.

    Args:
        path: The file.
        member: The file inside a zip; may be left out where there is only one.

    Returns:
        The content, and the ending of the unpacked file's name, such as ".csv".

    Raises:
        DataError: The file is absent, damaged, or too large for this machine's memory.
        DataQuestion: A zip holds several files.
    """
    must_be_a_file(path)
    try:
        match path.suffix.lower():
            case ".gz":
                with gzip.open(path) as file:
                    return _limited(file, path), Path(path.stem).suffix.lower()
            case ".zip":
                with zipfile.ZipFile(path) as archive:
                    name = _member(archive, member, path)
                    with archive.open(name) as file:
                        return _limited(file, path), Path(name).suffix.lower()
            case suffix:
                with path.open("rb") as file:
                    return _limited(file, path), suffix
    except PermissionError as error:
        raise DataError(f"{path} may not be read; change its permissions") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise DataError(f"{path} cannot be unpacked ({error}); get the file again") from error


def _member(archive: zipfile.ZipFile, member: str | None, path: Path) -> str:
    names = [one.filename for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX")]
    if not names:
        raise DataError(f"{path} holds no file; get it again")
    if member is None and len(names) == 1:
        return names[0]
    if member is None or member not in names:
        what = "several files" if member is None else f"no {member!r}"
        raise DataQuestion(f"{path} holds {what}", "key", names)
    return member


def _limited(file: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    """Read all of a file, but no more than this machine's free memory can take."""
    limit = available_bytes() // COPIES
    content = bytearray()
    while chunk := file.read(CHUNK_BYTES):
        content += chunk
        if len(content) > limit:
            raise DataError(
                f"{path} holds more than {limit / 1e9:.1f} GB of text, which needs {COPIES} times its size in memory; "
                "save the readings as .npz, or split the file and name the parts under further"
            )
    return bytes(content)
