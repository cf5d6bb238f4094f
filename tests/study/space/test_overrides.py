"""Changes to a space on the command line, and the file that they make."""

from collections.abc import Sequence

import pytest

from kdsearch.errors import SpaceError
from kdsearch.study.space.files import load_space, read_space, space_names, write_space
from kdsearch.study.space.overrides import describe, overridden
from kdsearch.study.space.parameters import Choice, Fixed, Range
from kdsearch.study.space.space import SearchSpace


def changed(sets: Sequence[str] = (), fixes: Sequence[str] = (), name: str = "stgcn") -> SearchSpace:
    return overridden(load_space(name), sets, fixes)


def same(one: SearchSpace, two: SearchSpace) -> bool:
    """Tell whether two spaces search the same, whatever their texts are."""
    blank = {"text": "", "folder": None}
    return one.model_copy(update=blank) == two.model_copy(update=blank)


@pytest.mark.parametrize("name", space_names())
def test_a_written_space_is_read_as_the_same_space(name: str) -> None:
    space = load_space(name)
    assert same(read_space(write_space(space, "as it was"), "written.toml"), space)


def test_a_range_keeps_its_conditions_and_its_scale() -> None:
    space = changed(["width=1..4", "learning_rate=0.001..0.002"])
    widths = [one for one in space.parameters if one.name == "width"]
    assert [(one.when, one.low, one.high, one.kind) for one in widths if isinstance(one, Range)] == [
        ({"route": ("student",)}, 1, 4, "int"),
        ({"route": ("student-prune",)}, 1, 4, "int"),
    ]
    (rate,) = (one for one in space.parameters if one.name == "learning_rate")
    assert rate == Range(name="learning_rate", low=0.001, high=0.002, log=True)


def test_choices_take_what_is_gone_out_of_conditions_and_points() -> None:
    space = changed(["loss=none,rd-l2"])
    assert space.values_of("loss") == {"none", "rd-l2"}
    assert not space.values_of("alpha3")  # asked with feature losses alone
    assert {"none", "rd-l2"} >= {point.params["loss"] for point in space.points}
    assert any(point.params["loss"] == "rd-l2" for point in space.points)


def test_a_new_parameter_comes_first_and_words_numbers_and_truths_are_told_apart() -> None:
    space = changed(["gradient_norm=0.1..10:log", "joint=true,false", "family=stid,stgcn"])
    by_name = {one.name: one for one in space.parameters}
    assert by_name["gradient_norm"] == Range(name="gradient_norm", low=0.1, high=10, log=True)
    assert by_name["joint"] == Choice(name="joint", choices=(True, False))
    assert by_name["family"] == Choice(name="family", choices=("stid", "stgcn"))
    assert space.parameters[0].name == "family"


def test_a_fixed_value_belongs_to_every_configuration() -> None:
    space = changed(fixes=["beta=0.5", "route=student"])
    assert {"beta": 0.5, "route": "student"}.items() <= {
        one.name: one.value for one in space.parameters if isinstance(one, Fixed)
    }.items()
    assert not space.values_of("keep")


@pytest.mark.parametrize("route", ["student", "prune", "student-prune"])
def test_a_point_of_another_route_keeps_the_values_that_the_fixed_one_allows(route: str) -> None:
    """Epochs of fine-tuning are too few for a student, and a student's are too many for fine-tuning."""
    space = changed(fixes=[f"route={route}"])
    allowed = {"prune": range(6, 21)}.get(route, range(16, 81))
    assert {point.params.get("epochs", allowed[0]) for point in space.points} <= set(allowed)
    assert any("epochs" in point.params for point in space.points)
    assert any("epochs" not in point.params for point in space.points)


def test_settings_of_the_teacher_are_fixed_by_their_full_name() -> None:
    space = changed(fixes=["teacher.family=stid", "teacher.width=32", "stid.epochs=3"], name="demo")
    assert space.teacher == {"width": 32, "epochs": 6, "family": "stid"}
    assert space.stid == {"epochs": 3}


def test_the_changed_space_is_kept_as_a_file_that_gives_it_again() -> None:
    space = changed(["width=1..4", "loss=none,rd-l2"], ["beta=0.5"])
    assert space.text.startswith("# stgcn with --set width=1..4 --set loss=none,rd-l2 --fix beta=0.5\n")
    assert same(read_space(space.text, "kept.toml"), space)
    assert overridden(space, (), ()) is space


@pytest.mark.parametrize(
    ("sets", "fixes", "words"),
    [
        (["width"], [], r"--set 'width' is not NAME=VALUE; write --set width=1\.\.4"),
        ([], ["beta="], r"--fix 'beta=' is not NAME=VALUE; write --fix beta=0\.5"),
        (["width=4..1"], [], "has low 4 above high 1; swap them"),
        (["width=a..b"], [], r"--set width=a\.\.b is no range of numbers; write width=LOW\.\.HIGH"),
        (["beta=0..1"], ["beta=1"], "beta is both set and fixed; leave out --set or --fix for it"),
        (["gradient_norm=0..1:log"], [], "is logarithmic and starts at 0; give a low above 0"),
    ],
)
def test_a_mistake_is_one_sentence(sets: list[str], fixes: list[str], words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        changed(sets, fixes)


def test_parameters_are_described_in_words() -> None:
    assert describe(Range(name="width", low=1, high=8, kind="int")) == "1 to 8, whole numbers"
    assert describe(Range(name="rate", low=1e-3, high=1e-2, log=True)) == "0.001 to 0.01, logarithmic"
    assert describe(Choice(name="loss", choices=("none", "rd-l2"))) == "one of none, rd-l2"
    assert describe(Fixed(name="beta", value=0.5)) == "fixed at 0.5"
