"""The last net: an error that nothing foresaw becomes one sentence, and a report in a file."""

import os
import platform
import re
import shlex
import sys
import tempfile
import traceback
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import platformdirs

__all__ = ["UNFORESEEN", "caught", "secrets_in"]

UNFORESEEN = 70
"""Exit code of a fault of the program's own, as sysexits.h has it."""

ISSUES = "https://github.com/kdsearch/kdsearch/issues"

_PACKAGES = ("kdsearch", "torch", "numpy", "pandas", "optuna", "ray", "sqlalchemy", "pydantic", "typer")

_PASSWORD = re.compile(
    r"(://[^\s/:@'\"]*):[^\s'\"]*@|((?i:password|passwd|pwd|token|secret)[\w-]*['\"]?[=:]\s*['\"]?)[^\s&,;'\")]+"
)
"""In an address before its last @, and after a word that says so."""


def secrets_in(address: str | None) -> set[str]:
    """Find the password of a database's address, in each way of writing it."""
    try:
        written = urlsplit(address or "").password or ""
    except ValueError:
        written = ""
    plain = unquote(written)
    return {one for one in (written, plain, quote(plain), quote(plain, safe="")) if one}


def caught(error: BaseException, secrets: set[str]) -> str:
    """Write the report of an unforeseen error into a file of the user's own, and say it in one sentence.

    Args:
        error: The error.
        secrets: Texts that the report must not hold.

    Returns:
        The sentence, with the place of the report.
    """
    first = next(iter(str(error).splitlines()), "")[:200]
    said = _masked(f"{type(error).__name__}: {first}" if first else type(error).__name__, secrets)
    said = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in said)
    try:
        place = f"the full report is in {_written(_masked(_report(error), secrets))}; send it to {ISSUES}"
    except OSError as refused:
        place = f"no report could be written ({refused.strerror}); tell {ISSUES} what you typed"
    return f"kdsearch has a fault, which ended this command ({said}); {place}"


def _report(error: BaseException) -> str:
    """Write down the command, the versions and the traceback."""
    lines = [
        f"command: {shlex.join(['kdsearch', *sys.argv[1:]])}",
        f"time: {datetime.now().astimezone().isoformat(timespec='seconds')}",
        f"system: {platform.platform()}, Python {platform.python_version()}",
        f"versions: {', '.join(f'{name} {_version(name)}' for name in _PACKAGES)}",
    ]
    return "\n".join([*lines, "", "".join(traceback.format_exception(error))])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"


def _masked(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] else f"{found[2]}***", text)


def _written(text: str) -> Path:
    """Write a file that its owner alone may read: in the user's folder of states, else among temporary files.

    Raises:
        OSError: Neither can be written.
    """
    name = f"{datetime.now():%Y-%m-%d-%H%M%S}-{os.getpid()}.txt"
    try:
        folder = Path(platformdirs.user_state_path("kdsearch", appauthor=False)) / "faults"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        file, made = tempfile.mkstemp(prefix="kdsearch-fault-", suffix=".txt")
        path = Path(made)
    with os.fdopen(file, "w", encoding="utf-8", errors="backslashreplace") as report:
        report.write(text)
    return path
