"""`kdsearch doctor`: installed versions, devices and folders."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from kdsearch.cli.options import Json

__all__ = ["doctor", "examine"]

PACKAGES = [
    "kdsearch",
    "torch",
    "optuna",
    "ray",
    "pandas",
    "h5py",
    "plotly",
    "matplotlib",
    "sqlalchemy",
    "psycopg",
    "optuna-dashboard",
]


def examine() -> dict[str, Any]:
    """List versions, cores, devices and folders; the version of a package that is not installed is None."""
    import torch

    from kdsearch.cache import cache_dir
    from kdsearch.data.folders import default_data_dir
    from kdsearch.measure.latency import usable_cores

    return {
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in PACKAGES},
        "cores": usable_cores(),
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


def doctor(as_json: Json = False) -> None:
    """Say which versions are installed, which processors there are, and where data and caches lie.

    Example: kdsearch doctor
    """
    from kdsearch.cli.display import print_table

    found = examine()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    packages = found.pop("packages")
    rows = [
        [name, ", ".join(value) or "none" if isinstance(value, list) else str(value)] for name, value in found.items()
    ]
    rows += [[name, value or "not installed"] for name, value in packages.items()]
    tones = {place: "doubt" for place, row in enumerate(rows) if row[1] == "not installed"}
    print_table("kdsearch doctor", ["", ""], rows, tones)
