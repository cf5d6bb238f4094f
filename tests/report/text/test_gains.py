"""What each part of a search gave, in sentences."""

from kdsearch.costs import Cost
from kdsearch.record import Baseline, Metrics
from kdsearch.report.confirmed import Confirmed, Twin
from kdsearch.report.summary import TrialSummary
from kdsearch.report.text import gains


def metrics(error: float) -> Metrics:
    """Validation MAE."""
    return {"val": {"mae": {"all": error}}}


def cost(parameters: int) -> Cost:
    """A cost of which only the size matters."""
    return Cost(parameters=parameters, stored_numbers=parameters, flops=1, product_flops=1)


def trial(number: int, parameters: int, error: float, route: str = "student", **params: str) -> TrialSummary:
    """A finished trial."""
    return TrialSummary(
        number=number,
        state="COMPLETE",
        reason=None,
        route=route,
        params=params,
        objectives={},
        metrics=metrics(error),
        cost=cost(parameters),
        feasible=True,
    )


TEACHER = Baseline(name="teacher", role="teacher", metrics=metrics(16), cost=cost(100_000))


def twin_of(seeds: list[int], differences: list[float], std: float, **more: float) -> Twin:
    """A twin that errs by so much more with each seed."""
    return Twin.model_validate(
        {
            "seeds": seeds,
            "mean": {},
            "standard_deviation": {"test": {"mae": {"all": std}}} if len(seeds) > 1 else {},
            "differences": {"test": differences},
            "mean_difference": {},
            **more,
        }
    )


def distilled(
    number: int, *differences: float, seconds: list[float] | None = None, factor: float = 1.5, route: str = "student"
) -> TrialSummary:
    """A confirmed network with twins, the own seed first; `seconds` are the differences for the same CPU seconds."""
    seeds = list(range(len(differences)))
    confirmed = Confirmed(
        seeds=seeds,
        epochs=30,
        mean={},
        standard_deviation={"test": {"mae": {"all": 0.01}}} if len(differences) > 1 else {},
        cost=cost(1),
        twin=twin_of(seeds, list(differences), 0.03),
        cpu_twin=twin_of(seeds, seconds, 0.02, epochs=round(30 * factor), cpu_share=1.02) if seconds else None,
    )
    return trial(number, 3_000, 15.0, route).model_copy(update={"confirmed": confirmed})


def test_what_distillation_gave_with_fresh_seeds() -> None:
    """The own seed, which chose the network, is left out of the paired differences."""
    assert gains.distillation_gave([distilled(1, 0.9, 0.2, 0.1, -0.03), trial(2, 1, 15.0)]) == (
        "Distillation: with the same seeds and epochs but no teacher, the confirmed network errs by 0.10 MAE more on "
        "the test split (median of 3 paired runs with fresh seeds, worse in 2). The spread between all seeds is 0.01 "
        "with and 0.03 without."
    )
    once = gains.distillation_gave([distilled(1, 0.9, -0.2)])
    assert once is not None
    assert "errs by 0.20 MAE less on the test split (one pair with a fresh seed). The spread" in once


def test_what_distillation_gave_for_the_same_seconds() -> None:
    """Both comparisons stand in one sentence, with how much longer the twins trained."""
    assert gains.distillation_gave([distilled(1, 0.9, 0.2, 0.1, seconds=[0.8, 0.05, -0.07])]) == (
        "Distillation: with the same seeds and epochs but no teacher, the confirmed network errs by 0.15 MAE more on "
        "the test split (median of 2 paired runs with fresh seeds, worse in 2); without it for the same CPU seconds, "
        "by 0.01 less (median of 2 paired runs with fresh seeds, worse in 1; 1.5 times the epochs, 1.0 times the "
        "seconds, the teacher's own training not counted). The spread between all seeds is 0.01 with, 0.03 without "
        "and 0.02 without for the same CPU seconds."
    )
    two = gains.distillation_gave([distilled(1, 0.9, seconds=[0.3]), distilled(2, 0.1, seconds=[0.2], factor=2)])
    assert two is not None
    assert "by 0.25 more (median of 2 paired runs, worse in 2; 1.5 to 2.0 times the epochs, " in two
    assert two.endswith(". The seed is the one that chose the networks, so the comparison favours them.")


def test_what_distillation_gave_with_the_seed_that_chose() -> None:
    """With the own seed alone the sentence says that it favours the network."""
    assert gains.distillation_gave([distilled(1, 0.2)]) == (
        "Distillation: with the same seed and epochs but no teacher, the confirmed network errs by 0.20 MAE more on "
        "the test split (one pair). The seed is the one that chose the network, so the comparison favours it."
    )


def test_a_pair_without_the_own_seed_is_a_fresh_one() -> None:
    """Where the twin of the own seed failed, the first pair is not taken for it."""
    whole = distilled(1, 0.9, 0.2, 0.1)
    assert whole.confirmed is not None
    rest = whole.confirmed.model_copy(update={"twin": twin_of([1, 2], [0.2, 0.1], 0.03)})
    assert gains.distillation_gave([whole.model_copy(update={"confirmed": rest})]) == gains.distillation_gave([whole])


def test_networks_without_fresh_seeds_are_not_compared_with_those_that_have_them() -> None:
    """Where some networks have fresh seeds, the others say nothing."""
    together = gains.distillation_gave([distilled(1, 0.9, 0.2, 0.1), distilled(2, 5.0)])
    assert together == gains.distillation_gave([distilled(1, 0.9, 0.2, 0.1)])


def test_a_pruned_twin_has_no_teacher_in_its_loss() -> None:
    """What is pruned starts from trained weights, twin or not."""
    sentence = gains.distillation_gave([distilled(1, 0.9, 0.2), distilled(2, 0.9, 0.2, route="prune")])
    assert sentence is not None
    assert "but no teacher in the loss, 2 confirmed networks err" in sentence


def test_what_pruning_gave_at_comparable_size() -> None:
    """A larger student that errs less says nothing about pruning, nor does a pruned network without a rival."""
    trials = [
        trial(1, 9_000, 15.0),
        trial(2, 2_000, 15.5, route="student-prune"),
        trial(3, 1_500, 16.2),
        trial(4, 2_500, 16.0),
        trial(5, 90_000, 14.0, route="prune"),
    ]
    assert gains.pruning_gave(trials, TEACHER) == (
        "Pruning: at comparable size, the best pruned network has validation MAE 15.50 with 2.0 % of the teacher's "
        "parameters (trial 2) and the best fresh student has validation MAE 16.00 with 2.5 % of the teacher's "
        "parameters (trial 4)."
    )
    assert gains.pruning_gave(trials[:1], TEACHER) is None
    apart = gains.pruning_gave([trials[0], trials[4]], TEACHER)
    assert apart is not None
    assert apart.endswith("so that nothing says what it gave.")


def test_unfinished_trials_and_those_outside_the_limits_say_nothing() -> None:
    """A stopped or infeasible network is no rival."""
    stopped = trial(1, 2_000, 14.0).model_copy(update={"state": "PRUNED"})
    outside = trial(2, 2_000, 14.0).model_copy(update={"feasible": False})
    assert gains.pruning_gave([stopped, outside, trial(3, 2_000, 15.0, route="prune")], TEACHER) is None


def test_the_best_is_said_to_be_inside_the_limits_where_another_may_be_better() -> None:
    """A better network outside the limits is not denied."""
    outside = trial(9, 2_000, 14.0, input="raw").model_copy(update={"feasible": False})
    trials = [outside, trial(1, 2_000, 17.0, input="raw"), trial(2, 2_000, 17.5, route="prune", input="deviation")]
    for sentence in (gains.pruning_gave(trials, TEACHER), gains.calendar_gave(trials, TEACHER)):
        assert sentence is not None
        assert "inside the limits" in sentence
        assert "(trial 9)" not in sentence


def test_what_the_calendar_gave() -> None:
    """Networks that see deviations and raw readings are set side by side at comparable size."""
    trials = [trial(1, 3_000, 15.0, input="deviation"), trial(2, 3_100, 18.0, input="raw"), trial(3, 9, 9, input="raw")]
    sentence = gains.calendar_gave(trials, TEACHER)
    assert sentence is not None
    assert "deviations from the calendar profile has validation MAE 15.00 with 3.0 %" in sentence
    assert "raw readings has validation MAE 18.00 with 3.1 % of the teacher's parameters (trial 2)." in sentence
    assert gains.calendar_gave(trials[:1], TEACHER) is None


def test_the_days_of_the_test_split_are_asked_too() -> None:
    """Pairs of seeds share them; a study that did not keep them says nothing of days."""
    network = distilled(1, 0.9, 0.2, 0.1)
    assert network.confirmed is not None
    assert network.confirmed.twin is not None
    own = {f"2024-01-0{day}": (500.0, 100.0) for day in range(1, 6)}
    twin = {day: (500.0 + 10 * number, 100.0) for number, day in enumerate(own, 1)}
    with_days = network.confirmed.twin.model_copy(update={"days": [(own, twin)] * 3})
    confirmed = network.confirmed.model_copy(update={"twin": with_days})
    sentence = gains.distillation_gave([network.model_copy(update={"confirmed": confirmed})], "mph")
    assert sentence is not None
    assert "; over its 5 days the mean difference is +0.12 to +0.48 mph (95 %))" in sentence
    plain = gains.distillation_gave([network], "mph")
    assert plain is not None
    assert "days" not in plain
