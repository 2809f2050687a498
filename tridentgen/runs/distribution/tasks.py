"""Tasks of a worker: build the process of a card once, then evaluate ranges of it.

Only the text of the card and arrays are sent. Each worker builds the process itself, once, and checks that it is that
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
    """Input from which a worker builds its process and engine.

    Attributes
    ----------
    card : str
        TOML of the card with all overrides.
    folder : str
        Base folder of the card's relative paths; workers on other machines need the same files there.
    signature, version : str
        Those of the run; a worker with another process or another version of tridentgen raises an error.
    """

    card: str
    folder: str
    signature: str
    version: str = __version__

    @classmethod
    def of(cls, card: Card, process: Process) -> Recipe:
        """Return the recipe of a card for `process`."""
        return cls(card.text, str(card.base_dir.resolve()), process.signature)


@dataclass(frozen=True)
class _Bench:
    """Process and engine of a worker, and the proposals it has received, by digest."""

    process: Process
    engine: Engine
    densities: dict[str, Proposal] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def density(self, digest: str, sent: Proposal | None) -> Proposal | None:
        """Return the proposal, cached for later tasks."""
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
            f"a worker has tridentgen {__version__} and the run {recipe.version}; install the same version everywhere"
        )
    card = dataclasses.replace(parse_card(recipe.card), path=Path(recipe.folder) / "card.toml")
    process, sampling = job_of(card).process, card.sampling
    if process.signature != recipe.signature:
        raise InputError(
            f"the flux or other data in '{recipe.folder}' differ between a worker and the run; give all machines the "
            "same files"
        )
    return _Bench(process, choose_engine(sampling.engine, sampling.threads or 1, fast=sampling.fast))


def engine_name(recipe: Recipe) -> str:
    """Prepare this worker's engine and return its name."""
    return _bench(recipe).engine.name


def evaluate_channel(recipe: Recipe, method: str, channel: int, density: ChannelProposal, *arguments: Any) -> Any:
    """Return the result of a method of the engine for one sampling channel."""
    bench = _bench(recipe)
    with _one_at_a_time(bench):
        return getattr(bench.engine, method)(bench.process, channel, density, *arguments)


def evaluate_events(recipe: Recipe, method: str, digest: str, sent: Proposal | None, *arguments: Any) -> Any:
    """Return the result of a method of the engine for events; None if this worker lacks the proposal."""
    bench = _bench(recipe)
    density = bench.density(digest, sent)
    if density is None:
        return None
    with _one_at_a_time(bench):
        return getattr(bench.engine, method)(bench.process, density, *arguments)


def _one_at_a_time(bench: _Bench) -> Any:
    """Return a lock that serialises the threads of a worker on a GPU, where kernels share their constants."""
    return bench.lock if bench.engine.name == "cuda" else threading.Lock()
