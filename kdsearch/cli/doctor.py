"""Installed versions, devices and folders, for `kdsearch doctor`."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from kdsearch.cache import cache_dir
from kdsearch.data.load import default_data_dir

__all__ = ["examine"]

PACKAGES = [
    "kdsearch",
    "torch",
    "optuna",
    "ray",
    "pandas",
    "h5py",
    "plotly",
    "sqlalchemy",
    "psycopg",
    "optuna-dashboard",
]


def examine() -> dict[str, Any]:
    """List versions, cores, devices and folders; the version of a package that is not installed is None."""
    return {
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in PACKAGES},
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "data_dir": str(default_data_dir()),
        "cache_dir": str(cache_dir()),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
