"""Kinds of values in a `dataset.toml`: names, file names, local times and addresses.

Each is checked where the card is read. What a check raises goes on after the key and its value
(`kdsearch.data.mistakes`): "series.file = '/etc/passwd' leads out of ...".
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

__all__ = ["YEARS", "BlobId", "FileName", "HttpsAddress", "Label", "LocalTime", "PlainName", "PublicName", "leads_out"]

YEARS = (1900, 2100)
"""The years that a time of traffic can be of; what lies outside is a mistake, and overflows somewhere later."""

_LETTERS = 1000

_PART_BYTES = 255
"""No file system takes a longer name."""


def _label(text: str) -> str:
    """Refuse what is no word, and what would break a message into lines."""
    if not text.strip():
        raise ValueError("is empty; write a word")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError("holds a control character; write it without")
    if len(text) > _LETTERS:
        raise ValueError(f"has more than {_LETTERS} letters; write a shorter one")
    return text


def _writable(text: str) -> str:
    """Refuse what no file system takes."""
    _label(text)
    if any(len(part.encode()) > _PART_BYTES for part in text.split("/")):
        raise ValueError(f"is longer than {_PART_BYTES} bytes; write a shorter name")
    return text


def leads_out(name: str) -> bool:
    """Tell whether a file name is none that stays inside a folder on every system: absolute, a drive, or with `..`."""
    return name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) is not None or ".." in re.split(r"[/\\]", name)


def _public_name(name: str) -> str:
    """Check the name of a file that is written."""
    if leads_out(_writable(name)) or "\\" in name:
        raise ValueError("leads out of the dataset's folder; write a plain name such as readings.csv")
    return name


def _file_name(name: str, info: ValidationInfo) -> str:
    """Check the name of a file that is read."""
    if leads_out(_writable(name)) and not (info.context or {}).get("allow_outside"):
        raise ValueError(
            "leads out of the dataset's folder; put the file there and write its name alone, or give --allow-outside"
        )
    if "\\" in name:
        raise ValueError("holds a backslash; write / between a folder and a file")
    return name


def _plain_name(name: str) -> str:
    if re.search(r"[/\\]", _writable(name)) or name in (".", "..") or name != name.strip() or name.startswith("-"):
        raise ValueError("is no plain name; write one without slashes, spaces around it and - before it")
    return name


def _local_time(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("is no time; write local time such as 2024-03-01T00:00") from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError("is no time; write local time such as 2024-03-01T00:00")
    if value.tzinfo is not None:
        raise ValueError("has a time zone; write local time without one, such as 2024-03-01T00:00")
    if not YEARS[0] <= value.year < YEARS[1]:
        raise ValueError(f"is not between the years {YEARS[0]} and {YEARS[1]}; correct it")
    if value.second or value.microsecond:
        raise ValueError("is no whole minute; write it without seconds, such as 2024-03-01T00:00")
    return value


def _https(address: str) -> str:
    try:
        parts = urlsplit(address)
        whole = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("is no https address; files are fetched from addresses such as https://example.org/file.csv")
    return address


def _blob_id(text: str) -> str:
    if re.fullmatch("[0-9a-f]{40}", text) is None:
        raise ValueError("is no git blob id; write its 40 hexadecimal digits, in small letters")
    return text


PlainName = Annotated[str, AfterValidator(_plain_name)]
"""A name that can be that of a folder, in any script."""

FileName = Annotated[str, AfterValidator(_file_name)]
"""A file inside the dataset's folder, in a folder below it perhaps; any file where the context has `allow_outside`."""

PublicName = Annotated[str, AfterValidator(_public_name)]
"""A file inside the dataset's folder, whatever is allowed: `fetch` writes it."""

Label = Annotated[str, AfterValidator(_label)]
"""Text that is not empty, such as a unit or the name of a channel."""

LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
"""A time without a zone, to the minute; as TOML's own, a date, or text in ISO 8601."""

HttpsAddress = Annotated[str, AfterValidator(_https)]
"""Where a file is downloaded from."""

BlobId = Annotated[str, AfterValidator(_blob_id)]
"""A git blob id, the SHA-1 of a file's content and its size."""
