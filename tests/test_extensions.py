"""Users' files and modules: imported once, carried to other processes as text, refused in one sentence."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdsearch import extensions
from kdsearch.errors import SpaceError, failure
from kdsearch.extensions import load_extensions, loaded_extensions


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what a test imported."""
    monkeypatch.setattr(extensions, "_loaded", {})
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_file_runs_once_and_again_when_it_changed(tmp_path: Path) -> None:
    name = write(tmp_path, "own_parts.py", f"with open({str(tmp_path / 'ran')!r}, 'a') as file:\n    file.write('x')")
    (one,) = load_extensions([name])
    load_extensions([name])
    assert (tmp_path / "ran").read_text() == "x"
    assert loaded_extensions() == (one,)
    assert (one.name, one.module) == ("own_parts.py", "own_parts")
    Path(name).write_text(Path(name).read_text() + "\nVALUE = 1\n")
    load_extensions([name])
    assert (tmp_path / "ran").read_text() == "xx"
    assert sys.modules["own_parts"].VALUE == 1


def test_a_comment_changes_no_hash_and_a_number_does(tmp_path: Path) -> None:
    (one,) = load_extensions([write(tmp_path, "a_part.py", "X = 1\n")])
    (two,) = load_extensions([write(tmp_path, "a_part.py", '"""Words."""\n\nX = 1  # a comment\n')])
    (three,) = load_extensions([write(tmp_path, "a_part.py", "X = 2\n")])
    assert one.hash == two.hash != three.hash


def test_relative_paths_start_at_the_folder_of_the_space(tmp_path: Path) -> None:
    write(tmp_path, "parts/near_part.py", "X = 1")
    (one,) = load_extensions(["parts/near_part.py"], tmp_path)
    assert one.text == "X = 1"


def test_a_later_file_may_import_an_earlier_one(tmp_path: Path) -> None:
    load_extensions(
        [write(tmp_path, "first_part.py", "X = 3"), write(tmp_path, "second_part.py", "from first_part import X")]
    )
    assert sys.modules["second_part"].X == 3


def test_another_process_imports_what_it_unpickles_without_the_file(tmp_path: Path) -> None:
    """Also classes of the file, which pickle names by their module."""
    (one,) = load_extensions([write(tmp_path, "far_part.py", "class Thing:\n    size = 7\n")])
    packed = pickle.dumps((one, sys.modules["far_part"].Thing()))
    Path(tmp_path / "far_part.py").unlink()
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())[1].size)"
    said = subprocess.run([sys.executable, "-c", code], input=packed, capture_output=True, check=True)
    assert said.stdout == b"7\n"


def test_a_module_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "their_package/__init__.py", "")
    write(tmp_path, "their_package/parts.py", "X = 5")
    monkeypatch.syspath_prepend(tmp_path)
    (one,) = load_extensions(["their_package.parts"])
    assert (one.module, one.text) == ("their_package.parts", "X = 5")
    assert sys.modules["their_package.parts"].X == 5


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("broken_part.py", "X = = 1", "the import 'broken_part.py' fails in line 1: SyntaxError"),
        ("wrong_part.py", "A = 1\nB = A / 0\n", "the import 'wrong_part.py' fails in line 2: ZeroDivisionError"),
        ("leaving_part.py", "import sys\nsys.exit(0)", "the import 'leaving_part.py' fails in line 2: SystemExit: 0"),
        ("lost_part.py", "import not_there_at_all", "fails in line 1: ModuleNotFoundError: No module named"),
        ("json.py", "X = 1", "the import 'json.py' is named like the module 'json', which is there already; rename it"),
        ("my-part.py", "X = 1", "has a name that Python cannot import; rename it, such as my_parts.py"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_sentence(tmp_path: Path, file: str, text: str, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        load_extensions([write(tmp_path, file, text)])
    assert loaded_extensions() == ()
    assert "wrong_part" not in sys.modules


def test_what_an_import_prints_does_not_mix_with_what_a_command_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_extensions([write(tmp_path, "talking_part.py", "print('hello')")])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello\n")


def test_what_lies_beside_a_file_does_not_travel_and_the_message_says_so(tmp_path: Path) -> None:
    write(tmp_path, "beside.py", "X = 1")
    for text in ("import beside", "open(__file__ + '.json')"):
        with pytest.raises(SpaceError, match="its text alone travels to workers: install what it needs beside it"):
            load_extensions([write(tmp_path, "needing_part.py", text)])
    load_extensions([str(tmp_path / "beside.py"), write(tmp_path, "needing_part.py", "import beside")])


def test_a_null_character_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"the import 'null_part\.py' fails: "):
        load_extensions([write(tmp_path, "null_part.py", "X = 1\0")])


def test_a_failure_names_the_line_of_the_file_where_it_arose(tmp_path: Path) -> None:
    load_extensions([write(tmp_path, "failing_part.py", "def divide(x):\n    return x / 0\n")])
    with pytest.raises(ZeroDivisionError) as caught:
        sys.modules["failing_part"].divide(1)
    assert failure(caught.value) == "ZeroDivisionError: division by zero (line 2 of failing_part.py)"


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"the import 'none\.py' cannot be read: .*; give the path of a Python file"):
        load_extensions(["none.py"], tmp_path)
    with pytest.raises(SpaceError, match=r"there is no module 'no_such\.module' to import; install it, or give"):
        load_extensions(["no_such.module"])
