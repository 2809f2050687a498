"""Rates of tridents: every nuclide of a target and every regime separately, before and after cuts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from tridentgen.analysis.cut_flow import Measured, Share, cut_flow
from tridentgen.cards import Card, CardError
from tridentgen.engines.work import Engine
from tridentgen.exposure import Exposure, unit_exposure
from tridentgen.flux import Beam, Flux
from tridentgen.matter.materials import Material, material
from tridentgen.matter.nuclei import Nuclide, nuclide
from tridentgen.processes.trident.card import ProcessCard
from tridentgen.processes.trident.columns import REGIME_NAMES
from tridentgen.processes.trident.targets import simple_regimes
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress, silent
from tridentgen.runs.job import job_of
from tridentgen.sampling.generate import event_batches
from tridentgen.sampling.integrate import CrossSection, short_training, trained_cross_section
from tridentgen.typing import Columns

_SEEDS = 1 << 63


@dataclass(frozen=True)
class RatePart:
    """A regime on a nuclide.

    Attributes
    ----------
    nuclide : Nuclide
    regime : str
        ``coherent``, ``proton`` or ``neutron``.
    sigma : CrossSection
        Per nucleus, averaged over the flux.
    nuclei : float
        Number of nuclei.
    neutrinos_cm2 : float
        Neutrinos per cm^2 for the exposure.
    flow : tuple of Share
        Share left after each cut.
    """

    nuclide: Nuclide
    regime: str
    sigma: CrossSection
    nuclei: float
    neutrinos_cm2: float
    flow: tuple[Share, ...] = ()

    @property
    def scale(self) -> float:
        """Events per cm^2 of cross section."""
        return self.nuclei * self.neutrinos_cm2


@dataclass(frozen=True)
class TridentRate:
    """Rate of tridents for an exposure, from `trident_rate`."""

    parts: tuple[RatePart, ...]

    @property
    def regimes(self) -> tuple[str, ...]:
        """The regimes present, in the usual order."""
        there = {part.regime for part in self.parts}
        return tuple(name for name in REGIME_NAMES if name in there)

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """The nuclides, each once."""
        return tuple(dict.fromkeys(part.nuclide for part in self.parts))

    def events(self, regimes: Collection[str] | None = None, nuclide: Nuclide | None = None, cuts: int = 0) -> Measured:
        """Return the events after the first `cuts` cuts, of some regimes (default: all) on a nuclide (default: all)."""
        total, variance = [], []
        for part in self.parts:
            if (regimes is None or part.regime in regimes) and nuclide in (None, part.nuclide):
                share = part.flow[cuts - 1] if cuts else Share(1.0, 0.0)
                total.append(part.scale * part.sigma.value * share.value)
                variance.append((part.scale * part.sigma.error * share.value) ** 2)
                variance.append((part.scale * part.sigma.value * share.error) ** 2)
        return Measured(math.fsum(total), math.sqrt(math.fsum(variance)))


def exposure_of(card: Card, beam: Beam) -> Exposure:
    """Return the exposure of a card, or that of `unit_exposure`; raise `CardError` if it is invalid."""
    given = card.exposure
    if given is None or given.is_material_alone:
        with card.blaming("flux", "kind"):
            return unit_exposure(beam, card.kind.unit_mass_t, card.kind.unit_years)
    if given.mass_t is None:
        raise CardError(f"{card.where(('exposure',))}: the table [exposure] needs mass_t; give it or leave it out")
    exposure = Exposure(given.mass_t, given.pot, given.years)
    with card.blaming("exposure"):
        exposure.times(beam)
    return exposure


def process_of(card: Card) -> ProcessCard:
    """Return the table [process] of a card of tridents; raise `CardError` for another kind of reaction."""
    if not isinstance(card.process, ProcessCard):
        raise CardError(f"{card.where(('process', 'kind'))}: process.kind = '{card.kind.name}': must be a trident here")
    return card.process


def trident_of(card: Card) -> Trident:
    """Return the trident of a card on its target, or else on the first nuclide of its exposure's material."""
    process = process_of(card)
    return process.reaction(card.model) if process.target else trident_on(card, nuclides_of(card)[0])


def trident_on(card: Card, isotope: Nuclide, *regimes: str) -> Trident:
    """Return the trident of a card on another nuclide, in these regimes or those available there."""
    process = process_of(card)
    there = regimes or simple_regimes(isotope, process.regimes)
    return replace(process, target=isotope.name, regimes=there or process.regimes).reaction(card.model)


def nuclides_of(card: Card) -> tuple[Nuclide, ...]:
    """Return the target nuclides of tridents: those of the exposure's material, or the target."""
    return tuple(isotope for isotope, _ in material_of(card).components)


def material_of(card: Card) -> Material:
    """Return the material of the exposure: the one given, or the target."""
    name = card.exposure.material if card.exposure is not None else None
    if name is not None:
        return material(name)
    target = nuclide(card.process.target) if card.kind.of_nuclide else None
    return material(card.process.target) if target is None else Material(target.name, ((target, 1.0),))


def trident_rate(
    card: Card, exposure: Exposure, flux: Flux, engine: Engine, progress: Progress = silent
) -> TridentRate:
    """Return the tridents of a card for an exposure.

    Parameters
    ----------
    card : Card
        Its cuts are applied to weighted events, `sampling.events` per nuclide. Regimes that a nuclide lacks are left
        out, as are nuclides on which the whole flux is below threshold.
    exposure : Exposure
    flux : Flux
        Of the card's neutrino.
    engine : Engine
    progress : callable

    Raises
    ------
    CardError
        Inconsistent values, for example a form factor that a nuclide of the material lacks.
    """
    neutrinos = flux.total * exposure.times(flux)
    matter = material_of(card)
    parts: list[RatePart] = []
    for isotope, regimes in open_regimes(card, flux).items():
        nuclei = exposure.mass_t * matter.number_per_tonne(isotope)
        flows = (
            _flows(card, trident_on(card, isotope, *regimes), flux, engine, len(parts), progress)
            if card.cuts.cuts
            else {}
        )
        for regime in regimes:
            process = job_of(card, flux, trident_on(card, isotope, regime)).process
            seed = (card.sampling.seed + len(parts)) % _SEEDS  # equal seeds would correlate the errors
            sigma = trained_cross_section(
                process, engine, seed, rel_error=card.sampling.rel_error,
                training_points=card.sampling.training_points, progress=progress,
            )  # fmt: skip
            nothing_left = [Share(0.0, 0.0)] * len(card.cuts.cuts)
            flow = tuple(flows.get(REGIME_NAMES.index(regime), nothing_left))
            parts.append(RatePart(isotope, regime, sigma, nuclei, neutrinos, flow))
    return TridentRate(tuple(parts))


def open_regimes(card: Card, flux: Flux) -> dict[Nuclide, tuple[str, ...]]:
    """Return the regimes of each nuclide with flux above their threshold.

    Raise `CardError` if there are none, or if a nuclide does not fit the process.
    """
    found = regimes_above_threshold(card, flux)
    if not found:
        job_of(card, flux, trident_on(card, nuclides_of(card)[0]))  # raises the appropriate error
    return found


def regimes_above_threshold(card: Card, flux: Flux) -> dict[Nuclide, tuple[str, ...]]:
    """Return the result of `open_regimes`, or an empty one if the whole flux is below every threshold."""
    process = process_of(card)
    found: dict[Nuclide, tuple[str, ...]] = {}
    nuclides = [n for n in nuclides_of(card) if simple_regimes(n, process.regimes)] or nuclides_of(card)
    of_material = card.exposure is not None and card.exposure.material is not None
    with card.blaming(*(("exposure", "material") if of_material else ("process", "target"))):
        for isotope in nuclides:
            regimes = simple_regimes(isotope, process.regimes) or process.regimes
            thresholds = {regime: trident_on(card, isotope, regime).threshold_GeV() for regime in regimes}
            above = tuple(regime for regime in regimes if flux.energy_max_GeV > thresholds[regime])
            found |= {isotope: above} if above else {}
    return found


def _flows(
    card: Card, trident: Trident, flux: Flux, engine: Engine, number: int, progress: Progress
) -> dict[int, list[Share]]:
    """Return the cut flow of each regime on a nuclide, by regime code."""
    return cut_flow(weighted_batches(card, trident, flux, engine, number, progress), card.cuts.cuts, "regime")


def weighted_batches(
    card: Card, trident: Trident, flux: Flux, engine: Engine, number: int, progress: Progress = silent
) -> Iterator[Columns]:
    """Yield the `sampling.events` weighted events of a trident on the `number`-th nuclide of a material.

    Weights are normalised for a run of one event, as in `event_batches`.
    """
    process = job_of(card, flux, trident).process
    sampling = card.sampling
    seed = (sampling.seed + number) % _SEEDS
    proposal = short_training(process, engine, seed, sampling.training_points, progress)
    done = 0
    for batch in event_batches(process, proposal, engine, seed, first=0, count=sampling.events):
        done += len(batch["weight"])
        progress(f"cutting {trident.target}", done / sampling.events)
        yield batch
