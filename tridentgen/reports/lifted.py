"""The share of accepted events that only the resolution lifts above the threshold of the detector."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

from tridentgen.cards import Card
from tridentgen.events.reader import open_events

_WORTH_SAYING = 0.05


def lifted_words(share: float, threshold_keVee: float) -> Iterator[str]:
    """Yield a line on the share of accepted events with a quenched energy below the threshold, if it is not small."""
    if share > _WORTH_SAYING:
        yield (
            f"{share:.1%} of the observed events are below threshold_keVee = {threshold_keVee:g} before the "
            "resolution, which lifts them; see detector.quenched_min_keVee"
        )


def lifted_share(card: Card, path: str | os.PathLike[str]) -> float:
    """Return that share for the events of a file of the card; 0 if they have no threshold or no resolution."""
    detector = card.detector
    if detector is None or detector.resolution is None or detector.threshold_keVee == 0.0:
        return 0.0
    accepted, lifted = [], []
    with open_events(path) as file:
        for block in file.blocks(["weight", "acceptance", "quenched_energy"]):
            weight = block["weight"] * block["acceptance"]
            accepted.append(math.fsum(weight))
            lifted.append(math.fsum(weight[block["quenched_energy"] < detector.threshold_keVee]))
    return math.fsum(lifted) / math.fsum(accepted) if any(accepted) else 0.0
