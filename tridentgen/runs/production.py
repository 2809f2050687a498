"""Production of the events of a run, weighted or unweighted, continuing a partial file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from tridentgen.detector.placement import Placement
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.events.columns import weights_of
from tridentgen.events.hdf5 import RESCALED, EventWriter
from tridentgen.events.observables import Cut, passing
from tridentgen.events.output import uninterrupted
from tridentgen.events.stated_exposure import StatedExposure, exposure_results
from tridentgen.events.weights import BATCH, AcceptedSums, WeightSums, divide_weights, rows_of_batches, weight_rule
from tridentgen.interrupts import Stopped
from tridentgen.progress import Progress
from tridentgen.runs.job import place
from tridentgen.sampling.generate import event_batches, run_attributes
from tridentgen.sampling.integrate import CrossSection, cross_section
from tridentgen.sampling.poisson import LARGEST_MEAN, poisson_number
from tridentgen.typing import Columns, Flags, FloatArray

BEFORE_CUTS, MEAN = "n_before_cuts", "poisson_mean"
"""Root attributes of a run with a Poisson number of events: those accepted so far, before the cuts, and the mean."""

_MOST_TRIALS = 1 << 60
_HOPELESS_TRIALS = 10**8


@dataclass(frozen=True)
class Range:
    """Range of events to generate: `count` of them from `first` on, of a run of `total`.

    A Ctrl-C ends a run that `may_end_early` with the events generated so far, their weights rescaled; other runs keep
    the unfinished file. A SIGTERM always keeps the unfinished file.

    With `poisson`, `count` is a Poisson number of unweighted events before the cuts, 0 until its mean is known.
    """

    first: int
    count: int
    total: int
    unweight: bool
    may_end_early: bool = True
    poisson: bool = False

    def made(self, writer: EventWriter) -> int:
        """Return how many of them a file has: trials, or events if unweighted."""
        if self.poisson:
            return int(writer.attributes.get(BEFORE_CUTS, 0))
        return writer.rows if self.unweight else writer.done

    def ends_with(self, writer: EventWriter, interrupt: KeyboardInterrupt) -> bool:
        """Return whether an interrupted file is closed with the events it has."""
        early = self.may_end_early and not isinstance(interrupt, Stopped) and self.made(writer) > 0
        return early or self.made(writer) == self.count


@dataclass(frozen=True)
class Plan:
    """Inputs of a run: the same plan gives the same events."""

    process: Process
    proposal: Proposal
    engine: Engine
    seed: int
    cuts: tuple[Cut, ...]
    rel_error: float
    """Relative precision of the cross section to which unweighted events are normalised."""
    placement: Placement | None
    events: Range

    @property
    def weight_names(self) -> list[str]:
        """Names of the weight columns, ``weight`` first."""
        return weights_of(self.process.columns)

    def placed(self, batch: Columns) -> Columns:
        """Return events with their vertices and times, if the run has a placement."""
        return batch if self.placement is None else place(self.placement, self.process.columns, batch, self.seed)

    def results(self, sums: WeightSums, error: float) -> dict[str, str | int | float]:
        """Return the root attributes with the result of the run."""
        return run_attributes(sums, self.seed, self.engine, self.proposal) | {"sigma_error": error}


@dataclass(frozen=True)
class Produced:
    """Result of a run as in its event file; `acceptance` is the share of the weight accepted by the detector.

    `poisson_mean` is the mean of the number of events before the cuts, if it is a Poisson number.
    """

    events: int
    trials: int
    sigma: float
    error: float
    effective_share: float
    acceptance: float
    acceptance_error: float
    overweight: int | None
    complete: bool
    poisson_mean: float | None = None

    @classmethod
    def of_file(cls, attributes: Mapping[str, Any], rows: int, *, complete: bool) -> Self:
        """Return the result given by the root attributes of a file with `rows` events."""
        trials, sigma, squares = int(attributes["n_trials"]), float(attributes["sigma"]), float(attributes["sum_w2"])
        return cls(
            events=rows,
            trials=trials,
            sigma=sigma,
            error=float(attributes["sigma_error"]),
            effective_share=sigma * sigma / (trials * squares) if squares > 0.0 else 0.0,
            acceptance=float(attributes.get("acceptance", 1.0)),
            acceptance_error=float(attributes.get("acceptance_error", 0.0)),
            overweight=int(attributes["overweight_events"]) if "overweight_events" in attributes else None,
            complete=complete,
            poisson_mean=float(attributes[MEAN]) if MEAN in attributes else None,
        )


def produce(writer: EventWriter, plan: Plan, progress: Progress) -> Produced:
    """Generate the events that the file lacks, add their placement, and close the file."""
    if RESCALED in writer.attributes:
        return _finished(writer)
    return (_unweighted if plan.events.unweight else _weighted)(writer, plan, progress)


class _Tally:
    """Sums over trials that pass the cuts."""

    def __init__(self) -> None:
        self.sums = AcceptedSums()

    def add(self, batch: Columns, kept: Flags, selected: Columns) -> None:
        """Add a batch of trials, of which those that pass are `selected`, with the acceptance of the detector."""
        seen: FloatArray | None = None
        if "acceptance" in selected:
            seen = np.zeros(len(kept))
            seen[kept] = selected["acceptance"]
        self.sums.add(np.where(kept, batch["weight"], 0.0), seen)

    @property
    def passed(self) -> WeightSums:
        return self.sums.weight

    @classmethod
    def of_file(cls, writer: EventWriter, first: int) -> _Tally:
        """Return the sums over the events of a file, trial by trial as in the original run."""
        tally = cls()
        for part in rows_of_batches(writer.column, first, first + writer.done, writer.rows, BATCH):
            place = part.numbers - np.uint64(part.start)
            batch: Columns = {}
            for name in ("weight", "acceptance"):
                if name in writer.columns:
                    batch[name] = np.zeros(part.stop - part.start)
                    batch[name][place] = writer.column(name, part.row, part.end)
            tally.add(batch, np.ones(part.stop - part.start, dtype=bool), batch)
        return tally


def _weighted(writer: EventWriter, plan: Plan, progress: Progress) -> Produced:
    events, tally = plan.events, _Tally.of_file(writer, plan.events.first)
    try:
        begin = events.first + writer.done
        left = events.count - writer.done
        batches = event_batches(
            plan.process, plan.proposal, plan.engine, plan.seed, first=begin, count=left, batch=BATCH
        )
        for batch in batches if left else ():
            del batch["accept"]
            divide_weights(batch, plan.weight_names, events.total)
            kept = passing(batch, plan.cuts)
            selected = plan.placed(_selected(batch, kept))
            with uninterrupted():
                writer.append(selected, tried=len(kept))
                tally.add(batch, kept, selected)
            progress("generating", writer.done / events.count)
    except KeyboardInterrupt as interrupt:
        if not events.ends_with(writer, interrupt):
            raise
    with uninterrupted() as signals:  # a second Ctrl-C must not leave weights that sum to something else
        complete = writer.done == events.count
        scale = events.total / tally.passed.trials
        # A shard keeps the weights of the whole run, but its cross section is an estimate of the whole.
        sums = tally.passed.scaled(scale)
        results = plan.results(sums, sums.error) | tally.sums.attributes
        results |= exposure_results(writer.attributes | results, events.count / events.total if complete else 1.0)
        if complete:
            writer.set_attributes(results | {"weight_rule": weight_rule(events.count, events.total)})
            writer.close(complete=True)
            signals.clear()  # the run is complete; ignore pending signals
        else:
            _rescale_and_close(writer, results, plan.weight_names, scale, complete=False)
    return Produced.of_file(results, writer.rows, complete=complete)


def _unweighted(writer: EventWriter, plan: Plan, progress: Progress) -> Produced:
    """Generate events by accept-reject until enough are accepted; until the end their weights are in units of w_max."""
    process, proposal, engine, seed = plan.process, plan.proposal, plan.engine, plan.seed
    total = None
    if plan.events.poisson or not plan.cuts:
        total = cross_section(process, proposal, engine, seed, rel_error=plan.rel_error)
        plan = _with_poisson_number(writer, plan, total.value) if plan.events.poisson else plan
    events, most = plan.events, proposal.max_weight
    trials = event_batches(
        process, proposal, engine, seed, first=writer.done, count=_MOST_TRIALS, batch=BATCH, max_weight=most
    )
    try:
        while (made := events.made(writer)) < events.count:
            begin, batch = writer.done, _in_units_of_w_max(next(trials), plan)
            selected, counted, last = _chosen(batch, plan, events.count - made)
            end = (begin // BATCH + 1) * BATCH if last is None else last + 1
            with uninterrupted():
                if events.poisson:
                    writer.set_attributes({BEFORE_CUTS: made + counted})
                writer.append(plan.placed(selected), tried=end - begin)
            progress("generating", (made + counted) / events.count)
            if not events.poisson:
                _check_yield(writer)
    except KeyboardInterrupt as interrupt:
        if not events.ends_with(writer, interrupt):
            raise
    finally:
        trials.close()
    with uninterrupted() as signals:
        done = _finish_unweighted(writer, plan, total)
        if done.complete:
            signals.clear()
    return done


def _in_units_of_w_max(batch: Columns, plan: Plan) -> Columns:
    """Return accepted events with the weight 1, or w/w_max > 1 if they are overweight; parts of it in proportion."""
    weight = batch.pop("weight")
    batch["weight"] = np.maximum(weight / plan.proposal.max_weight, 1.0)
    for name in plan.weight_names[1:]:
        batch[name] = batch[name] * (batch["weight"] / weight)
    del batch["accept"]
    return batch


def _chosen(batch: Columns, plan: Plan, left: int) -> tuple[Columns, int, int | None]:
    """Return the events of a batch to write, how many count towards the `left`, and the trial that is the last of them.

    All events count for a Poisson number, otherwise those that pass the cuts. The last is None if more are needed.
    """
    passed = passing(batch, plan.cuts)
    counted = np.arange(len(passed)) if plan.events.poisson else np.flatnonzero(passed)
    counted = counted[:left]
    last = int(batch["event_id"][counted[-1]]) if len(counted) == left else None
    written = counted[passed[counted]]
    return {name: values[written] for name, values in batch.items()}, len(counted), last


def _with_poisson_number(writer: EventWriter, plan: Plan, sigma_cm2: float) -> Plan:
    """Return the plan with its number of events before cuts, drawn for the exposure of the card.

    A Poisson number of independent events has a Poisson number that pass the cuts, with the mean of those.
    """
    stated = StatedExposure.of(writer.attributes)
    if stated is None:
        raise InputError("a Poisson number of events needs an exposure")
    mean = stated.events_per_cm2 * sigma_cm2
    if mean > LARGEST_MEAN:
        writer.discard()  # its map is of no use
        raise InputError(
            f"--exposure: {mean:.3g} events are expected for the card's exposure, {stated.words}, more than "
            f"{LARGEST_MEAN:g}; give a smaller exposure, or --events"
        )
    count = poisson_number(mean, plan.seed)
    writer.set_attributes({"n_requested": count, "n_run": count, MEAN: mean, BEFORE_CUTS: plan.events.made(writer)})
    return replace(plan, events=replace(plan.events, count=count, total=count))


def _check_yield(writer: EventWriter) -> None:
    """Raise `InputError` if hardly any trial passes the cuts."""
    if writer.done >= _HOPELESS_TRIALS and writer.rows * _HOPELESS_TRIALS < writer.done:
        raise InputError(
            f"only {writer.rows} of {writer.done} trials passed the cuts; loosen [cuts], or generate weighted events"
        )


def _finish_unweighted(writer: EventWriter, plan: Plan, total: CrossSection | None) -> Produced:
    """Normalise the weights: to the integral, or, where cuts leave none, to the share of accepted trials."""
    relative, most, events = _Tally.of_file(writer, 0), plan.proposal.max_weight, plan.events
    sigma = None if plan.cuts or total is None else total
    unit = _unit(relative.passed.sum, most, writer.done, sigma)
    weights = (writer.column("weight", at, at + BATCH) for at in range(0, writer.rows, BATCH))
    overweight = sum(int(np.count_nonzero(block > 1.0)) for block in weights)
    sums, complete = relative.passed.scaled(unit), events.made(writer) == events.count
    results = plan.results(sums, sums.error if sigma is None else sigma.error) | relative.sums.attributes
    results |= {"overweight_events": overweight}
    if events.poisson:
        results |= {"sigma": results["sigma"] if sigma is None else sigma.value}  # also of no events at all
        results |= {"n_requested": writer.rows, "n_run": writer.rows} if complete else {}
    known = writer.attributes | results
    results |= _stated(known, events, unit)
    _rescale_and_close(writer, results, plan.weight_names, unit, complete=complete)
    return Produced.of_file(known, writer.rows, complete=complete)


def _unit(events: float, most: float, trials: int, sigma: CrossSection | None) -> float:
    """Return the weight of an event that is not overweight, from the sum of weights in units of this weight."""
    if sigma is not None:
        return sigma.value / events if events > 0.0 else sigma.value
    return most / max(trials, 1)


def _stated(attributes: Mapping[str, Any], events: Range, unit: float) -> dict[str, float]:
    """Return the attributes for what unweighted events stand for: a Poisson number stands for the card's exposure."""
    stated = StatedExposure.of(attributes)
    if stated is None:
        return {}
    if not events.poisson:
        return stated.results(attributes, stated.share_of_unit(unit))
    return stated.results(attributes, attributes[BEFORE_CUTS] / events.count if events.count else 1.0)


def _rescale_and_close(
    writer: EventWriter, results: dict[str, str | int | float], names: list[str], factor: float, *, complete: bool
) -> None:
    """Normalise the weights and close the file. A run resumed after this point only repeats this step."""
    writer.rescale(names, factor, {**results, RESCALED: int(complete)})
    writer.close(complete=complete)


def _finished(writer: EventWriter) -> Produced:
    """Close a file that was killed while its weights were rescaled, which `EventWriter.resume` has finished."""
    known = writer.attributes
    complete = bool(known[RESCALED])
    with uninterrupted() as signals:
        writer.close(complete=complete)
        signals.clear()
    return Produced.of_file(known, writer.rows, complete=complete)


def _selected(batch: Columns, kept: Flags) -> Columns:
    return batch if kept.all() else {name: values[kept] for name, values in batch.items()}
