"""Identity of a run: whether a file belongs to it and can be resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tridentgen._version import __version__
from tridentgen.cards import Card
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import Engine
from tridentgen.errors import UnfitError
from tridentgen.events.differences import difference
from tridentgen.runs.job import Job, rate_of
from tridentgen.runs.production import Range


def run_id(card: Card, job: Job, *, unweight: bool = False, engine: Engine | None = None, poisson: bool = False) -> str:
    """Return a hash of everything the events depend on except their number: equal for runs with the same events.

    `engine` matters if the card allows fused multiply-add, the exposure if it gives the number of events.
    """
    sampling = card.sampling
    parts = [job.process.signature, sampling.seed, sampling.training_points, sorted(card.cuts.limits.items())]
    parts += [card.detector, *([] if job.placement is None else [job.placement]), __version__]
    if sampling.fast and engine is not None and engine.name != "numpy":  # numpy has no fused operations
        parts.append(("fast", engine.name))
    if unweight:
        parts.append(("rel_error", sampling.rel_error))
    if poisson:
        parts.append(("exposure", rate_of(card, job.beam, 1.0)))
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """Requirements on a file for a run to resume it: its attributes, and the map if one is given."""

    identity: Mapping[str, str | int | float]
    card: str
    proposal: Proposal | None

    @classmethod
    def of(cls, card: Card, job: Job, events: Range, engine: Engine | None, proposal: Proposal | None) -> Self:
        """Return the requirements on the file of these events; `engine` as for `run_id`."""
        identity: dict[str, str | int | float] = {
            "unweighted": int(events.unweight),
            "seed": card.sampling.seed,
            "first": events.first,
        }
        if not events.poisson:  # otherwise the run finds its number of events
            identity |= {"n_requested": events.count, "n_run": events.total}
        identity["run_id"] = run_id(card, job, unweight=events.unweight, engine=engine, poisson=events.poisson)
        return cls(identity, card.text, proposal)

    def check(self, path: Path, known: Mapping[str, Any]) -> None:
        """Raise `UnfitError` if a file belongs to a different run."""
        if any(known.get(name) != value for name, value in self.identity.items()):
            other = difference(known, {**self.identity, "card": self.card}, tuple(self.identity))
            raise UnfitError(
                f"'{path}' belongs to a different run ({other}); move it away, or overwrite it with --force"
            )

    def check_map(self, path: Path, kept: Proposal) -> None:
        """Raise `UnfitError` if the map of a file differs from the one given."""
        if self.proposal is not None and kept.digest != self.proposal.digest:
            raise UnfitError(
                f"'{path}' was generated with a different map than --map; leave --map out, or give the map of that file"
            )
