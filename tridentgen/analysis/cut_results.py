"""Results of cuts on the events of a file: shares, cross sections and their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tridentgen.analysis.cut_flow import CutSums, Measured


@dataclass(frozen=True)
class Scale:
    """Normalisation of sums of weights.

    Attributes
    ----------
    sigma_cm2 : float or None
        Cross section of all events; None if only sums of weights are known.
    sigma_error : float or None
        Its error, if known more precisely than from the events themselves.
    trials : float
        Number of trials of the events; infinite if unknown.
    """

    sigma_cm2: float | None
    sigma_error: float | None
    trials: float

    def amount(self, part: CutSums, whole: CutSums, step: int | None = None) -> Measured:
        """Return cross section in cm^2, or sum of weights, of a subset of the events after a step or before all."""
        kept, squares = (float(x) for x in (part.all[:2] if step is None else part.kept[step, [0, 2]]))
        total = float(whole.all[0])
        factor = 1.0 if self.sigma_cm2 is None or not total > 0.0 else self.sigma_cm2 / total
        if self.sigma_error is not None:
            share = part.share(step, of=whole)
            return Measured(factor * kept, math.hypot(self.sigma_error * share.value, factor * total * share.error))
        if step is not None and not kept > 0.0:
            return Measured(0.0, factor * float(part.all[0]) * part.share(step).error)
        bessel = self.trials / (self.trials - 1.0) if 1.0 < self.trials < math.inf else 1.0
        return Measured(factor * kept, factor * math.sqrt(max(squares - kept * kept / self.trials, 0.0) * bessel))


@dataclass(frozen=True)
class CutFlow:
    """Result of the cut flow.

    Attributes
    ----------
    path : Path
    what : str
        ``tridents``, ``CEvNS`` or ``candidates``.
    steps : tuple of str
        The cuts in words, in order.
    groups : mapping of str to CutSums
        Tridents by regime, with other events among them as ``other``; or ``all`` events together.
    scale : Scale
    output : Path or None
        File of the events that pass.
    written : int
        How many they are.
    notes : tuple of str
        What is to be said of a file of another generator: masses not believed, recoils reconstructed.
    """

    path: Path
    what: str
    steps: tuple[str, ...]
    groups: Mapping[str, CutSums]
    scale: Scale
    output: Path | None = None
    written: int = 0
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> CutSums:
        """The sums over all events."""
        return self.sums(tuple(self.groups))

    def sums(self, groups: Sequence[str]) -> CutSums:
        """Return the sums over some of the groups."""
        return sum((self.groups[name] for name in groups), CutSums(len(self.steps)))
