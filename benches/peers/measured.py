"""What a part of the comparison yields, and how it is printed."""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Measured:
    """A quantity of ours and of the peer in one round: nanoseconds, MiB, or requests per second."""

    def __init__(self, ours, peer, unit="time"):
        self.ours, self.peer, self.unit = ours, peer, unit

    def ratio(self):
        """How many times better ours is."""
        return self.ours / self.peer if self.unit == "per second" else self.peer / self.ours


def printed(value, unit):
    if unit == "MiB":
        return f"{value:.3g} MiB"
    if unit == "per second":
        return f"{value:,.0f} a second"
    for name, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g} ns"
