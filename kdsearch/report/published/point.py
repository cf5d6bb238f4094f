"""One network's errors as a paper prints them."""

from dataclasses import dataclass

__all__ = ["PublishedPoint"]


@dataclass(frozen=True)
class PublishedPoint:
    """Test errors of a network, with what makes them comparable.

    Attributes:
        name: What the network is called; with dataset and protocol it is the only one of that name.
        dataset: As kdsearch names it.
        protocol: As kdsearch names it.
        channel: The forecast channel's name; None for all channels together.
        metrics: "mae", "rmse" or "mape" -> horizon in minutes, or "all" for the mean over the horizon -> value, in the
            unit of the readings, MAPE in per cent.
        source: Authors and year, then after a comma where it was published and which table.
        note: What a reader must know before comparing; empty where nothing is known.
        drawn: Whether figures show it too; of many variants they show a few.
    """

    name: str
    dataset: str
    protocol: str
    channel: str | None
    metrics: dict[str, dict[str, float]]
    source: str
    note: str = ""
    drawn: bool = True

    @property
    def paper(self) -> str:
        """Authors and year."""
        return self.source.partition(",")[0]
