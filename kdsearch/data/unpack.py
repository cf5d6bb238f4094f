"""The content of a text file, of a compressed one unpacked."""

import gzip
import re
import zipfile
from pathlib import Path
from typing import IO

from kdsearch.data.damage import refusing_damage
from kdsearch.data.sizes import available_bytes
from kdsearch.errors import DataError, DataQuestion

__all__ = ["decoded", "unpacked"]

CHUNK_BYTES = 1 << 24
COPIES = 4
"""Copies of a text that are in memory while it becomes numbers."""

NO_TEXT = (".gz", ".zip", ".parquet", ".npy", ".npz", ".h5", ".hdf5", ".mat", ".xlsx", ".xls", ".pkl")


def unpacked(path: Path, member: str | None = None) -> bytes:
    """Read a text file, and unpack it where its name ends in `.gz` or `.zip`.

    Args:
        path: The file.
        member: The file inside a zip; may be left out where there is only one.

    Raises:
        DataError: The file is absent, damaged, too large for this machine's memory, or packs another kind of file.
        DataQuestion: A zip holds several files.
    """
    suffix = path.suffix.lower()
    with refusing_damage(path, suffix.removeprefix(".") if suffix in (".gz", ".zip") else "text"):
        match suffix:
            case ".gz":
                _check_text(path.stem, path)
                with gzip.open(path) as file:
                    return _limited(file, path)
            case ".zip":
                with zipfile.ZipFile(path) as archive:
                    name = _member(archive, member, path)
                    _check_text(name, path)
                    with archive.open(name) as file:
                        return _limited(file, path, archive.getinfo(name).file_size)
            case _:
                with path.open("rb") as file:
                    return _limited(file, path, path.stat().st_size)


def _check_text(name: str, path: Path) -> None:
    if Path(name).suffix.lower() in NO_TEXT:
        raise DataError(f"{path} packs {name!r}, and only text is read packed; unpack it, and name the file in it")


def _member(archive: zipfile.ZipFile, member: str | None, path: Path) -> str:
    hidden = re.compile(r"__MACOSX|(.*/)?\.")
    names = [one.filename for one in archive.infolist() if not one.is_dir() and not hidden.match(one.filename)]
    names.sort(key=lambda name: not name.lower().endswith((".csv", ".tsv")))
    if not names:
        raise DataError(f"{path} holds no file; get it again")
    if member is None and len(names) == 1:
        return names[0]
    if member is None or member not in names:
        what = "several files" if member is None else f"no {member!r}"
        raise DataQuestion(f"{path} holds {what}", "key", names)
    return member


def _limited(file: IO[bytes] | gzip.GzipFile, path: Path, size: int = 0) -> bytes:
    """Read all of a file, as large as its header says, but no more than this machine's free memory can take."""
    limit = available_bytes() // COPIES
    content = bytearray()
    while size <= limit and (chunk := file.read(CHUNK_BYTES)):
        content += chunk
        size = max(size, len(content))
    if size > limit:
        raise DataError(
            f"{path} holds more than {limit / 1e9:.1f} GB of text, which needs {COPIES} times its size in memory; "
            "save the readings as .npz, or split the file and name the parts under further"
        )
    return bytes(content)


def decoded(content: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    """Decode text of UTF-8, UTF-16 or, which is said in a note, Windows.

    Raises:
        DataError: It is no text.
    """
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text, notes = content.decode(encoding), ()
    except UnicodeDecodeError as error:
        if b"\0" in content[:1024] or encoding == "utf-16":
            raise DataError(f"{path} is not a text file ({error.reason}); save it as UTF-8") from error
        text = content.decode("cp1252", errors="replace")
        return text, (f"{path.name} is not UTF-8; its letters were read as those of Windows (cp1252)",)
    if "\0" in text:
        raise DataError(f"{path} is not a text file (it holds zero bytes); save it as UTF-8")
    return text, notes
