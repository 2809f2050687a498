"""What a worker does: make the process of a card once, then evaluate ranges of it.

What travels is the text of the card and arrays. Each worker makes the process itself, once, and checks that it is that
of the run.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tridentgen._version import __version__
from tridentgen.cards import Card, parse_card
from tridentgen.engines import choose_engine
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.runs.job import job_of

_MOST_DENSITIES = 2


@dataclass(frozen=True)
class Recipe:
    """What a worker makes its process and engine from.

    Attributes
    ----------
    card : str
        TOML of the card with all overrides.
    folder : str
        Where the card's relative paths start; workers on other machines need the same file there.
    signature, version : str
        Of the run: a worker that comes to another process, or has another tridentgen, refuses.
    """

    card: str
    folder: str
    signature: str
    version: str = __version__

    @classmethod
    def of(cls, card: Card, process: Process) -> Recipe:
        """Return the recipe of a card that makes `process`."""
        return cls(card.text, str(card.base_dir.resolve()), process.signature)


@dataclass(frozen=True)
class _Bench:
    """A worker's process and engine, and the densities it has been sent, by their digests."""

    process: Process
    engine: Engine
    densities: dict[str, Proposal] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def density(self, digest: str, sent: Proposal | None) -> Proposal | None:
        """Return the density, which is kept for the tasks to come."""
        with self.lock:
            if sent is not None:
                self.densities[digest] = sent
                while len(self.densities) > _MOST_DENSITIES:
                    del self.densities[next(iter(self.densities))]
            return self.densities.get(digest)


@lru_cache(maxsize=2)
def _bench(recipe: Recipe) -> _Bench:
    if recipe.version != __version__:
        raise InputError(
            f"a worker has tridentgen {__version__} and the run {recipe.version}; install the same everywhere"
        )
    card = dataclasses.replace(parse_card(recipe.card), path=Path(recipe.folder) / "card.toml")
    process, sampling = job_of(card).process, card.sampling
    if process.signature != recipe.signature:
        raise InputError(
            f"a worker finds another flux or other data in '{recipe.folder}' than the run; give all machines the same "
            "files"
        )
    return _Bench(process, choose_engine(sampling.engine, sampling.threads or 1, fast=sampling.fast))


def engine_name(recipe: Recipe) -> str:
    """Return the name of this worker's engine, made ready by that."""
    return _bench(recipe).engine.name


def evaluate_channel(recipe: Recipe, method: str, channel: int, density: ChannelProposal, *arguments: Any) -> Any:
    """Return what a method of the engine says of one channel."""
    bench = _bench(recipe)
    with _one_at_a_time(bench):
        return getattr(bench.engine, method)(bench.process, channel, density, *arguments)


def evaluate_events(recipe: Recipe, method: str, digest: str, sent: Proposal | None, *arguments: Any) -> Any:
    """Return what a method of the engine says of events; None where the density has not been sent to this worker."""
    bench = _bench(recipe)
    density = bench.density(digest, sent)
    if density is None:
        return None
    with _one_at_a_time(bench):
        return getattr(bench.engine, method)(bench.process, density, *arguments)


def _one_at_a_time(bench: _Bench) -> Any:
    """Return what keeps threads of a worker from each other's way: kernels on a GPU share their constants."""
    return bench.lock if bench.engine.name == "cuda" else threading.Lock()
