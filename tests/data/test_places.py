"""What a dataset's folder may name: plain files inside it; the rest only where that is allowed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from kdsearch.cli.app import app
from kdsearch.data.load import default_data_dir, find_dataset, known_datasets, load_series
from kdsearch.errors import DataError

VALUES = np.arange(40, dtype=np.float64).reshape(10, 4)
NOBODY = 65534


def town(folder: Path, file: str = "r.npz", extra: str = "") -> Path:
    """A folder of a dataset without its readings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.toml").write_text(
        f'start = 2024-03-01\ninterval_minutes = 60\nunit = "km/h"\nchannels = ["speed"]\n'
        f'[series]\nfile = "{file}"\n{extra}\n[graph]\nfile = "g.csv"\nkind = "weights"\n',
        encoding="utf-8",
    )
    np.savetxt(folder / "g.csv", np.ones((4, 4)), delimiter=",")
    return folder


@pytest.mark.parametrize("name", ["r.npz", "sub/r.npz", "東京.npz", "a b.npz", "./r.npz"])
def test_files_inside_the_folder_are_read(tmp_path: Path, name: str) -> None:
    """Below it too, and in any script."""
    folder = town(tmp_path / "town", name)
    (folder / name).parent.mkdir(exist_ok=True)
    np.savez(folder / name, data=VALUES)
    np.testing.assert_array_equal(load_series(str(folder)).values[:, :, 0], VALUES)


def test_a_folder_behind_a_link_is_a_folder(tmp_path: Path) -> None:
    """The link is the user's own; links inside that stay inside are good too."""
    folder = town(tmp_path / "disk" / "town")
    np.savez(folder / "real.npz", data=VALUES)
    (folder / "r.npz").symlink_to("real.npz")
    (tmp_path / "town").symlink_to(folder)
    assert load_series(str(tmp_path / "town")).values.shape == (10, 4, 1)


@pytest.mark.parametrize("way", ["absolute", "above", "link", "link to a folder"])
def test_files_elsewhere_are_read_only_where_that_is_allowed(tmp_path: Path, way: str) -> None:
    """Refused in one sentence; the same file with `allow_outside` is the same series."""
    outside = tmp_path / "outside"
    outside.mkdir()
    np.savez(outside / "r.npz", data=VALUES)
    name = {"absolute": str(outside / "r.npz"), "above": "../outside/r.npz", "link": "r.npz"}.get(way, "sub/r.npz")
    folder = town(tmp_path / "town", name)
    if way == "link":
        (folder / "r.npz").symlink_to(outside / "r.npz")
    elif way == "link to a folder":
        (folder / "sub").symlink_to(outside)
    with pytest.raises(DataError, match=r"leads out of .*--allow-outside"):
        load_series(str(folder))
    np.testing.assert_array_equal(load_series(str(folder), allow_outside=True).values[:, :, 0], VALUES)
    refused = CliRunner().invoke(app, ["data", "check", str(folder)])
    assert isinstance(refused.exception, DataError)
    allowed = CliRunner().invoke(app, ["data", "check", str(folder), "--allow-outside"])
    assert (allowed.exit_code, "10 x 4 x 1" in allowed.output) == (0, True)


@pytest.mark.parametrize("way", ["link", "link in a group", "soft link", "storage", "virtual"])
def test_hdf5_files_that_read_other_files_are_refused(tmp_path: Path, way: str) -> None:
    """External links, external storage and virtual datasets of other files; allowed, each is read."""
    folder, outside = town(tmp_path / "town", "r.h5", 'key = "speed"'), tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["data"] = VALUES
    VALUES.tofile(tmp_path / "outside.bin")
    with h5py.File(folder / "r.h5", "w") as file:
        if way == "link":
            file["speed"] = h5py.ExternalLink(str(outside), "data")
        elif way == "link in a group":
            file["group/there"] = h5py.ExternalLink(str(outside), "data")
            file["speed"] = VALUES
        elif way == "soft link":
            file["group/there"] = h5py.ExternalLink(str(outside), "data")
            file["speed"] = h5py.SoftLink("/group/there")
        elif way == "storage":
            raw = [(str(tmp_path / "outside.bin"), 0, VALUES.nbytes)]
            file.create_dataset("speed", VALUES.shape, VALUES.dtype, external=raw)
        else:
            layout = h5py.VirtualLayout(VALUES.shape, VALUES.dtype)
            layout[:] = h5py.VirtualSource(str(outside), "data", VALUES.shape)
            file.create_virtual_dataset("speed", layout)
    with pytest.raises(DataError, match=r"r\.h5: '.*' is kept in another file, '.*outside\..*--allow-outside"):
        load_series(str(folder))
    np.testing.assert_array_equal(load_series(str(folder), allow_outside=True).values[:, :, 0], VALUES)


def test_hdf5_files_that_refer_to_themselves_are_read(tmp_path: Path) -> None:
    """Links inside the file, a group that holds itself, and a virtual dataset of the same file."""
    folder = town(tmp_path / "town", "r.h5", 'key = "soft"')
    with h5py.File(folder / "r.h5", "w") as file:
        file["deep/speed"] = VALUES
        file["deep/again"] = file["deep"]
        file["soft"] = h5py.SoftLink("/deep/again/again/speed")
        layout = h5py.VirtualLayout(VALUES.shape, VALUES.dtype)
        layout[:] = h5py.VirtualSource(".", "deep/speed", VALUES.shape)
        file.create_virtual_dataset("virtual", layout)
    np.testing.assert_array_equal(load_series(str(folder)).values[:, :, 0], VALUES)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("folder", "is a folder, not a file"),
        ("pipe", "is a pipe, not a file"),
        ("device", "is a link that leads out|is a device"),
        ("socket", "is a socket, not a file"),
        ("circle", r"put r\.npz into"),
        ("dangling", r"put r\.npz into"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str, sentence: str) -> None:
    """Nothing is opened, so that nothing hangs."""
    folder = town(tmp_path / "town")
    path = folder / "r.npz"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "socket":
            os.mknod(path, 0o140600)
        case "circle":
            path.symlink_to(path)
        case "dangling":
            path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match=sentence):
        load_series(str(folder))


def test_a_description_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe in the place of `dataset.toml`."""
    folder = tmp_path / "town"
    folder.mkdir()
    os.mkfifo(folder / "dataset.toml")
    with pytest.raises(DataError, match="is a pipe, not a file"):
        find_dataset(str(folder))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run as a user who may read nothing; root may read all."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are of one user."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["r.npz", "r.h5", "dataset.toml"])
def test_files_that_may_not_be_read_are_said_so(open_place: Path, name: str) -> None:
    """Not "get the file again"."""
    folder = town(open_place / "town", name if name != "dataset.toml" else "r.npz")
    (folder / name).touch()
    (folder / "r.npz").touch()
    (folder / name).chmod(0)
    with as_nobody(), pytest.raises(DataError, match=rf"{name} (may not|cannot) be read.*make it readable"):
        load_series(str(folder))


def test_a_folder_that_may_not_be_entered(open_place: Path) -> None:
    """It does not end the listing of the others, which says what is the matter with it."""
    town(open_place / "good")
    town(open_place / "shut").chmod(0)
    with as_nobody():
        known = {one.name: one for one in known_datasets(open_place)}
        assert "make its folder readable" in known["shut"].mistake
        assert known["good"].mistake == ""
        with pytest.raises(DataError, match="make its folder readable"):
            load_series("shut", open_place)
    open_place.chmod(0)
    with as_nobody(), pytest.raises(DataError, match=r"data folder .* (may not be read|cannot be looked at)"):
        known_datasets(open_place)
    open_place.chmod(0o755)
    (open_place / "shut").chmod(0o755)


def test_broken_folders_are_listed_with_their_mistake(tmp_path: Path) -> None:
    """In the table and as JSON; a built-in name with a broken description among them."""
    town(tmp_path / "good")
    for name in ("broken", "pemsd8"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dataset.toml").write_text("interval = 5\n")
    (tmp_path / "no-dataset").mkdir()
    known = {one.name: one for one in known_datasets(tmp_path)}
    assert "did you mean interval_minutes" in known["broken"].mistake
    assert "did you mean interval_minutes" in known["pemsd8"].mistake
    assert (known["good"].mistake, known["broken"].present, "no-dataset" in known) == ("", False, False)
    result = CliRunner().invoke(app, ["data", "list", "--data-dir", str(tmp_path)])
    assert result.exit_code == 0
    assert "did you mean interval_minutes" in " ".join(result.output.replace("│", " ").split())


def test_a_data_folder_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, or the home of a user whom nobody knows; one that is absent is empty."""
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file, not a folder; name another with --data-dir or KDSEARCH_DATA"):
        known_datasets(tmp_path / "file")
    with pytest.raises(DataError, match="is a file, not a folder"):
        load_series("demo", tmp_path / "file")
    assert not any(one.mistake for one in known_datasets(tmp_path / "absent"))
    monkeypatch.setenv("KDSEARCH_DATA", "~no-such-user/x")
    with pytest.raises(DataError, match="KDSEARCH_DATA = '~no-such-user/x' begins with a home folder that nobody has"):
        default_data_dir()


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "~no-such-user/x", "", "/dev/null", "\udc80"])
def test_names_that_no_folder_has(tmp_path: Path, name: str) -> None:
    """Too long, with a zero byte, a home of nobody, empty, a device: one sentence each."""
    with pytest.raises(DataError) as caught:
        load_series(name, tmp_path)
    assert len(str(caught.value).splitlines()) == 1
