"""Check of a Ray cluster: a separate process joins it before anything depends on it.

Where a token is wrong or a port is another program's, `ray.init` tries again for 20 seconds or for minutes, and writes
to the terminal all the while.
"""

import os
import re
import socket
import subprocess
import sys

from kdsearch.errors import StudyError

__all__ = ["check_cluster", "why_not"]

CONNECT_SECONDS = 10.0
JOIN_SECONDS = 30.0
"""Joining a running cluster takes one or two seconds."""

_JOIN = """
import logging, sys, ray
from kdsearch.study.executors.ray_cluster import why_not
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level=logging.CRITICAL)
except Exception as error:
    print(why_not(error))
else:
    ray.shutdown()
    print("joined")
"""
_FEW_TRIES = {"RAY_NUM_REDIS_GET_RETRIES": "2"}


def check_cluster(address: str) -> None:
    """Join a cluster and leave it again.

    Args:
        address: `host:port` of its head.

    Raises:
        StudyError: Where it cannot be joined; the message says why.
    """
    match = re.fullmatch(r"\[?([^/\s]+?)\]?:(\d{1,5})", address)
    if match is None or int(match[2]) > 65535:
        raise StudyError(f"{address!r} is no address of a Ray cluster; write HOST:PORT as `ray start --head` prints it")
    try:
        socket.create_connection((match[1], int(match[2])), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise _refused(address, f"{error.strerror or error}; see that it runs and that its port is open") from error
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _JOIN, address],
            env=os.environ | _FEW_TRIES,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=JOIN_SECONDS,
        ).stdout.strip()
    except subprocess.TimeoutExpired:
        raise _refused(address, f"no answer in {JOIN_SECONDS:g} s; see that it is the port of a Ray head") from None
    if answer != "joined":
        raise _refused(address, answer or "Ray gave no reason")


def why_not(error: BaseException) -> str:
    """Explain why `ray.init` failed, without the traceback in Ray's message, and with the remedy for a wrong token."""
    lines = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
    reason = lines[-1] if any(line.startswith("  File ") for line in lines) else " ".join(" ".join(lines).split())
    if "uthenticat" in reason:
        reason = reason.partition(". ")[0].rpartition(": ")[2]
        return f"{reason}; set RAY_AUTH_MODE=token, and its token in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
    return reason


def _refused(address: str, reason: str) -> StudyError:
    return StudyError(f"the Ray cluster at {address} cannot be joined: {reason}")
