"""Downloads that resume where they broke off, and files known by their git blob ids."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kdsearch.data.card import DatasetCard, PublicFile, where_from
from kdsearch.data.places import inside, is_file, what_is_there
from kdsearch.errors import DataError

__all__ = ["FileStatus", "blob_id", "check", "fetch"]

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes received and the bytes in all (0 where unknown)."""


class FileStatus(BaseModel):
    """One file of a dataset.

    Attributes:
        name: File name in the folder.
        state: "absent"; "verified": the public file; "differs": not the public file, such as a part of it;
            "present": there, and no public hash is known.
        size_bytes: 0 where absent.
        source: Where the public file comes from; empty for a user's own.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    state: Literal["absent", "present", "verified", "differs"]
    size_bytes: int
    source: str


def blob_id(path: Path) -> str:
    """Compute git's id of a file's content: SHA-1 of "blob SIZE", a zero byte, and the content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def check(card: DatasetCard, folder: Path) -> list[FileStatus]:
    """Check each file of the form of the dataset that is in the folder, or else of the form that `fetch` would get."""
    complete = (form for form in card.file_sets if all(is_file(folder / name) for name in form.names))
    form = next(complete, None) or card.fetchable or next(iter(card.file_sets), None)
    public = {file.name: file for file in card.files}
    return [_status(folder / name, public.get(name)) for name in (form.names if form else ())]


def _status(path: Path, public: PublicFile | None) -> FileStatus:
    state: Literal["absent", "present", "verified", "differs"]
    if not is_file(path):
        state = "absent"
    elif public is None or public.blob_id is None:
        state = "present"
    else:
        state = "verified" if blob_id(path) == public.blob_id else "differs"
    size_bytes = path.stat().st_size if state != "absent" else 0
    return FileStatus(name=path.name, state=state, size_bytes=size_bytes, source=public.source if public else "")


def fetch(card: DatasetCard, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Download the public files of a dataset into a folder; nothing unverified ever has a file's final name.

    Files come over https alone, and nothing is written outside the folder.

    A download that breaks off stays beside it as `NAME.part`, and the next call resumes there where the server can.
    Files that are there and verified are left alone.

    Returns:
        The paths of all files of the dataset.

    Raises:
        DataError: The dataset has no public address, a file cannot be had or is not what the card says, another file of
            its name is in the folder, or a symbolic link leads out of the folder; the message says what to put where.
    """
    form = card.fetchable
    if form is None:
        by_hand = any(status.state == "absent" for status in check(card, folder))
        remedy = (
            where_from(card, folder) if by_hand else "only datasets with public addresses and hashes can be fetched"
        )
        raise DataError(f"{card.name} has no files to fetch; {remedy}")
    public = {file.name: file for file in card.files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in form.names:
            absent = [public[other] for other in form.names if not is_file(folder / other)]
            inside(folder, name).parent.mkdir(parents=True, exist_ok=True)
            _fetch_file(public[name], inside(folder, name), progress, _by_hand(absent, folder))
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise DataError(f"{folder} cannot be written ({error.strerror}); choose another with --data-dir") from error
    return [folder / name for name in form.names]


def _by_hand(absent: list[PublicFile], folder: Path) -> str:
    """Say what to do without a network: every missing file, where it is from and where it belongs."""
    files = " and ".join(f"{file.name} from {file.source} ({file.address})" for file in absent)
    return f"put {files} into {folder}"


def _fetch_file(file: PublicFile, path: Path, progress: Progress | None, by_hand: str) -> None:
    if is_file(path):
        if blob_id(path) == file.blob_id:
            return
        raise DataError(f"{path} is there but is not the public file; move it away to fetch that one")
    part = path.with_name(path.name + ".part")
    if part.is_symlink() or what_is_there(part) not in ("a file", "nothing"):
        raise DataError(f"{part} is in the way of the download and is no file; move it away")
    try:
        _download(str(file.address), part, lambda here, total: progress and progress(file.name, here, total))
    except urllib.error.HTTPError as error:
        error.close()
        raise DataError(f"{file.address} answers {error.code} {error.reason}; {by_hand}") from error
    except PermissionError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"{file.name} could not be fetched ({reason}); try again, or {by_hand}") from error
    found = blob_id(part)
    if found != file.blob_id:
        part.unlink()
        raise DataError(f"{file.address} gave a file with the git blob id {found}, not {file.blob_id}; {by_hand}")
    part.replace(path)


def _download(address: str, part: Path, progress: Callable[[int, int], object]) -> None:
    """Append to `part` the bytes that it lacks; raise ConnectionError where the server stops early."""
    offset = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={offset}-"} if offset else {})
    try:
        response = _https_only().open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            error.close()
            return  # all of it is here; its hash will tell
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            offset = 0
        rest = int(response.headers.get("Content-Length", 0))
        with part.open("ab" if offset else "wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                progress(file.tell(), offset + rest if rest else 0)
            here = file.tell()
    if rest and here < offset + rest:
        raise ConnectionError(f"it broke off after {here:,} of {offset + rest:,} bytes")


def _https_only() -> urllib.request.OpenerDirector:
    """Make what opens https addresses and follows redirections to others; it knows no files, ftp or plain http."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
