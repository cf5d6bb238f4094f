"""The last net: an error that nothing foresaw is one sentence, a report in a file, and exit code 70."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from kdsearch.cli.net import caught, secrets_in
from tests.commands import here

ADDRESS = "postgresql+psycopg://me:s%40cr%3Aet@db/x"


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def fails(*_: object) -> NoReturn:
        raise error

    return fails


def report_in(said: str) -> str:
    """The report that a sentence names."""
    return Path(said.partition("the full report is in ")[2].partition(";")[0]).read_text()


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("deep"), AssertionError(), EOFError("end")])
def test_a_fault_is_a_sentence_and_a_report(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also an EOFError, which typer calls an abort."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("kdsearch.study.storage.listing.list_studies", raising(error))
    said = here(tmp_path, "studies", check=70).stderr
    assert said.lstrip().startswith(f"Error: kdsearch has a fault, which ended this command ({type(error).__name__}")
    assert len(said.strip().splitlines()) == 1
    written = report_in(said)
    assert "command: kdsearch studies" in written
    assert "Traceback (most recent call last)" in written
    assert "torch 2" in written
    (file,) = (tmp_path / "state/kdsearch/faults").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_too_little_memory_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdsearch.study.storage.listing.list_studies", raising(MemoryError()))
    assert "the memory does not suffice" in here(tmp_path, "studies", check=1).stderr


def test_ctrl_c_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdsearch.study.storage.listing.list_studies", raising(KeyboardInterrupt()))
    assert "the same command goes on from there" in here(tmp_path, "studies", check=130).stderr


def test_a_report_holds_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as it is written in the address, not as the server takes it, not in another address, not as an option."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["kdsearch", "show", "x", "--storage", ADDRESS])
    error = ValueError(f"{ADDRESS} or s@cr:et, mysql://u:0ther@h, {{'password': 'th1rd'}}\nsecond line")
    said = caught(error, secrets_in(ADDRESS))
    for text in (said, report_in(said)):
        assert not [secret for secret in ("s%40cr%3Aet", "s@cr:et", "0ther", "th1rd") if secret in text]
    assert "second line" in report_in(said)
    assert "\n" not in said


def test_a_report_goes_elsewhere_where_the_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = caught(KeyError("x"), set())
    assert str(tmp_path / "kdsearch-fault-") in said
    assert "KeyError: 'x'" in report_in(said)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert "no report could be written (No such file or directory)" in caught(KeyError("x"), set())


@pytest.mark.parametrize(
    "address", [None, "", "sqlite:///x.db", "://", "postgresql://u:p@[::1/d", "postgresql://u@h/d"]
)
def test_an_address_without_a_password_has_no_secret(address: str | None) -> None:
    assert secrets_in(address) == set()
