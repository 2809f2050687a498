"""A card for figures that takes little time."""

from __future__ import annotations

from tridentgen.cards import parse_card
from tridentgen.figures.base import Request

CARD = """\
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent"]
form_factor = "woods-saxon"
[flux]
kind = "histogram"
edges_GeV = [1.0, 2.0, 4.0, 8.0]
values = [3.0, 5.0, 1.0]
[sampling]
engine = "numpy"
rel_error = 1e-2
events = 8000
training_points = 20_000
"""


def request(*changes: str, energies: tuple[float, ...] | None = None) -> Request:
    return Request(parse_card(CARD, overrides=changes), energies)


def silent(_what: str, share: float) -> None:
    assert 0.0 <= share <= 1.0
