"""Making the events of a run into its file, weighted or unweighted, from wherever the file stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tridentgen.cards import Card
from tridentgen.detector.placement import Placement
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import Columns, Engine
from tridentgen.errors import InputError
from tridentgen.events.columns import weights_of
from tridentgen.events.hdf5 import RESCALED, EventWriter
from tridentgen.events.observables import passing
from tridentgen.events.output import uninterrupted
from tridentgen.events.weights import BATCH, WeightSums, divide_weights, rows_of_batches, weight_rule
from tridentgen.interrupts import Stopped
from tridentgen.progress import Progress
from tridentgen.sampling.generate import event_batches, run_attributes
from tridentgen.sampling.integrate import CrossSection, cross_section

Flags = NDArray[np.bool_]

_MOST_TRIALS = 1 << 60
_HOPELESS_TRIALS = 10**8


@dataclass(frozen=True)
class Range:
    """Which events are made: `count` of them from `first` on, of a run of `total`.

    A Ctrl-C ends a run that `may_end_early` with the events there are, their weights rescaled; of others it leaves the
    unfinished file, and so does a SIGTERM of all.
    """

    first: int
    count: int
    total: int
    unweight: bool
    may_end_early: bool = True

    def made(self, writer: EventWriter) -> int:
        """Return how many of them a file has: trials, or events where these are counted."""
        return writer.rows if self.unweight else writer.done

    def ends_with(self, writer: EventWriter, interrupt: KeyboardInterrupt) -> bool:
        """Return whether the file is to be closed with the events it has."""
        early = self.may_end_early and not isinstance(interrupt, Stopped) and self.made(writer) > 0
        return early or self.made(writer) == self.count


@dataclass(frozen=True)
class Produced:
    """What was made: the events, the sums of all trials, and the share of the weight that the detector keeps."""

    events: int
    sums: WeightSums
    error: float
    acceptance: float
    overweight: int | None
    complete: bool


def produce(
    writer: EventWriter, card: Card, process: Process, proposal: Proposal, engine: Engine, events: Range,
    progress: Progress, placement: Placement | None = None,
) -> Produced:  # fmt: skip
    """Make the events that the file does not have yet, put them into their places, and close the file."""
    if RESCALED in writer.attributes:
        return _finished(writer, events)
    make = _unweighted if events.unweight else _weighted
    return make(writer, card, process, proposal, engine, events, progress, placement)


class _Tally:
    """Sums over trials: weights of those that pass the cuts, and these times the detector's acceptance."""

    def __init__(self) -> None:
        self.passed, self.seen = WeightSums(), WeightSums()

    def add(self, batch: Columns, kept: Flags) -> None:
        self.passed.add(np.where(kept, batch["weight"], 0.0))
        if "acceptance" in batch:
            self.seen.add(np.where(kept, batch["weight"] * batch["acceptance"], 0.0))

    @property
    def acceptance(self) -> float:
        return self.seen.sum / self.passed.sum if self.seen.trials and self.passed.sum > 0.0 else 1.0

    @classmethod
    def of_file(cls, writer: EventWriter, first: int) -> _Tally:
        """Return the sums of what a file holds, trial by trial as when it was made."""
        tally = cls()
        for part in rows_of_batches(writer.column, first, first + writer.done, writer.rows, BATCH):
            place = part.numbers - np.uint64(part.start)
            batch: Columns = {}
            for name in ("weight", "acceptance"):
                if name in writer.columns:
                    batch[name] = np.zeros(part.stop - part.start)
                    batch[name][place] = writer.column(name, part.row, part.end)
            tally.add(batch, np.ones(part.stop - part.start, dtype=bool))
        return tally


def _weighted(
    writer: EventWriter, card: Card, process: Process, proposal: Proposal, engine: Engine, events: Range,
    progress: Progress, placement: Placement | None,
) -> Produced:  # fmt: skip
    seed, tally = card.sampling.seed, _Tally.of_file(writer, events.first)
    try:
        begin = events.first + writer.done
        left = events.count - writer.done
        batches = event_batches(process, proposal, engine, seed, first=begin, count=left, batch=BATCH)
        for batch in batches if left else ():
            del batch["accept"]
            divide_weights(batch, weights_of(process.columns), events.total)
            kept = passing(batch, card.cuts.cuts)
            selected = _placed(_selected(batch, kept), placement, seed)
            with uninterrupted():
                writer.append(selected, tried=len(kept))
                tally.add(batch, kept)
            progress("generating", writer.done / events.count)
    except KeyboardInterrupt as interrupt:
        if not events.ends_with(writer, interrupt):
            raise
    with uninterrupted() as signals:  # a second Ctrl-C must not leave weights that sum to something else
        sums, complete = tally.passed, writer.done == events.count
        scale = events.total / sums.trials
        # A shard keeps the weights of the whole run, but its cross section is an estimate of the whole.
        sums = sums.scaled(scale)
        results = _results(writer, sums, sums.error, card, proposal, engine, tally.acceptance)
        if complete:
            writer.set_attributes(results | {"weight_rule": weight_rule(events.count, events.total)})
            writer.close(complete=True)
            signals.clear()  # they came when all was done
        else:
            _rescale_and_close(writer, results, weights_of(process.columns), scale, complete=False)
    return Produced(writer.rows, sums, sums.error, tally.acceptance, None, complete)


def _unweighted(
    writer: EventWriter, card: Card, process: Process, proposal: Proposal, engine: Engine, events: Range,
    progress: Progress, placement: Placement | None,
) -> Produced:  # fmt: skip
    """Keep trials by their weight until there are enough; until the end their weights are in units of the maximum."""
    most = proposal.max_weight
    total = cross_section(process, proposal, engine, card.sampling.seed, rel_error=card.sampling.rel_error)
    trials = event_batches(
        process, proposal, engine, card.sampling.seed, first=writer.done, count=_MOST_TRIALS, batch=BATCH,
        max_weight=most,
    )  # fmt: skip
    try:
        while writer.rows < events.count:
            begin, batch = writer.done, next(trials)
            weight = batch.pop("weight")
            batch["weight"] = np.maximum(weight / most, 1.0)
            for name in weights_of(process.columns)[1:]:
                batch[name] = batch[name] * (batch["weight"] / weight)
            del batch["accept"]
            chosen = np.flatnonzero(passing(batch, card.cuts.cuts))[: events.count - writer.rows]
            full = writer.rows + len(chosen) == events.count
            end = int(batch["event_id"][chosen[-1]]) + 1 if full else (begin // BATCH + 1) * BATCH
            selected = {name: values[chosen] for name, values in batch.items()}
            selected = _placed(selected, placement, card.sampling.seed)
            with uninterrupted():
                writer.append(selected, tried=end - begin)
            progress("generating", writer.rows / events.count)
            _check_yield(writer)
    except KeyboardInterrupt as interrupt:
        if not events.ends_with(writer, interrupt):
            raise
    finally:
        trials.close()
    with uninterrupted() as signals:
        made = _finish_unweighted(writer, card, process, proposal, engine, events, total)
        if made.complete:
            signals.clear()
    return made


def _check_yield(writer: EventWriter) -> None:
    """Raise `InputError` where the cuts let next to nothing through."""
    if writer.done >= _HOPELESS_TRIALS and writer.rows * _HOPELESS_TRIALS < writer.done:
        raise InputError(
            f"only {writer.rows} of {writer.done} trials passed the cuts; loosen [cuts], or make weighted events"
        )


def _finish_unweighted(
    writer: EventWriter, card: Card, process: Process, proposal: Proposal, engine: Engine, events: Range,
    total: CrossSection,
) -> Produced:  # fmt: skip
    """Give the weights their size: that of the integral without cuts, else of the share of trials that was kept."""
    relative = _Tally.of_file(writer, 0)
    cut = bool(card.cuts.limits)
    unit = proposal.max_weight / writer.done if cut else total.value / relative.passed.sum
    weights = (writer.column("weight", at, at + BATCH) for at in range(0, writer.rows, BATCH))
    overweight = sum(int(np.count_nonzero(block > 1.0)) for block in weights)
    sums, complete = relative.passed.scaled(unit), writer.rows == events.count
    error = sums.error if cut else total.error
    results = _results(writer, sums, error, card, proposal, engine, relative.acceptance)
    results |= {"overweight_events": overweight, "max_weight": proposal.max_weight}
    _rescale_and_close(writer, results, weights_of(process.columns), unit, complete=complete)
    return Produced(writer.rows, sums, error, relative.acceptance, overweight, complete)


def _results(
    writer: EventWriter, sums: WeightSums, error: float, card: Card, proposal: Proposal, engine: Engine,
    acceptance: float,
) -> dict[str, str | int | float]:  # fmt: skip
    """Return the root attributes that say what came of the run."""
    seen = {"acceptance": acceptance} if "acceptance" in writer.columns else {}
    return {**run_attributes(sums, card.sampling.seed, engine.name, proposal), **seen, "sigma_error": error}


def _rescale_and_close(
    writer: EventWriter, results: dict[str, str | int | float], names: list[str], factor: float, *, complete: bool
) -> None:
    """Give the weights their size. From here on a resumed run has only this left to do."""
    writer.rescale(names, factor, {**results, RESCALED: int(complete)})
    writer.close(complete=complete)


def _finished(writer: EventWriter, events: Range) -> Produced:
    """Close a file that was killed while its weights were rescaled, which `EventWriter.resume` has finished."""
    known = writer.attributes
    tally, complete, overweight = _Tally.of_file(writer, events.first), bool(known[RESCALED]), None
    if events.unweight:
        overweight = int(known["overweight_events"])
    with uninterrupted() as signals:
        writer.close(complete=complete)
        signals.clear()
    error = float(known["sigma_error"])
    return Produced(writer.rows, tally.passed, error, tally.acceptance, overweight, complete)


def _placed(batch: Columns, placement: Placement | None, seed: int) -> Columns:
    return batch if placement is None else placement.placed(batch, seed)


def _selected(batch: Columns, kept: Flags) -> Columns:
    return batch if kept.all() else {name: values[kept] for name, values in batch.items()}
