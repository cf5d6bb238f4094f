"""Names of studies and spaces: each is that of a folder too, in any script of letters."""

import re
import unicodedata

__all__ = ["default_name", "name_mistake", "normal"]

LONGEST_NAME_BYTES = 200
"""File systems allow 255 for a folder; a study's name has two parts, and files have endings."""

_JOINERS = "\u200c\u200d"
"""They cannot be seen, and words of Persian and of India's languages hold them."""


def normal(name: str) -> str:
    """Write a name in the one form that its letters have: é as one letter, however it was typed."""
    return unicodedata.normalize("NFC", name)


def name_mistake(name: str) -> str | None:
    """Say why a study or a space cannot have a name; None where it can."""
    if not name.translate(dict.fromkeys(map(ord, _JOINERS))).isprintable():
        return "holds a letter that cannot be seen; write it without"
    if name.strip(" .") != name or re.search(r'[/\\:*?"<>|]', name) or not name.strip(_JOINERS):
        return "is no name of a folder; write letters, digits, - and _"
    if name.startswith("-"):
        return "begins with -, as options of commands do; begin with a letter or digit"
    if len(name.encode()) > LONGEST_NAME_BYTES:
        return f"is longer than {LONGEST_NAME_BYTES} bytes; give a shorter one"
    return None


def default_name(dataset: str, space: str) -> str:
    """Name a study by its dataset and its space: letters with their marks, and digits; - stands for all else.

    >>> default_name("My City", "stgcn"), default_name("東京", "stgcn")
    ('my-city-stgcn', '東京-stgcn')
    """
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else "-" for letter in normal(dataset.lower()))
    return f"{re.sub('-+', '-', ''.join(kept)).strip('-') or 'data'}-{space}"
