"""A space made of several: conditions, names in the study, and what is left out of it."""

from functools import partial
from pathlib import Path

import optuna
import pytest

from kdsearch.errors import SpaceError
from kdsearch.study.space.files import load_space, read_space
from kdsearch.study.space.narrowed import narrowed
from kdsearch.study.space.overrides import overridden
from kdsearch.study.space.parameters import Choice, Parameter
from kdsearch.study.space.space import SearchSpace

HEAD = 'name = "both"\ndataset = "demo"\nprotocol = "stgcn"\n'
PARTS = """
[[spaces]]
family = "stid"
space = "stid"
[[spaces]]
family = "stgcn"
space = "stgcn"
fix = { source = "teacher" }
"""


@pytest.fixture
def both() -> SearchSpace:
    """STID and STGCN in one space."""
    return read_space(HEAD + PARTS, "both.toml")


def chosen(params: dict[str, object], parameter: Parameter) -> object:
    """Give what was drawn of a parameter."""
    return params.get(parameter.name)


def drawn(space: SearchSpace, seed: int, **given: str) -> tuple[dict[str, object], optuna.Trial]:
    """Draw one configuration at random."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    study.enqueue_trial(given)
    trial = study.ask()
    return space.suggest(trial), trial


def test_a_family_is_asked_what_its_own_space_asks(both: SearchSpace) -> None:
    """Every drawn configuration is one of the family's own space, and its study tells families apart."""
    for seed in range(40):
        params, trial = drawn(both, seed)
        family = str(params.pop("family"))
        own = load_space(family).with_values({"family": family, **({"source": "teacher"} if family == "stgcn" else {})})
        asked = own.walk(partial(chosen, params))
        assert {name: value for name, value in asked.items() if name != "family"} == params
        assert {name.partition(".")[0] for name in trial.params} == {"family", family}


def test_a_space_written_out_is_the_same_space(both: SearchSpace) -> None:
    again = read_space(both.text, "written")
    assert again.parameters == both.parameters
    assert [one.key for one in again.parameters if one.name == "width"] == ["stid.width", "stgcn.width", "stgcn.width"]


def test_points_are_named_as_the_study_names_parameters(both: SearchSpace) -> None:
    keyed = both.keyed({"family": "stid", "width": 4, "loss": "none", "events": 3})
    assert keyed == {"family": "stid", "stid.width": 4, "stid.loss": "none"}
    params, trial = drawn(both, 0, **keyed)  # type: ignore[arg-type]
    assert (params["family"], params["width"]) == ("stid", 4)
    assert trial.params["stid.width"] == 4


def test_changes_of_the_command_line_hold_for_every_family(both: SearchSpace) -> None:
    changed = overridden(both, ["width=1..2", "loss=none,rd-l2"], ["epochs=3"])
    for seed in range(20):
        params, _ = drawn(changed, seed)
        assert params["epochs"] == 3
        assert params.get("width", 1) in {1, 2}
        assert params["loss"] in {"none", "rd-l2"}


def test_a_lost_value_takes_what_depends_on_it_alone(both: SearchSpace) -> None:
    lost = [("stgcn", "loss", loss) for loss in ("tcd", "scd", "stcd")] + [("stgcn", "route", "prune")]
    left = narrowed(both, ["stid", "stgcn"], lost)
    keys = [one.key for one in left.parameters]
    assert "stgcn.alpha1" in keys  # of ord, which is left
    assert not {"stgcn.alpha2", "stgcn.alpha3"} & set(keys)
    assert left.values_under("family", "stgcn", "route")["stgcn"] == {"student", "student-prune"}
    assert left.values_under("family", "stgcn", "loss")["stid"] == {"none", "rd-l2"}


def test_a_family_that_is_left_out_takes_its_parameters_and_points() -> None:
    auto = load_space("auto")
    left = narrowed(auto, ["stid"])
    assert {one.key.partition(".")[0] for one in left.parameters} == {"family", "stid"}
    assert {point.params["family"] for point in left.points} == {"stid"}
    assert next(one.choices for one in left.parameters if isinstance(one, Choice) and one.name == "family") == ("stid",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[spaces]]\nfamily = "stid"\n', "space is missing"),
        ('[[spaces]]\nfamily = "stid"\nspace = "nowhere"\n', "there is no search space 'nowhere'"),
        ('[[spaces]]\nfamily = "stid"\nspace = "stid"\n' * 2, "two spaces for the family 'stid'"),
        ('spaces = "stid"\n', "the spaces of both.toml cannot be read"),
        ('[[spaces]]\nfamily = "stid"\nspace = "stid"\nfixed = 3\n', "fixed"),
    ],
)
def test_mistakes_are_named(text: str, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        read_space(HEAD + text, "both.toml")


def test_a_path_counts_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(HEAD + '[parameters.family]\nvalue = "stid"\n[parameters.width]\nvalue = 3\n')
    (tmp_path / "both.toml").write_text(HEAD + '[[spaces]]\nfamily = "stid"\nspace = "own.toml"\n')
    params, _ = drawn(load_space(tmp_path / "both.toml"), 0)
    assert params == {"family": "stid", "width": 3}


def test_a_space_that_names_itself_is_refused_and_imports_of_parts_are_kept(tmp_path: Path) -> None:
    part = '[[spaces]]\nfamily = "stid"\nspace = "both.toml"\n'
    (tmp_path / "both.toml").write_text(HEAD + part)
    with pytest.raises(SpaceError, match=r"both\.toml is made of other spaces itself; name those in its place"):
        load_space(tmp_path / "both.toml")
    (tmp_path / "deep").mkdir()
    own = HEAD + 'imports = ["mine.py", "package"]\n[parameters.width]\nvalue = 3\n'
    (tmp_path / "deep" / "own.toml").write_text(own)
    (tmp_path / "both.toml").write_text(HEAD + '[[spaces]]\nfamily = "stid"\nspace = "deep/own.toml"\n')
    assert load_space(tmp_path / "both.toml").imports == (str(tmp_path / "deep" / "mine.py"), "package")


def test_candidates_and_their_number_are_read_written_and_fixed() -> None:
    teacher = '[teacher]\nensemble = 2\nepochs = 3\ncandidates = [{ family = "stid", epochs = 9 }, { width = 8 }]\n'
    space = read_space(HEAD + teacher + "[parameters.width]\nvalue = 2\n", "both.toml")
    assert space.teachers == [{"family": "stid", "epochs": 9}, {"width": 8, "epochs": 3}]
    fixed = overridden(space, [], ["teacher.epochs=1", "teacher.ensemble=4"])
    assert (fixed.ensemble, [one["epochs"] for one in fixed.teachers]) == (4, [1, 1])
    assert read_space(fixed.text, "written").teachers == fixed.teachers
    assert overridden(space, [], ["teacher.family=stid"]).teachers == [{"epochs": 3, "family": "stid"}]
    for count in ('"4"', "true", "0", "65", "2.5"):
        with pytest.raises(SpaceError, match="ensemble = "):
            read_space(space.text.replace("ensemble = 2", f"ensemble = {count}"), "wrong.toml")
    with pytest.raises(SpaceError, match=r"teacher\.ensemble=0 is no number of networks from 1 to 64"):
        overridden(space, [], ["teacher.ensemble=0"])
