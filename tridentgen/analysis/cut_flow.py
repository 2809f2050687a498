"""What cuts leave of weighted events, one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.analysis.cuts import Observable, passing

Columns = Mapping[str, NDArray[Any]]
Limits = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Share:
    """A share of the cross section and its statistical error."""

    value: float
    error: float


class _Sums:
    """Sums over events of weight w and chance k to be kept: w, w^2, and for each step w k, w^2 k, w^2 k^2."""

    def __init__(self, steps: int) -> None:
        self.all = np.zeros(2)
        self.kept = np.zeros((steps, 3))

    def share(self, step: int) -> Share:
        """Return sum w k/sum w; its variance is sum w^2 (k - share)^2/(sum w)^2."""
        total, squares = (float(x) for x in self.all)
        if not total > 0.0:
            return Share(0.0, 0.0)
        kept, once, twice = (float(x) for x in self.kept[step])
        value = kept / total
        variance = twice - 2.0 * value * once + value * value * squares
        return Share(value, math.sqrt(max(variance, 0.0)) / total)


def cut_flow(batches: Iterable[Columns], limits: Limits, groups: str | None = None) -> dict[int, list[Share]]:
    """Return the share of each group's cross section that is left after each cut.

    Parameters
    ----------
    batches
        Columns of weighted events; ``acceptance``, where they have it, is one more step at the end.
    limits
        Lowest and highest value of each observable, in the order of the cuts.
    groups
        Column of whole numbers by which to tell groups apart; without it all events are group 0.
    """
    found: dict[int, _Sums] = {}
    for batch in batches:
        weight = batch["weight"]
        chances = _chances(batch, limits)
        numbers = np.zeros(len(weight), dtype=np.int64) if groups is None else batch[groups]
        for group in np.unique(numbers):
            sums = found.setdefault(int(group), _Sums(len(chances)))
            chosen = numbers == group
            w, w2 = weight[chosen], weight[chosen] ** 2
            sums.all += np.array([np.sum(w), np.sum(w2)])
            for step, chance in enumerate(chances):
                k = chance[chosen]
                sums.kept[step] += np.array([np.sum(w * k), np.sum(w2 * k), np.sum(w2 * k * k)])
    return {group: [sums.share(step) for step in range(len(sums.kept))] for group, sums in found.items()}


def _chances(batch: Columns, limits: Limits) -> list[NDArray[np.float64]]:
    """Return the chance of every event to be kept after each step."""
    kept = np.ones(len(batch["weight"]))
    steps = []
    for name, limit in limits.items():
        kept = kept * passing(batch, {name: limit})
        steps.append(kept)
    if "acceptance" in batch:
        steps.append(kept * batch["acceptance"])
    return steps


def in_words(limits: Limits, observables: Iterable[Observable]) -> list[str]:
    """Return each cut as in ``5 <= theta_minus <= 20 deg``, in the units of the card."""
    known = {observable.name: observable for observable in observables}
    words = []
    for name, (low, high) in limits.items():
        seen = known[name]
        least, largest = f"{low / seen.factor:.6g}", f"{high / seen.factor:.6g}"
        if not math.isfinite(low):
            told = f"{name} <= {largest}"
        elif not math.isfinite(high):
            told = f"{name} >= {least}"
        else:
            told = f"{least} <= {name} <= {largest}"
        words.append(f"{told} {seen.unit}".rstrip())
    return words
