"""A pruning criterion of your own: the sum of a channel's absolute weights.

kdsearch run --import examples/own_criterion.py --space demo --set criterion=l1,taylor --fix route=prune --trials 6
"""

from kdsearch import CRITERIA, Criterion, Forecaster
from kdsearch.prune.criteria import Scores


def absolute_weights(scores: Scores, network: Forecaster) -> None:
    """Add the absolute weights of each channel to its score."""
    scores.add(network, lambda weight, _gradient: weight.abs())


CRITERIA.add(Criterion("l1", "sum of absolute weights", absolute_weights))
