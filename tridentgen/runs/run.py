"""Run a card: from the card to the event file."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tridentgen.cards import Card, read_card
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import Engine
from tridentgen.errors import FileError, InputError, UnfitError, one_line
from tridentgen.events.committed import is_begun
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.maps import proposal_from_groups, proposal_groups, read_proposal
from tridentgen.events.output import check_output, part_path, real_path
from tridentgen.events.reader import open_events
from tridentgen.interrupts import Stopped, Terminated
from tridentgen.progress import Progress, silent
from tridentgen.runs.distribution import DistributedEngine, Recipe
from tridentgen.runs.identity import Wanted
from tridentgen.runs.job import Job, engine_of, exposure_attributes, placed_job, rate_of
from tridentgen.runs.production import Plan, Produced, Range, produce
from tridentgen.sampling.train import train

_log = logging.getLogger("tridentgen")

PATIENCE_S = 3600.0
"""Default time in seconds that a run waits for its workers."""


@dataclass(frozen=True)
class Run:
    """Result of a run.

    Attributes
    ----------
    path : Path
        The event file.
    events, trials : int
        Events written, and trials; they differ if cuts were applied or events unweighted.
    sigma, error : float
        Cross section within the cuts in cm^2 and its standard deviation.
    effective_share, unweighting_efficiency : float
        Effective sample size (Kish) (sum w)^2/(trials sum w^2), and mean weight over w_max of the training, the weight
        above which events carry 1e-4 of the total.
    expected_events, expected_events_error : float or None
        For the card's exposure, if it has one; accepted by the detector, if there is one. The error is that of the
        cross section and the acceptance of these events.
    acceptance : float or None
        Share of the cross section accepted by the detector of the card, if it has one.
    overweight : int or None
        Overweight events of an unweighted run.
    flux : str
        The flux or source in words; of a file, with the columns and units taken.
    complete : bool
        False if the run was interrupted.
    poisson_mean : float or None
        Mean of the number of events before cuts, if it is a Poisson number for the card's exposure.
    caveats : tuple of str
        What the calculation leaves out and matters, one line each.
    """

    path: Path
    events: int
    trials: int
    sigma: float
    error: float
    effective_share: float
    unweighting_efficiency: float
    expected_events: float | None
    acceptance: float | None
    overweight: int | None
    flux: str
    engine: str
    seconds: float
    complete: bool
    poisson_mean: float | None = None
    caveats: tuple[str, ...] = ()
    expected_events_error: float | None = None


def run(
    card: Card | str | Path,
    output: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    map_file: str | Path | None = None,
    first: int | None = None,
    count: int | None = None,
    unweight: bool = False,
    exposure: bool = False,
    resume: bool = False,
    force: bool = False,
    executor: Executor | None = None,
    patience_s: float = PATIENCE_S,
    progress: Progress = silent,
) -> Run:
    """Generate the events of a card into an HDF5 file.

    Parameters
    ----------
    card : Card, path or name of a built-in card
    output : path
        Event file; replaces that of the card.
    overrides : sequence of ``KEY=VALUE``
        Card keys to set; not allowed with a `Card`.
    map_file : path
        Event file of a run of the same process; its VEGAS maps are used instead of training.
    first, count : int
        Generate only this range of the events of the run: a shard, to be merged with the others.
    unweight : bool
        Accept events with probability w/w_max until the requested number is reached; overweight events keep w/w_max.
    exposure : bool
        Generate a Poisson number of unweighted events, for the exposure of the card, in place of `sampling.events`.
        Before the acceptance of a detector, which is a column.
    resume : bool
        Resume an interrupted run of the same card. Start it if there is no file, do nothing if it is complete, and
        repeat it if Ctrl-C ended it early.
    force : bool
        Overwrite the output; with `resume`, only a file that cannot be resumed.
    executor : Executor
        Compute with its workers; an executor of `concurrent.futures`, Dask or `mpi4py.futures`.
    patience_s : float
        Stop when no worker of the executor finishes anything for this time.
    progress : callable
        Called with the name of the step and the completed fraction.

    Raises
    ------
    InputError, FileError
        Before anything is written, for every error that can be detected by then.
    DistributionError
        The workers of the executor fail again and again; the run can be resumed.

    Notes
    -----
    Interrupted by Ctrl-C, the run of a whole card ends with a valid file of the events generated so far, with weights
    rescaled to their number. A shard, or a run with `resume`, keeps its unfinished file as it is and raises `Stopped`,
    a `KeyboardInterrupt` with the number of events generated so far.
    """
    start = time.perf_counter()
    if not isinstance(card, Card):
        card = read_card(card, overrides)
    elif overrides:
        raise InputError("overrides go with a card's path or name, not with a Card")
    path = real_path(output or card.output.path or "events.h5")
    whole = first is None and count is None
    job = placed_job(card)
    stated = exposure_attributes(card, job.beam)  # before the work, to report errors early
    events = _for_exposure(card, stated, whole=whole) if exposure else _range(card, first, count, unweight=unweight)
    events = replace(events, may_end_early=whole and not resume)
    proposal = None if map_file is None else read_proposal(map_file, job.process.signature)
    # With --fast the results depend on the engine.
    engine = _engine(card, job, executor, patience_s, progress) if card.sampling.fast else None
    wanted = Wanted.of(card, job, events, engine, proposal)
    left = resume and is_begun(part_path(path))
    ended = _ended(path, wanted, force=force) if resume and not left and path.exists() else None
    if ended is not None:
        if ended.known["complete"]:
            made = Produced.of_file(ended.known, ended.rows, complete=True)
            return _result(path, card, job, str(ended.known["engine"]), ended.proposal, made, 0.0)
        _log.warning(
            "'%s' belongs to an interrupted run whose weights were rescaled; repeating the run", one_line(str(path))
        )
        proposal = ended.proposal
    overwrite = force or ended is not None
    check_output(path, overwrite or left)
    engine = engine or _engine(card, job, executor, patience_s, progress)
    start_attributes = {**job.attributes, **stated, "title": card.title, "card": card.text, **wanted.identity}
    with (
        _writer(path, job, wanted, start_attributes, left=left, force=overwrite) as writer,
        _resumable(writer, events),
    ):
        proposal = _proposal(writer, card, job, engine, proposal, progress)
        made = produce(writer, _plan(card, job, engine, proposal, events), progress)
    return _result(path, card, job, engine.name, proposal, made, time.perf_counter() - start)


@contextmanager
def _resumable(writer: EventWriter, events: Range) -> Iterator[None]:
    """Add the number of events to an interrupt that keeps the unfinished file."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        kind, word = (Terminated, "terminated") if isinstance(interrupt, Terminated) else (Stopped, "interrupted")
        nothing_left = events.may_end_early and kind is Stopped and writer.done == 0
        if nothing_left or not writer.is_open:
            raise
        count = int(writer.attributes.get("n_requested", 0))
        done = f"{word} after {events.made(writer)}{f' of {count}' if count else ''} events"
        raise kind(f"{done}; continue with --resume") from interrupt


def _engine(card: Card, job: Job, executor: Executor | None, patience_s: float, progress: Progress) -> Engine:
    """Return the engine of a card, or one that uses the workers of `executor`."""
    if executor is None:
        return engine_of(card)
    return DistributedEngine.start(executor, Recipe.of(card, job.process), patience_s, progress)


def _range(card: Card, first: int | None, count: int | None, *, unweight: bool) -> Range:
    """Return the range of events to generate; raise `InputError` for a range outside the run."""
    total = card.sampling.events
    if first is None and count is None:
        return Range(0, total, total, unweight)
    begin = first or 0
    number = total - begin if count is None else count
    if unweight:
        raise InputError(
            "--first needs weighted events: the number of trials of an unweighted run is not known in advance; merge "
            "weighted shards and unweight them with 'tridentgen convert --unweight'"
        )
    there = f"the run has events 0 to {total - 1}, since sampling.events = {total}"
    if not 0 <= begin < total:
        raise InputError(
            f"--first {begin}: {there}; begin at one of these, or set sampling.events of all shards to more"
        )
    if number < 1:
        raise InputError(f"--events {number}: a shard has at least one event; give 1 to {total - begin}")
    if begin + number > total:
        raise InputError(
            f"--first {begin} --events {number}: {there}; give --events {total - begin} or less, or set "
            "sampling.events of all shards to more"
        )
    return Range(begin, number, total, unweight)


def _for_exposure(card: Card, stated: Mapping[str, Any], *, whole: bool) -> Range:
    """Return the range of a run with a Poisson number of events; raise `InputError` if the card has no exposure."""
    if not whole:
        raise InputError("--exposure gives the number of events itself; leave --first and --events out")
    if not stated:
        raise InputError(
            f"{card.where(('exposure',))}: --exposure needs the table [exposure], with mass_t and, but for a burst, "
            "pot or years; give it, or a number of --events"
        )
    return Range(0, 0, 0, unweight=True, poisson=True)


@dataclass(frozen=True)
class _Ended:
    """Contents of the file of a finished run."""

    known: Mapping[str, Any]
    rows: int
    proposal: Proposal


def _ended(path: Path, wanted: Wanted, *, force: bool) -> _Ended | None:
    """Return the contents of the file of a finished run; for another run, raise, or return None with `force`."""
    try:
        with open_events(path) as file:
            wanted.check(path, file.attributes)
            try:
                proposal = proposal_from_groups(file.groups())
            except InputError as error:
                raise UnfitError(f"'{path}': {error}; move it away, or overwrite it with --force") from None
            found = _Ended(file.attributes, file.rows, proposal)
        wanted.check_map(path, found.proposal)
    except (FileError, InputError):
        if not force:
            raise
        return None
    return found


def _writer(
    path: Path, job: Job, wanted: Wanted, attributes: Mapping[str, str | int | float], *, left: bool, force: bool
) -> EventWriter:
    """Return a writer for the unfinished file of an interrupted run of the same card, or for a new file."""
    if left:
        try:
            return _taken_up(path, job, wanted)
        except UnfitError:
            if not force:
                raise
    return EventWriter(path, job.columns, attributes, force=force)


def _taken_up(path: Path, job: Job, wanted: Wanted) -> EventWriter:
    writer = EventWriter.resume(path, job.columns)
    try:
        wanted.check(writer.part, writer.attributes)
        if groups := writer.groups():
            wanted.check_map(writer.part, proposal_from_groups(groups))
    except InputError as error:
        writer.abandon()
        raise UnfitError(f"'{writer.part}' cannot be resumed: {error}; remove it and start again") from error
    except BaseException:
        writer.abandon()
        raise
    return writer


def _proposal(
    writer: EventWriter, card: Card, job: Job, engine: Engine, given: Proposal | None, progress: Progress
) -> Proposal:
    """Return the proposal of the file, the one given, or a trained one, and store it in the file."""
    process = job.process
    kept = writer.groups()
    if kept:
        return proposal_from_groups(kept)
    points, seed = card.sampling.training_points, card.sampling.seed
    proposal = train(process, engine, seed, points=points, progress=progress) if given is None else given
    for name, group in proposal_groups(proposal, process.channels).items():
        writer.write_group(name, group.arrays, group.attributes)
    writer.commit()  # a run killed from here on does not train again
    return proposal


def _plan(card: Card, job: Job, engine: Engine, proposal: Proposal, events: Range) -> Plan:
    seed, rel_error = card.sampling.seed, card.sampling.rel_error
    return Plan(job.process, proposal, engine, seed, card.cuts.cuts, rel_error, job.placement, events)


def _result(path: Path, card: Card, job: Job, engine: str, proposal: Proposal, made: Produced, seconds: float) -> Run:
    return Run(
        path=path,
        events=made.events,
        trials=made.trials,
        sigma=made.sigma,
        error=made.error,
        effective_share=made.effective_share,
        unweighting_efficiency=made.sigma / proposal.max_weight,
        expected_events=rate_of(card, job.beam, made.sigma * made.acceptance),
        expected_events_error=rate_of(
            card, job.beam, math.hypot(made.error * made.acceptance, made.sigma * made.acceptance_error)
        ),
        acceptance=made.acceptance if job.has_acceptance else None,
        overweight=made.overweight,
        flux=job.beam.description,
        engine=engine,
        seconds=seconds,
        complete=made.complete,
        poisson_mean=made.poisson_mean,
        caveats=tuple(caveat.text for caveat in job.caveats),
    )
