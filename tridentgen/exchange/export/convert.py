"""Conversion of an event file to another format, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tridentgen.errors import InputError, nearest
from tridentgen.events.reader import name_unnormalised, open_events
from tridentgen.events.weights import knows_sigma
from tridentgen.exchange.export.facts import RECOILS, Beam
from tridentgen.exchange.export.formats import format_of
from tridentgen.exchange.export.hepevt import HepevtWriter
from tridentgen.exchange.export.source import EventSource
from tridentgen.progress import Progress


@dataclass(frozen=True)
class Conversion:
    """Result of a conversion.

    Attributes
    ----------
    path : Path
        The new file.
    format : str
        Its format.
    events_read, events : int
        Events in the old and in the new file.
    overweight : int
        Overweight events: unweighted events of weight above 1.
    weighted : bool
        Whether the events of the new file have unequal weights.
    weights_lost : bool
        Whether they have unequal weights, but the format cannot store weights.
    sigma_pb, error_pb : float
        Cross section of the events, per atom.
    exposure : str
        The exposure for which the events of the new file stand, as text; empty if the card had none.
    """

    path: Path
    format: str
    events_read: int
    events: int
    overweight: int
    weighted: bool
    weights_lost: bool
    sigma_pb: float
    error_pb: float
    exposure: str = ""


def export_events(
    source: Path,
    target: Path,
    *,
    flavour: str | None = None,
    recoil: str = "final",
    unweight: bool = False,
    seed: int = 1,
    beams: Sequence[Beam] = (),
    force: bool = False,
    progress: Progress | None = None,
) -> Conversion:
    """Write the events of an event file in the format given by the ending of `target`.

    Parameters
    ----------
    source, target : Path
    flavour : str
        Flavour of HEPEVT: ``larsoft`` (default), ``sbn``, ``edep-sim``.
    recoil : str
        Treatment of outgoing nuclei: ``final``, ``omit``, ``pseudo``.
    unweight : bool
        Unweight the events by accept-reject with probability w/w_max, where events above w_max carry 1e-4 of the cross
        section; these overweight events have a weight above 1.
    seed : int
        Seed of the random numbers for unweighting.
    beams
        Beams to record in the new file.
    force : bool
        Overwrite the target.
    progress : callable
        Called with the current step and the completed fraction.

    Raises
    ------
    InputError, FileError
        For an option that is unknown or does not fit, a file that cannot be read or written, or events that are
        missing, not finite, or not in order.
    """
    form = format_of(target)
    if recoil not in RECOILS:
        raise InputError(f"unknown recoil '{recoil}'{nearest(recoil, RECOILS)}; known are {', '.join(RECOILS)}")
    options = {}
    if flavour is not None:
        if form.writer is not HepevtWriter:
            raise InputError(f"flavour = {flavour} goes with .hepevt only, not with {form.name}; leave it out")
        options["flavour"] = flavour
    with open_events(source) as file:
        if not knows_sigma(file.attributes) and form.writer is not HepevtWriter:
            raise InputError(
                f"'{source}' has no cross section, which {form.name} needs: its weights are those of the file that was "
                "read; write .hepevt, or give that file a cross section"
            )
        name_unnormalised(file)
        events = EventSource(file, source, recoil=recoil, unweight=unweight, seed=seed)
        facts = events.facts(beams)
        writer = form.writer(target, facts, force=force, **options)
        names = [column.name for column in file.columns] if writer.columns is None else writer.columns
        written = 0
        with writer:
            for block in events.blocks(names):
                writer.append(block)
                written += len(block)
                if progress is not None:
                    progress("converting", written / facts.events)
        weighted = facts.unit_pb is None or facts.overweight > 0
        return Conversion(
            path=target,
            format=form.name,
            events_read=file.rows,
            events=written,
            overweight=facts.overweight,
            weighted=weighted,
            weights_lost=weighted and not form.has_weights,
            sigma_pb=facts.sigma_pb,
            error_pb=facts.error_pb,
            exposure=facts.exposure_in_words,
        )
