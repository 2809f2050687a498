"""Which run a file is of: whether a run can go on with it."""

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
from tridentgen.runs.job import Job
from tridentgen.runs.production import Range


def run_id(card: Card, job: Job, *, unweight: bool = False, engine: Engine | None = None) -> str:
    """Return a hash of all that the events depend on but their number: equal for runs whose events are the same.

    `engine` matters where the card lets it fuse operations.
    """
    sampling = card.sampling
    parts = [job.process.signature, sampling.seed, sampling.training_points, sorted(card.cuts.limits.items())]
    parts += [card.detector, *([] if job.placement is None else [job.placement]), __version__]
    if sampling.fast and engine is not None and engine.name != "numpy":  # which has nothing to fuse
        parts.append(("fast", engine.name))
    if unweight:
        parts.append(("rel_error", sampling.rel_error))
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """What a file has to be of for a run to go on with it: its attributes, and the map where one is given."""

    identity: Mapping[str, str | int | float]
    card: str
    proposal: Proposal | None

    @classmethod
    def of(cls, card: Card, job: Job, events: Range, engine: Engine | None, proposal: Proposal | None) -> Self:
        """Return what the file of these events has to be of; `engine` as for `run_id`."""
        identity: dict[str, str | int | float] = {
            "unweighted": int(events.unweight),
            "seed": card.sampling.seed,
            "first": events.first,
            "n_requested": events.count,
            "n_run": events.total,
            "run_id": run_id(card, job, unweight=events.unweight, engine=engine),
        }
        return cls(identity, card.text, proposal)

    def check(self, path: Path, known: Mapping[str, Any]) -> None:
        """Raise `UnfitError` where a file is of another run."""
        if any(known.get(name) != value for name, value in self.identity.items()):
            other = difference(known, {**self.identity, "card": self.card}, tuple(self.identity))
            raise UnfitError(f"'{path}' is of another run ({other}); move it away, or overwrite it with --force")

    def check_map(self, path: Path, kept: Proposal) -> None:
        """Raise `UnfitError` where the map of a file is not the one given."""
        if self.proposal is not None and kept.digest != self.proposal.digest:
            raise UnfitError(
                f"'{path}' was made with another map than that of --map; leave --map out, or give the map it was made "
                "with"
            )
