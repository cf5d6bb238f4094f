r"""A cost of your own: the energy of one forecast, from its operations and the numbers that it moves.

kdsearch run --import examples/own_objective.py --space demo --trials 6 --objective mae,energy \
    --constraint "energy<=80%"

The picojoules are Horowitz's for 45 nm (ISSCC 2014): 4.6 for a float32 multiply and add, 640 for 4 bytes from memory.
"""

from kdsearch import OBJECTIVES, Objective
from kdsearch.measure.cost import forecast_cost
from kdsearch.measure.subject import Subject

MULTIPLY_ADD_PJ = 4.6
MEMORY_PJ = 640.0


def energy_mj(subject: Subject, horizon: int) -> float:
    """Millijoules of one forecast of the whole horizon."""
    cost = forecast_cost(subject.network, subject.window, horizon, subject.stored_numbers)
    return 1e-9 * (MULTIPLY_ADD_PJ * cost.flops / 2 + MEMORY_PJ * cost.stored_numbers)


OBJECTIVES.add(Objective("energy", "mJ", "energy of one forecast", measure=energy_mj))
