"""Numbers as the papers print them; each table names its source and what is known to be wrong in it."""

from dataclasses import dataclass

__all__ = ["TABLE_1", "NetworkOfTable1"]


@dataclass(frozen=True)
class NetworkOfTable1:
    """A row of Table 1 of Izadi et al. 2024 (its second half is labelled PeMSD7 there and is PeMSD8).

    Attributes:
        dataset: Whose graph.
        nodes: Its sensors.
        network: "teacher", "base" or "student".
        width: Channels c of [1, c, 2c] [2c, c, 4c].
        parameters: Trained parameters.
        test_seconds: Of a batch of 1140 windows on a GTX 1080 Ti.
    """

    dataset: str
    nodes: int
    network: str
    width: int
    parameters: int
    test_seconds: float


TABLE_1 = (
    NetworkOfTable1("PeMSD7", 228, "teacher", 32, 333_604, 3.423),
    NetworkOfTable1("PeMSD7", 228, "base", 8, 48_628, 1.069),
    NetworkOfTable1("PeMSD7", 228, "student", 2, 10_144, 0.547),
    NetworkOfTable1("PeMSD8", 170, "teacher", 32, 296_426, 2.556),
    NetworkOfTable1("PeMSD8", 170, "base", 8, 39_290, 0.810),
    NetworkOfTable1("PeMSD8", 170, "student", 2, 7_766, 0.441),
)
