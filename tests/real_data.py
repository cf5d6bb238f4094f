"""Where the real readings are, for tests that need them."""

import os
from pathlib import Path

import pytest

__all__ = ["real_data"]


def real_data(dataset: str) -> Path:
    """The folder of real datasets, if this one is in it; else the test is skipped and says so."""
    root = os.environ.get("KDSEARCH_DATA")
    if not root or not (Path(root) / dataset).is_dir():
        pytest.skip(f"{dataset} is not below KDSEARCH_DATA")
    return Path(root)
