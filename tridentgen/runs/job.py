"""Jobs of a run card: its beam, process to sample, detector, engine and expected events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tridentgen.cards import Card, CardError
from tridentgen.detector import Detector
from tridentgen.detector.placement import Placement
from tridentgen.detector.placement_card import PlacementCard
from tridentgen.engines import choose_engine
from tridentgen.engines.process import Column, Process, Role
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.events.columns import has_decays, names_of, require_sound
from tridentgen.events.particles import target_nuclides
from tridentgen.exposure import Exposure, expected_events
from tridentgen.flux import DARK_MATTER, Beam, build_flux, build_halo, build_source
from tridentgen.matter.materials import material
from tridentgen.processes.base import Caveat, Reaction, caveat_attributes
from tridentgen.typing import Columns


@dataclass(frozen=True)
class Job:
    """A reaction in a beam, its detector, and the placement of its events in space and time."""

    reaction: Reaction
    beam: Beam
    process: Process
    detector: Detector | None = None
    placement: Placement | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of an event."""
        columns = self.process.columns
        return columns if self.placement is None else self.placement.columns(columns)

    @property
    def has_acceptance(self) -> bool:
        """Whether events have a probability that the detector accepts them."""
        return bool(names_of(self.columns, Role.ACCEPTANCE))

    @property
    def has_decays(self) -> bool:
        """Whether a particle of its events decays."""
        return has_decays(self.process.columns)

    @cached_property
    def caveats(self) -> tuple[Caveat, ...]:
        """What the calculation leaves out and matters in the beam."""
        return self.reaction.caveats(flux=self.beam)

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """The root attributes of its event file."""
        of_reaction = self.reaction.attributes(self.beam) | caveat_attributes(self.caveats)
        return of_reaction | ({} if self.placement is None else self.placement.attributes)


def beam_of(card: Card) -> Beam:
    """Return the flux or source of a card; raise `CardError` or `FileError` if it is not available."""
    with card.blaming("flux", card.flux.range_key):
        kind, options, neutrino = card.flux.kind, card.flux.options, card.process.neutrino
        if card.kind.projectile == DARK_MATTER:
            return build_halo(kind, options, card.base_dir)
        if not card.kind.one_flux:
            return build_source(kind, options, neutrino, card.base_dir)
        if neutrino is None:
            raise InputError(f"{card.kind.events_are} need one neutrino species; set process.neutrino")
        return build_flux(kind, options, neutrino, card.base_dir)


def detector_of(card: Card, reaction: Reaction) -> Detector | None:
    """Return the detector of a card for the target of `reaction`; raise `CardError` if the two do not fit."""
    if card.detector is None:
        return None
    with card.blaming("detector"):
        return card.detector.detector(reaction.nuclides, card.base_dir)


def placement_of(card: Card) -> Placement | None:
    """Return the placement of the events of a card in space and time, or None.

    Raise `CardError` if no volume of the detector contains the target, or the beam does not fit the flux.
    """
    if card.placement is None:
        return None
    if card.kind.projectile == DARK_MATTER:
        _check_wind(card, card.placement)
    with card.blaming("detector"):
        return card.placement.placement(material(card.process.target))


def _check_wind(card: Card, placement: PlacementCard) -> None:
    """Raise `CardError` for what belongs to beams of neutrinos, not to the wind of dark matter."""
    beam, words = placement.beam, "belongs to beams of neutrinos; dark matter has a direction alone"
    of_beam = beam.source_cm is not None or beam.divergence_rad > 0.0
    for key, given in (("beam", of_beam), ("spill", placement.spill is not None)):
        if given:
            with card.blaming("detector", key):
                what = "a source or a divergence" if key == "beam" else "a spill"
                raise InputError(f"{what} {words}: leave it out")


def job_of(card: Card, beam: Beam | None = None, reaction: Reaction | None = None) -> Job:
    """Return the job of a card, with `beam` and `reaction` in place of its own if given.

    Raise `CardError` if the flux ends below the threshold.
    """
    beam = beam_of(card) if beam is None else beam
    reaction = card.reaction if reaction is None else reaction
    detector = detector_of(card, reaction)
    if detector is None:
        _check_cuts(card)
    with card.blaming("flux", card.flux.range_key):
        job = Job(reaction, beam, reaction.sampled(beam, detector), detector)
    require_sound(job.process.columns)
    _check_observables(card, job)
    return job


def placed_job(card: Card) -> Job:
    """Return the job of a card with the placement of its events; errors as of `job_of` and `placement_of`."""
    return replace(job_of(card), placement=placement_of(card))


def place(placement: Placement, columns: Sequence[Column], events: Columns, seed: int) -> Columns:
    """Return events of a process with `columns` with their vertices and times, and with decays in the detector."""
    several = len(placement.pdgids) > 1
    return placement.placed(events, seed, target_nuclides(columns, events) if several else None)


def _check_cuts(card: Card) -> None:
    """Raise `CardError` for a cut on an observable that needs a detector the card lacks."""
    for cut in card.cuts.cuts:
        if cut.observable.needs_detector:
            with card.blaming("cuts"):
                raise InputError(
                    f"there is no '{cut.observable.name}' without a detector; add [detector] or leave the cut out"
                )


def _check_observables(card: Card, job: Job) -> None:
    """Raise `CardError` for a cut on an observable that the events of the card do not have."""
    names = {column.name for column in job.process.columns}
    for cut in card.cuts.cuts:
        if not cut.observable.needed(names):
            with card.blaming("cuts"):
                raise InputError(f"the events of this card have no '{cut.observable.name}'; leave the cut out")


def engine_of(card: Card) -> Engine:
    """Return the engine of a card; raise `CardError` if it is not available."""
    with card.blaming("sampling", "engine"):
        return choose_engine(card.sampling.engine, card.sampling.threads, fast=card.sampling.fast)


def rate_of(card: Card, beam: Beam, sigma_cm2: float) -> float | None:
    """Return the events expected for the card's exposure, or None if it has none.

    Raise `CardError` if the exposure is incomplete or does not fit the flux.
    """
    exposure = card.exposure
    if exposure is None or exposure.is_material_alone:
        return None
    if exposure.mass_t is None:
        raise CardError(f"{card.where(('exposure',))}: the table [exposure] needs mass_t; give it or leave it out")
    with card.blaming("exposure"):
        return expected_events(
            sigma_cm2, beam, target=card.process.target, mass_t=exposure.mass_t,
            pot=exposure.pot, years=exposure.years, within=exposure.material,
        )  # fmt: skip


def exposure_attributes(card: Card, beam: Beam) -> dict[str, str | int | float]:
    """Return the root attributes that state the exposure of a card; empty if it has none. Errors as of `rate_of`.

    ``events_per_cm2`` is flux x exposure x number of nuclei: times a sum of weights, a number of expected events.
    """
    given, per_cm2 = card.exposure, rate_of(card, beam, 1.0)
    if given is None or given.mass_t is None or per_cm2 is None:
        return {}
    exposure = Exposure(given.mass_t, given.pot, given.years)
    matter = material(given.material or card.process.target).name
    amounts = {"events_per_cm2": per_cm2, **exposure.attributes(beam)}
    return {"exposure": exposure.in_words(beam, matter), **amounts}


def require_single_energy(reaction: Reaction, energy_GeV: float) -> None:
    """Raise `InputError` if an energy is below the threshold of a reaction."""
    threshold = reaction.threshold_GeV()
    if not energy_GeV > threshold:
        cure = f"choose a higher energy or {reaction.threshold_cure}"
        raise InputError(f"{energy_GeV:g} GeV is below the threshold of {reaction.line}, {threshold:.6g} GeV; {cure}")
