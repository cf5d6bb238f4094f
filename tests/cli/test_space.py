"""`kdsearch space`: list, show and check."""

import json
from pathlib import Path

import pytest

from kdsearch.study.space.files import load_space, space_names
from tests.commands import Here


def test_the_list_names_every_space(kdsearch: Here, tmp_path: Path) -> None:
    listed = json.loads(kdsearch(tmp_path, "space", "list", "--json").stdout)
    assert [one["name"] for one in listed] == space_names()
    assert all(one["title"] and one["dataset"] and one["protocol"] for one in listed)


def test_show_says_what_each_parameter_name_and_point_means(
    kdsearch: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = kdsearch(tmp_path, "space", "show", "demo").stdout
    for words in ("one of none,", "rd-l2, stcd", "loss is rd-l2", "share of the", "stcd"):
        assert words in said
    assert max(map(len, said.partition("\nParameters\n")[2].splitlines())) <= 80
    shown = json.loads(kdsearch(tmp_path, "space", "show", "demo", "--json").stdout)
    assert [one["name"] for one in shown["parameters"]] == [one.name for one in load_space("demo").parameters]
    assert all(shown["meanings"].values())
    assert len(shown["points"]) == 2


@pytest.mark.parametrize("name", ["stgcn", "auto"])
def test_a_shipped_space_is_right(name: str, kdsearch: Here, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(load_space(name).text)
    assert f"space {name!r} is right" in kdsearch(tmp_path, "space", "check", str(tmp_path / "mine.toml")).stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[parameters.widht]\nvalue = 2", "there is no parameter 'widht'; did you mean 'width'?"),
        ('[parameters.loss]\nchoices = ["rd-l3"]', "there is no loss 'rd-l3'; did you mean 'rd-l2'?"),
        (
            "[parameters.beta]\nlow = 0.5\nhigh = 2.0",
            "parameter beta = 2.0 is out of range; write a number that is at most 1",
        ),
        ("[parameters.beta]\nlow = 0.5", "high is missing; write high = ..."),
        ("[parameters.beta", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_file_is_one_sentence(line: str, words: str, kdsearch: Here, tmp_path: Path) -> None:
    head = 'name = "mine"\ndataset = "demo"\nprotocol = "stgcn"\n'
    (tmp_path / "mine.toml").write_text(head + line)
    refused = kdsearch(tmp_path, "space", "check", str(tmp_path / "mine.toml"), check=2)
    assert words in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_what_is_no_space_is_refused(kdsearch: Here, tmp_path: Path) -> None:
    assert "there is no search space 'stgnc'" in kdsearch(tmp_path, "space", "show", "stgnc", check=2).stderr
    assert "does not end in .toml" in kdsearch(tmp_path, "space", "check", "stgcn", check=2).stderr


def test_the_candidates_for_teacher_stand_beside_one_another(kdsearch: Here, tmp_path: Path) -> None:
    """`kdsearch teacher` trains them all, and names the one that teaches."""
    candidates = 'candidates = [{ family = "stid", width = 2 }, { width = 1 }]\nepochs = 1\n'
    head = 'name = "own"\ndataset = "demo"\nprotocol = "stgcn"\n'
    (tmp_path / "own.toml").write_text(f"{head}[teacher]\n{candidates}[parameters.width]\nvalue = 1\n")
    shown = kdsearch(tmp_path, "teacher", "--space", "own.toml")
    assert "teaches: it errs least of 2 candidates on the validation split" in shown.stderr
    found = json.loads(kdsearch(tmp_path, "teacher", "--space", "own.toml", "--json").stdout)
    others = found["val_mae"].keys() - {"teacher", "last value", "calendar profile"}
    assert others in ({"stid-2"}, {"stgcn-1"})
    assert found["val_mae"]["teacher"]["all"] <= found["val_mae"][others.pop()]["all"]
    assert found["record"]["metrics"]["val"]["mae"] == found["val_mae"]["teacher"]
