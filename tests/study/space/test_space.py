from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.errors import SpaceError
from kdsearch.study.space.files import load_space, space_names
from kdsearch.study.space.parameters import Choice, Fixed, Parameter, Range
from kdsearch.study.space.space import Point, SearchSpace

HEAD = 'name = "x"\ndataset = "demo"\nprotocol = "stgcn"\n'


def suggest_random(space: SearchSpace, seed: int) -> dict[str, Any]:
    """Draw one configuration with the random sampler."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return space.suggest(study.ask())


@st.composite
def conditional_spaces(draw: st.DrawFn) -> SearchSpace:
    """Draw a space of up to six choices, ranges and fixed values, each under conditions on earlier choices."""
    parameters: list[Parameter] = []
    for index in range(draw(st.integers(1, 6))):
        choices = [p for p in parameters if isinstance(p, Choice)]
        named = draw(st.lists(st.sampled_from(choices), max_size=2, unique_by=lambda p: p.name)) if choices else []
        when = {p.name: tuple(draw(st.sets(st.sampled_from(p.choices), min_size=1))) for p in named}
        name = f"p{index}"
        kind = draw(st.sampled_from(["choice", "range", "fixed"]))
        if kind == "choice":
            parameters.append(Choice(name=name, when=when, choices=("a", "b", 3)))
        elif kind == "range":
            parameters.append(Range(name=name, when=when, low=1, high=5, kind="int"))
        else:
            parameters.append(Fixed(name=name, when=when, value=30))
    return SearchSpace(name="drawn", dataset="demo", protocol="stgcn", parameters=tuple(parameters))


@given(conditional_spaces(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_configuration_holds_exactly_the_parameters_whose_conditions_hold(space: SearchSpace, seed: int) -> None:
    """No parameter is missing, none is idle, each value is one of the parameter's, and the order is the file's."""
    space.check("drawn.toml")
    params = suggest_random(space, seed)
    expected = [p for p in space.parameters if all(params.get(n, object()) in v for n, v in p.when.items())]
    assert list(params) == [p.name for p in expected]
    assert not [p.name for p in expected if p.mistake_in(params[p.name])]


@pytest.mark.parametrize("name", ["stgcn", "demo"])
def test_shipped_spaces_load_and_their_points_come_out_as_written(name: str) -> None:
    """Each queued point gives a configuration with its own values, whatever is sampled beside them."""
    space = load_space(name)
    assert space.name == name
    assert space.points
    study = optuna.create_study(directions=["minimize"] * 2)
    for point in space.points:
        assert point.cite
        study.enqueue_trial(point.params)
        assert point.params.items() <= space.suggest(study.ask()).items()


def test_every_route_and_loss_of_the_main_space_is_reached() -> None:
    """Conditions leave no choice without the parameters that it needs."""
    configurations = [suggest_random(load_space("stgcn"), seed) for seed in range(200)]
    assert {c["route"] for c in configurations} == {"student", "prune", "student-prune"}
    for c in configurations:
        assert ("width" in c) == (c["route"] != "prune")
        assert ("keep" in c) == (c["route"] != "student")
        assert ("source" in c) == (c["route"] == "prune")
        assert ("alpha2" in c) == (c["loss"] == "stcd")
        assert c["route"] != "student-prune" or c["width"] >= 4


def test_shipped_names() -> None:
    """Every file of the folder can be named."""
    assert {"demo", "stgcn"} <= set(space_names())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[parameters.a]\nlow = 3\nhigh = 1", "parameter a of x.toml has low 3 above high 1"),
        ("[parameters.a]\nlow = 0.1\nhigh = inf", "parameter a of x.toml has the bounds 0.1 and inf; give numbers of"),
        ("[parameters.a]\nlow = -inf\nhigh = 1", "give numbers of at most 9.0072e+15"),
        ("[parameters.a]\nlow = nan\nhigh = 1", "has the bounds nan and 1"),
        ("[parameters.a]\nlow = 1\nhigh = 9999999999999999\nkind = 'int'", "has the bounds 1 and 9999"),
        ('imports = "own.py"\n[parameters.a]\nvalue = 1', 'x.toml has imports = "own.py"; write a list: imports = ['),
        ("[parameters.a]\nchoices = []", "parameter a of x.toml has no choices"),
        ("[parameters.a]\nlow = 0\nhigh = 1\nlog = true", "is logarithmic and starts at 0"),
        ('[parameters.a]\nlow = 0.5\nhigh = 1\nkind = "int"', "give whole numbers"),
        ("[parameters.a]\nlow = 0", "parameter a of x.toml cannot be read: high is missing; write high = ..."),
        (
            "[parameters.a]\nlow = 0\nhigh = 1\nlgo = true",
            "the key lgo under [parameters.a] is not known; did you mean low or log?",
        ),
        ("[parameters.a]\nlow = 0\nhigh = 1\nvalue = 1", "needs either choices, or low and high, or value"),
        ("[parameters]\na = 3", "parameter a of x.toml needs either"),
        ("[parameters.a]\nvalue = 1\nwhen = { b = [1] }", "depends on b, which does not come before it"),
        (
            "[parameters.a]\nvalue = 1\nwhen = { b = [1] }\n[parameters.b]\nvalue = 1\nwhen = { a = [1] }",
            "parameter a of x.toml depends on b, which does not come before it",
        ),
        (
            "[parameters.a]\nchoices = [1]\n[parameters.b]\nvalue = 1\nwhen = { a = [2] }",
            "depends on a = 2, but a must",
        ),
        ("[parameters.a]\nlow = 0\nhigh = 1\n[[points]]\na = 2", "point 1 of x.toml has a = 2, which must lie between"),
        ('[parameters.a]\nlow = 0\nhigh = 1\nkind = "int"\n[[points]]\na = 0.5', "must be a whole number"),
        ("[parameters.a]\nvalue = 1\n[[points]]\na = 2", "which is fixed at 1"),
        ("[parameters.a]\nvalue = 1\n[[points]]\nb = 2", "point 1 of x.toml names b, which does not apply"),
        (
            "[parameters.a]\nchoices = [1, 2]\n[parameters.b]\nvalue = 1\nwhen = { a = [2] }\n[[points]]\na = 1\nb = 1",
            "names b, which does not apply",
        ),
        ("[parameters.a]\nvalue = 1\n[points]\na = 1", "write each under [[points]]"),
        ("", "x.toml has no parameters"),
        (
            "[parameters.a]\nvalue = 1\n[paramters.b]\nvalue = 1",
            "the table [paramters] at the top of the file is not known; did you mean parameters?",
        ),
        ("[parameters.a", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_parameter_and_file(tmp_path: Path, body: str, words: str) -> None:
    """A mistake that would break a search half-way is reported before the search begins."""
    path = tmp_path / "x.toml"
    path.write_text(HEAD + body)
    with pytest.raises(SpaceError) as caught:
        load_space(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_space_names_those_that_are_there() -> None:
    """A misspelt name is answered with the right ones."""
    with pytest.raises(SpaceError, match=r"no search space 'stgnc'.*demo, .*stgcn"):
        load_space("stgnc")


@given(conditional_spaces(), conditional_spaces(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_points_of_another_space_keep_what_this_one_allows(here: SearchSpace, there: SearchSpace, seed: int) -> None:
    """Points of another study are checked by this space, and come before its own points."""
    own = Point(cite="own", params={})
    other = Point(cite="theirs", params=suggest_random(there, seed))
    warm = here.model_copy(update={"points": (own,)}).with_points([other])
    warm.check("drawn.toml")
    assert warm.points[-1] == own
    for point in warm.points[:-1]:
        assert point.cite == "theirs"
        assert point.params.items() <= other.params.items()


def test_a_point_of_the_same_space_is_kept_whole(space: SearchSpace) -> None:
    """All searched values, and no fixed one."""
    trial = {"route": "prune", "keep": 0.2, "epochs": 3}
    assert space.with_points([Point(params=trial)]).points[0].params == {"route": "prune", "keep": 0.2}
    assert space.with_points([Point(params={"colour": "red"})]).points == space.points


def test_values_of_one_parameter_under_another_are_those_of_the_variant_that_applies(tmp_path: Path) -> None:
    """Losses of a family: the first variant for the family alone decides; one with further conditions adds."""
    path = tmp_path / "families.toml"
    path.write_text(
        'name = "families"\ndataset = "demo"\nprotocol = "stgcn"\n'
        '[parameters.family]\nchoices = ["a", "b", "c"]\n'
        '[parameters.route]\nchoices = ["student", "prune"]\n'
        '[[parameters.loss]]\nvalue = "x"\nwhen = { family = ["a"] }\n'
        '[[parameters.loss]]\nvalue = "y"\nwhen = { family = ["b"], route = ["prune"] }\n'
        '[[parameters.loss]]\nchoices = ["z"]\n'
    )
    space = load_space(path)
    assert space.values_under("family", "d", "loss") == {"a": {"x"}, "b": {"y", "z"}, "c": {"z"}}
    assert space.values_under("size", "large", "route") == {"large": {"student", "prune"}}


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        (("low = 1\nhigh = 8\nlog = true", "low = 2\nhigh = 8"), 'is logarithmic or of kind "int" under one condition'),
        (('low = 1\nhigh = 8\nkind = "int"', "low = 2\nhigh = 8"), 'is logarithmic or of kind "int"'),
        (("choices = [1, 2]", "choices = [1, 3]"), "has other choices under one condition"),
        (("choices = [1, 2]", "low = 1\nhigh = 3"), "is a range under one condition"),
    ],
)
def test_variants_of_a_name_that_optuna_would_refuse_in_the_middle_of_a_search_are_refused_at_once(
    tmp_path: Path, variants: tuple[str, str], sentence: str
) -> None:
    one, other = (
        f'[[parameters.b]]\n{body}\nwhen = {{ a = ["{value}"] }}\n' for body, value in zip(variants, "xy", strict=True)
    )
    path = tmp_path / "variants.toml"
    path.write_text(f'{HEAD}[parameters.a]\nchoices = ["x", "y"]\n{one}{other}')
    with pytest.raises(SpaceError, match=f"parameter b of variants.toml {sentence}"):
        load_space(path)


@pytest.mark.parametrize("name", space_names())
def test_every_loss_has_the_same_range_of_epochs(name: str) -> None:
    """Else a search would compare epochs, not losses."""
    assert not any("loss" in one.when for one in load_space(name).parameters if one.name == "epochs")
