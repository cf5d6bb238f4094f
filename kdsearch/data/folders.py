"""Folders of datasets: the data directory, what is in it, and the card and folder of a name."""

import difflib
import os
from pathlib import Path

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict

from kdsearch.data.card import DatasetCard
from kdsearch.data.catalog import CARDS, read_card
from kdsearch.data.places import HIDDEN, is_file, what_is_there
from kdsearch.errors import DataError

__all__ = ["KnownDataset", "default_data_dir", "find_dataset", "known_datasets"]


class KnownDataset(BaseModel):
    """A line of `kdsearch data list`.

    Attributes:
        name: The value of `--dataset`.
        title: One line for people.
        shape: Public shape ``(step, node, channel)``; None for a user's own folder, whose files are not opened.
        present: Whether all files of one form are in the folder.
        folder: The folder where they are, or belong.
        built_in: False for a user's own folder.
        mistake: Why its `dataset.toml` cannot be read; empty where it can.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    shape: tuple[int, int, int] | None
    present: bool
    folder: Path
    built_in: bool
    mistake: str = ""


def default_data_dir() -> Path:
    """Find the folder of the datasets: `KDSEARCH_DATA`, or the user's data folder of this system.

    Raises:
        DataError: `KDSEARCH_DATA` begins with the home folder of a user who is not here.
    """
    named = os.environ.get("KDSEARCH_DATA")
    return _with_home(named, "KDSEARCH_DATA") if named else user_data_path("kdsearch", appauthor=False)


def _with_home(path: str, named_by: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"{named_by} = {path!r} begins with a home folder that nobody has here; write the whole path"
        ) from error


def _data_dir(data_dir: Path | None) -> Path:
    """Choose the data directory; one that is not there is as good as an empty one.

    Raises:
        DataError: It is no folder.
    """
    chosen = data_dir or default_data_dir()
    if (found := what_is_there(chosen)) not in ("a folder", "nothing"):
        wrong = "cannot be looked at" if found == HIDDEN else f"is {found}, not a folder"
        raise DataError(f"the data folder {chosen} {wrong}; name another with --data-dir or KDSEARCH_DATA")
    return chosen


def find_dataset(
    dataset: str, data_dir: Path | None = None, *, allow_outside: bool = False
) -> tuple[DatasetCard, Path]:
    """Find card and folder of a dataset, whether or not its files are there.

    Args:
        dataset: A built-in name, the name of a folder in the data directory, or a path to a folder with a
            `dataset.toml`.
        data_dir: The data directory, `default_data_dir()` if absent.
        allow_outside: Whether its `dataset.toml` may name files outside its folder.

    Raises:
        DataError: There is no such dataset; the message names the nearest.
    """
    data_dir = _data_dir(data_dir)
    places = (data_dir / dataset, _with_home(dataset, "the dataset"))
    for folder in places:
        if what_is_there(folder / "dataset.toml") != "nothing":
            return read_card(_whole(folder), allow_outside=allow_outside), folder
    if dataset in CARDS:
        return CARDS[dataset], data_dir / dataset
    for folder in places:
        if what_is_there(folder) == "a folder":  # a built-in one elsewhere, or one that still wants its dataset.toml
            return read_card(_whole(folder)), folder
    names = [known.name for known in known_datasets(data_dir)]
    near = difflib.get_close_matches(dataset, names, n=3, cutoff=0.0)
    raise DataError(
        f"there is no dataset {dataset!r}; the nearest are {', '.join(near)}, and `kdsearch data list` names all"
    )


def _whole(folder: Path) -> Path:
    """Write a folder's whole path, which has a name."""
    return folder.resolve() if ".." in folder.parts else folder.absolute()


def known_datasets(data_dir: Path | None = None) -> list[KnownDataset]:
    """List the built-in datasets and the user's own folders in the data directory, by name.

    A folder whose `dataset.toml` cannot be read is listed with its mistake.

    Raises:
        DataError: The data directory cannot be read.
    """
    data_dir = _data_dir(data_dir)
    try:
        folders = list(data_dir.iterdir()) if data_dir.is_dir() else []
    except OSError as error:
        raise DataError(
            f"the data folder {data_dir} may not be read; make it readable, or name another with --data-dir"
        ) from error
    own = {folder.name for folder in folders if what_is_there(folder / "dataset.toml") != "nothing"} - CARDS.keys()
    return [_known(name, data_dir) for name in (*CARDS, *sorted(own))]


def _known(name: str, data_dir: Path) -> KnownDataset:
    built_in = name in CARDS
    try:
        card, folder = find_dataset(name, data_dir)
    except DataError as error:
        return KnownDataset(
            name=name,
            title=CARDS[name].title if built_in else "",
            shape=None,
            present=False,
            folder=data_dir / name,
            built_in=built_in,
            mistake=str(error),
        )
    present = not card.file_sets or any(all(is_file(folder / file) for file in form.names) for form in card.file_sets)
    return KnownDataset(
        name=name, title=card.title, shape=card.shape, present=present, folder=folder, built_in=built_in
    )
