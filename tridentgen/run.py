"""From a run card to an event file: the whole job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.analysis.cuts import passing
from tridentgen.cards import Card, read_card
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.output import check_output, uninterrupted
from tridentgen.jobs import engine_of, job_of, rate_of
from tridentgen.sampling.generate import WeightSums, divide_weights, event_batches, run_attributes
from tridentgen.sampling.storage import proposal_groups, read_proposal
from tridentgen.sampling.train import Progress, silent, train


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Attributes
    ----------
    path : Path
        The event file.
    events, trials : int
        Events written, and points tried for them; they differ where cuts were made.
    sigma, error : float
        Cross section within the cuts in cm^2 and its standard deviation.
    effective_share, unweighting_efficiency : float
        (sum w)^2/(trials sum w^2), and mean weight over the weight above which events carry 1e-4 of the total.
    expected_events : float or None
        In the exposure of the card, where it has one; those that the detector keeps where there is one.
    acceptance : float or None
        Share of the cross section that the detector of the card keeps, where it has one.
    complete : bool
        False where the run was interrupted.
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
    engine: str
    seconds: float
    complete: bool


def run(
    card: Card | str | Path,
    output: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    map_file: str | Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Run:
    """Generate the events of a card into an HDF5 file.

    Parameters
    ----------
    card : Card, path or name of a built-in card
    output : path
        Instead of the card's.
    overrides : sequence of ``KEY=VALUE``
        Card keys to set; not with a `Card`.
    map_file : path
        Event file of a run of the same process whose trained map is used instead of training one.
    force : bool
        Overwrite the output.
    progress : callable
        Called with what is done and the finished share.

    Raises
    ------
    InputError, FileError
        Before anything is written, for everything that can be known then.

    Notes
    -----
    Interrupted by Ctrl-C, the run ends with a valid file of the events made so far, weights rescaled to their number.
    """
    start = time.perf_counter()
    if not isinstance(card, Card):
        card = read_card(card, overrides)
    elif overrides:
        raise InputError("overrides go with a card's path or name, not with a Card")
    path = Path(output or card.output.path or "events.h5")
    check_output(path, force)
    job, engine, seed = job_of(card), engine_of(card), card.sampling.seed
    process = job.process
    rate_of(card, job.beam, 0.0)  # before the work, so that a mistake shows at once
    if map_file is None:
        proposal = train(process, engine, seed, points=card.sampling.training_points, progress=progress)
    else:
        proposal = read_proposal(map_file, process.signature)
    attributes = {
        **job.attributes,
        "title": card.title,
        "card": card.text,
        "n_requested": card.sampling.events,
    }
    with EventWriter(path, process.columns, attributes, force=force) as writer:
        written, sums, seen = _write_events(writer, card, process, proposal, engine, progress)
    return Run(
        path=path,
        events=written,
        trials=sums.trials,
        sigma=sums.sum,
        error=sums.error,
        effective_share=sums.effective_share,
        unweighting_efficiency=sums.sum / proposal.max_weight,
        expected_events=rate_of(card, job.beam, sums.sum * seen),
        acceptance=None if job.detector is None else seen,
        engine=engine.name,
        seconds=time.perf_counter() - start,
        complete=sums.trials == card.sampling.events,
    )


def _write_events(
    writer: EventWriter,
    card: Card,
    process: Process,
    proposal: Proposal,
    engine: Engine,
    progress: Progress,
) -> tuple[int, WeightSums, float]:
    """Write map and events that pass the cuts, and close the file.

    Return the number of events, the sums over all trials, and the share of the weight that the detector keeps.
    """
    count, seed = card.sampling.events, card.sampling.seed
    sums, written, seen = WeightSums(), 0, WeightSums()
    try:
        for name, group in proposal_groups(proposal, process.channels).items():
            writer.write_group(name, group.arrays, group.attributes)
        for batch in event_batches(process, proposal, engine, seed, first=0, count=count):
            del batch["accept"]
            divide_weights(batch, count)
            kept = passing(batch, card.cuts.limits)
            with uninterrupted():
                writer.append(batch if kept.all() else {name: values[kept] for name, values in batch.items()})
                sums.add(np.where(kept, batch["weight"], 0.0))
                if "acceptance" in batch:
                    seen.add(np.where(kept, batch["weight"] * batch["acceptance"], 0.0))
                written += int(kept.sum())
            progress("generating", sums.trials / count)
    except KeyboardInterrupt:
        if sums.trials == 0:
            writer.discard()
            raise
    with uninterrupted():  # a second Ctrl-C must not leave weights that sum to something else
        share = seen.sum / sums.sum if seen.trials and sums.sum > 0.0 else 1.0
        if sums.trials < count:
            names = [column.name for column in process.columns if column.name.startswith("weight")]
            writer.rescale(names, count / sums.trials)
            sums = sums.scaled(count / sums.trials)
        if seen.trials:
            writer.set_attributes({"acceptance": share})
        writer.set_attributes(run_attributes(sums, seed, engine.name, proposal))
        writer.close(complete=sums.trials == count)
    return written, sums, share
