"""Cut flow of weighted events: the share left after each of successive cuts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tridentgen.events.observables import Cut
from tridentgen.events.weights import share_error
from tridentgen.typing import Columns, FloatArray


@dataclass(frozen=True)
class Share:
    """A share of the cross section and its statistical error; see `share_error` for shares of 0 and 1."""

    value: float
    error: float


@dataclass(frozen=True)
class Measured:
    """A number of events or a cross section, and its statistical error."""

    value: float
    error: float


class CutSums:
    """Sums over events of weight w and probability k to pass each step.

    Attributes
    ----------
    all : array of shape (3,)
        Sums of w and w^2, and the number of events.
    kept : array of shape (steps, 4)
        Sums of w k, w^2 k, w^2 k^2, and the number of events with k > 0, after each step.
    """

    def __init__(self, steps: int) -> None:
        self.all = np.zeros(3)
        self.kept = np.zeros((steps, 4))

    def add(self, w: FloatArray, chances: Iterable[FloatArray]) -> None:
        """Add events of weights `w`, with their probabilities to pass each step."""
        w2 = w**2
        self.all += np.array([np.sum(w), np.sum(w2), len(w)])
        for step, k in enumerate(chances):
            self.kept[step] += np.array([np.sum(w * k), np.sum(w2 * k), np.sum(w2 * k * k), np.count_nonzero(k)])

    def __add__(self, other: CutSums) -> CutSums:
        """Return the sums over the events of both."""
        both = CutSums(len(self.kept))
        both.all, both.kept = self.all + other.all, self.kept + other.kept
        return both

    def share(self, step: int | None, of: CutSums | None = None) -> Share:
        """Return sum w k/sum w after a step, or before all; the denominator is over these events or those of `of`.

        Its variance is sum w^2 (k - share)^2/(sum w)^2, with k = 0 for events outside this set. It vanishes if no event
        or every event passes; the error is then `share_error`.
        """
        total, squares = (float(x) for x in (self if of is None else of).all[:2])
        if not total > 0.0:
            return Share(0.0, 0.0)
        kept, once, twice = (float(x) for x in (self.all[[0, 1, 1]] if step is None else self.kept[step, :3]))
        value = kept / total
        if step is not None and kept in (0.0, total):
            return Share(value, share_error(total, squares))
        variance = twice - 2.0 * value * once + value * value * squares
        return Share(value, math.sqrt(max(variance, 0.0)) / total)


def cut_flow(batches: Iterable[Columns], cuts: Sequence[Cut], groups: str | None = None) -> dict[int, list[Share]]:
    """Return the share of each group's cross section left after each cut; parameters as for `cut_sums`."""
    found = cut_sums(batches, cuts, groups)
    return {group: [sums.share(step) for step in range(len(sums.kept))] for group, sums in found.items()}


def cut_sums(batches: Iterable[Columns], cuts: Sequence[Cut], groups: str | None = None) -> dict[int, CutSums]:
    """Return the sums over each group's events, before and after each cut.

    Parameters
    ----------
    batches
        Columns of weighted events; ``acceptance``, if present, is a further step at the end.
    cuts
        In their order.
    groups
        Integer column that labels the groups; without it all events are group 0.
    """
    found: dict[int, CutSums] = {}
    for batch in batches:
        weight = batch["weight"]
        chances = _chances(batch, cuts)
        numbers = np.zeros(len(weight), dtype=np.int64) if groups is None else batch[groups]
        for group in np.unique(numbers):
            sums = found.setdefault(int(group), CutSums(len(chances)))
            chosen = numbers == group
            sums.add(weight[chosen], [chance[chosen] for chance in chances])
    return found


def _chances(batch: Columns, cuts: Iterable[Cut]) -> list[FloatArray]:
    """Return the probability of every event to pass each step."""
    kept = np.ones(len(batch["weight"]))
    steps = []
    for cut in cuts:
        kept = kept * cut.passes(batch)
        steps.append(kept)
    if "acceptance" in batch:
        steps.append(kept * batch["acceptance"])
    return steps
