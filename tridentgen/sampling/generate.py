"""Weighted events in batches, from any range of event numbers."""

from __future__ import annotations

import platform
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from itertools import chain

import numpy as np

from tridentgen.engines.process import Process, weight_names
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.uniforms import PURPOSE_EVENTS, stream_number
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.events.maps import proposal_groups
from tridentgen.events.weights import BATCH, WeightSums, divide_weights, summed_attributes
from tridentgen.typing import Columns

_MOST_IN_MEMORY = 10**9


def event_batches(
    process: Process,
    proposal: Proposal,
    engine: Engine,
    seed: int,
    *,
    first: int,
    count: int,
    batch: int = BATCH,
    max_weight: float | None = None,
) -> Generator[Columns]:
    """Yield the columns of events `first` to `first + count - 1` in batches that end at multiples of `batch`.

    Weights are normalised for a run of one event: divided by the number of events of the run, they sum to the cross
    section. The column ``accept`` is the uniform number for accept-reject; with `max_weight`, only events with
    weight > ``accept`` x `max_weight` are generated.
    """
    stream = stream_number(PURPOSE_EVENTS)
    ends = chain(range((first // batch + 1) * batch, first + count, batch), [first + count])
    with ThreadPoolExecutor(1) as pool:  # generates the next batch while the caller writes this one

        def make(begin: int, end: int) -> Future[Columns]:
            return pool.submit(engine.events, process, proposal, seed, stream, begin, end - begin, max_weight)

        try:
            begin = next(ends)
            ahead = make(first, begin)
            for end in ends:
                done, ahead = ahead.result(), make(begin, end)
                begin = end
                yield done
            yield ahead.result()
        except BaseException:  # the caller has stopped or was interrupted
            engine.stop()
            raise


def generate_events(
    process: Process, proposal: Proposal, engine: Engine, seed: int, count: int,
    attributes: Mapping[str, str | int | float],
) -> Events:  # fmt: skip
    """Return `count` weighted events in memory, with `attributes` and the attributes of the run.

    Raise `InputError` unless 1 <= count <= 10^9.
    """
    check_count(count)
    sums = WeightSums()
    batches = []
    for batch in event_batches(process, proposal, engine, seed, first=0, count=count):
        del batch["accept"]
        divide_weights(batch, weight_names(process), count)
        sums.add(batch["weight"])
        batches.append(batch)
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    run = run_attributes(sums, seed, engine, proposal)
    return Events(columns, {**attributes, **run, "complete": 1}, proposal_groups(proposal), process.columns)


def check_count(count: int) -> None:
    """Raise `InputError` unless `count` events can be kept in memory."""
    if not 1 <= count <= _MOST_IN_MEMORY:
        raise InputError(f"events = {count} must lie between 1 and {_MOST_IN_MEMORY} to be kept in memory")


def run_attributes(sums: WeightSums, seed: int, engine: Engine, proposal: Proposal) -> dict[str, str | int | float]:
    """Return the root attributes that describe a run and its result."""
    return {
        "seed": seed,
        "engine": engine.name,
        "device": platform.processor() or platform.machine(),
        **software(engine),
        "map_hash": proposal.digest,
        "max_weight": proposal.max_weight,
        **summed_attributes(sums),
    }


def software(engine: Engine) -> dict[str, str]:
    """Return the attributes with the versions of what events depend on besides tridentgen (`SOFTWARE`)."""
    compiler = {"compiler": engine.compiled_by} if engine.compiled_by else {}
    return {"python": platform.python_version(), "numpy": np.__version__, "vegas": version("vegas"), **compiler}
