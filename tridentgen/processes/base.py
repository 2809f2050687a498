"""Base class of reactions, and the description of a kind of reaction for the whole program.

A process has a folder of its own, with one `ReactionKind` that names all its parts and is registered in
`tridentgen.processes.kinds`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from tridentgen.detector import Detector
from tridentgen.engines import choose_engine
from tridentgen.engines.process import Column, Process
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.events.observables import Axis, Observable
from tridentgen.events.particles import Processes, Records
from tridentgen.flux import NEUTRINOS, Beam, Flux, Halo, Monochromatic, Neutrinos, Source
from tridentgen.matter.nuclei import Nuclide
from tridentgen.sampling.generate import check_count, generate_events
from tridentgen.sampling.integrate import CrossSection, trained_cross_section
from tridentgen.sampling.train import train
from tridentgen.toml.tables import Table

Attributes = dict[str, str | int | float]


class Caveat(NamedTuple):
    """Something that a calculation leaves out, or does not know well, where it matters.

    `subject` is a word for its kind, `size` is relative to the cross section (a larger one matters more), and `text` is
    one line with the size.
    """

    subject: str
    size: float
    text: str


class Reaction(ABC):
    """A reaction of neutrinos, or of dark matter, on a target. Subclasses are frozen dataclasses."""

    threshold_cure: ClassVar[str] = "another target"
    """Cure, besides a higher energy, if the energy is below the threshold."""

    if TYPE_CHECKING:
        # A field of the subclasses; a property here would take the place of its default.

        @property
        def target(self) -> str:
            """Nuclide or material, by name."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """Name of its `ReactionKind`: ``process.kind`` on cards, the attribute ``process`` of files."""

    @property
    @abstractmethod
    def line(self) -> str:
        """The reaction in one line."""

    @property
    @abstractmethod
    def signature(self) -> str:
        """Everything the reaction depends on, as text."""

    @property
    @abstractmethod
    def nuclides(self) -> tuple[Nuclide, ...]:
        """The nuclides of the target."""

    @property
    def per(self) -> str:
        """Target to which a cross section refers, as in ``cm2 per Ar40`` or ``cm2 per nucleus of CsI``."""
        return self.target if len(self.nuclides) == 1 else f"nucleus of {self.target}"

    @abstractmethod
    def threshold_GeV(self) -> float:
        """Return the neutrino energy in GeV above which the reaction is possible."""

    @abstractmethod
    def sampled(self, beam: Beam, detector: Detector | None = None) -> Process:
        """Return the process to sample; raise `InputError` for a beam below the threshold or an unsuitable beam."""

    @abstractmethod
    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file for the reaction in a beam."""

    @abstractmethod
    def row(self, beam: Beam) -> dict[str, Any]:
        """Return its entries in a table of cross sections: ``nu``, ``leptons``, ``target`` and ``regime``."""

    def parts(self) -> tuple[Reaction, ...]:
        """Return the reactions whose cross sections are listed separately."""
        return (self,)

    def caveats(self, energy: float | None = None, *, flux: Beam | None = None) -> tuple[Caveat, ...]:
        """Return what the calculation leaves out and matters at an energy in GeV, or in a flux, each with its size.

        Empty where all that is known to be missing is small. Raise `InputError` as `cross_section`.
        """
        return self._caveats(beam_from(energy, flux))

    def _caveats(self, _beam: Beam) -> tuple[Caveat, ...]:
        """Return the caveats in a beam, above the threshold; a reaction without any need not define it."""
        return ()

    def cross_section(
        self, energy: float | None = None, *, flux: Beam | None = None, rel_error: float = 1e-3, seed: int = 1,
        engine: str = "auto", threads: int | None = None,
    ) -> CrossSection:  # fmt: skip
        """Return the cross section in cm^2, at an energy in GeV or averaged over a flux.

        Its `warnings` include the caveats.

        Parameters
        ----------
        energy : float
            Neutrino energy in GeV; either this or `flux` is given.
        flux : Flux or Source, or Halo
            The spectrum to average over.
        rel_error : float
            Relative precision goal.
        seed : int
            Seed of the random numbers.
        engine : str
            ``auto``, ``numpy``, ``native`` or ``cuda``.
        threads : int
            All cores unless given.

        Raises
        ------
        InputError
            Neither or both of energy and flux, or a beam below the threshold.
        """
        beam = beam_from(energy, flux)
        found = trained_cross_section(self.sampled(beam), choose_engine(engine, threads), seed, rel_error=rel_error)
        return replace(found, caveats=tuple(caveat.text for caveat in self._caveats(beam)))

    def generate(
        self, energy: float | None = None, *, flux: Beam | None = None, detector: Detector | None = None,
        events: int = 100_000, seed: int = 1, engine: str = "auto", threads: int | None = None,
    ) -> Events:  # fmt: skip
        """Return weighted events in memory; the sum of their weights is the cross section in cm^2.

        Parameters
        ----------
        energy, flux, seed, engine, threads
            As for `cross_section`.
        detector : Detector
            Adds columns with its response to CEvNS.
        events : int
            Number of events, up to 10^9.
        """
        check_count(events)
        beam = beam_from(energy, flux)
        process, machine = self.sampled(beam, detector), choose_engine(engine, threads)
        proposal = train(process, machine, seed)
        attributes = self.attributes(beam) | caveat_attributes(self._caveats(beam))
        return generate_events(process, proposal, machine, seed, events, attributes)


def caveat_attributes(caveats: Sequence[Caveat]) -> Attributes:
    """Return the root attribute of an event file with the caveats, one a line; none if there are none."""
    return {"caveats": "\n".join(caveat.text for caveat in caveats)} if caveats else {}


def beam_from(energy: float | None, flux: Beam | None) -> Beam:
    """Return the beam of one energy, or the flux; raise `InputError` unless exactly one of them is given."""
    if (energy is None) == (flux is None):
        raise InputError("give either an energy in GeV or a flux")
    if flux is not None:
        if not _is_one_of(flux, Flux, Source, Halo):
            raise InputError(
                f"flux = {flux!r} is not a flux; use tg.Monochromatic, tg.read_flux, tg.reactor and the like"
            )
        return flux
    if not _is_one_of(energy, Real) or _is_one_of(energy, bool):
        raise InputError(f"energy = {energy!r} must be a number in GeV")
    assert energy is not None
    return Monochromatic(float(energy))


def _is_one_of(value: object, *types: type) -> bool:
    """Whether a value is what its annotation promises, for which nothing but a type checker stands."""
    return isinstance(value, types)


def only_neutrinos(beam: Beam) -> Neutrinos:
    """Return the beam of a reaction of neutrinos; raise `InputError` for dark matter."""
    if isinstance(beam, Halo):
        raise InputError(f"this reaction takes neutrinos, not {beam.description}; use Wimp, process.kind = 'wimp'")
    return beam


def only_flux(beam: Beam) -> Flux:
    """Return the flux for a reaction of one neutrino species; raise `InputError` for a source of several."""
    beam = only_neutrinos(beam)
    if isinstance(beam, Source):
        raise InputError(
            f"this reaction takes the flux of one neutrino species, but the source has several ({beam.description}); "
            "give source.components[i].flux"
        )
    return beam


class ProcessTable(Protocol):
    """The table [process] of a card: a frozen dataclass."""

    @property
    def kind(self) -> str:
        """The kind of reaction by name."""

    @property
    def target(self) -> str:
        """The target; empty if the card names only the material of its exposure."""

    @property
    def neutrino(self) -> str | None:
        """The incoming neutrino; None if all neutrinos of the source take part."""

    def reaction(self, model: Any) -> Reaction:
        """Return the reaction with the couplings of the table [model]."""


def _no_labels(_attributes: Mapping[str, Any]) -> Mapping[int, str]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Sort:
    """Classification of the events of a kind: by regime, flavour, or component of the source.

    Attributes
    ----------
    plural : str
        Key of ``tridentgen info --json``.
    heading : str
        Line above the classes in ``tridentgen info``; empty for none.
    column : str
        Column with the code of the class.
    labels : callable
        ``labels(attributes)`` returns names by code, of all classes that a file may have.
    name_of : callable
        ``name_of(code)`` returns the name of a code that is not among these.
    typeset : str
        Typesetting of the names in figures: ``neutrino``, ``nuclide``, ``component``, ``final state``; empty for plain.
    least : int
        Smallest number of classes for which they are shown.
    """

    plural: str
    heading: str
    column: str
    labels: Callable[[Mapping[str, Any]], Mapping[int, str]] = _no_labels
    name_of: Callable[[int], str] = str
    typeset: str = ""
    least: int = 1


@dataclass(frozen=True)
class ReactionKind:
    """A kind of reaction: everything that cards, files and figures need.

    Attributes
    ----------
    name : str
        ``process.kind`` on cards and the attribute ``process`` of files.
    events_are : str
        Name of its events, in the plural.
    read : callable
        ``read(process_table, model_table)`` reads [process] and [model], notes every mistake in their document, and
        returns a `ProcessTable` and what its `reaction` takes as model.
    columns : callable
        ``columns(attributes)`` returns the columns of an event file with roles and particles.
    observables : tuple of Observable
        Observables for cuts.
    axes : tuple of Axis
        Axes of its pictures; if there are none, the observables that are columns in the unit of their keys are drawn.
    sorts : mapping of str to Sort
        The classes of its events by name.
    groups : str or None
        The sort by which cut flows are listed.
    veto : Observable or None
        Kinetic energy of visible particles besides the leptons, for ``--veto-kinetic``.
    particles : callable or None
        ``particles(attributes, recoil)`` makes the particles of export formats; None uses the roles of the columns.
    required, defaults
        Keys of [process] that ``tridentgen xsec`` needs as options, and values of those that may be left out.
    projectile : str
        What the target meets: ``neutrinos`` or ``dark matter``; the latter has no single energy.
    one_flux : bool
        Whether it takes the flux of one neutrino species, not a source of several.
    of_nuclide : bool
        Whether its target is one nuclide, so that the mass of an exposure may be of a material.
    has_response : bool
        Whether [detector] may have a response.
    unit_mass_t, unit_years : float
        Exposure of the rates if a card has none.
    usual_below_GeV : float
        A larger energy on a command line must have a unit.
    process_id : int
        NuHepMC process number (1.0.0, E.C.1) if `particles` is None: 100 to 799.
    processes : callable or None
        ``processes(attributes)`` returns several processes in place of the single one, or None for that.
    spellings : tuple of str
        Other names that cards and ``--process`` may use; upper and lower case, spaces and underscores do not matter.
    example : str
        A built-in card of the kind; ``tridentgen bench`` measures it. Empty for none.
    """

    name: str
    events_are: str
    read: Callable[[Table, Table], tuple[ProcessTable, Any]]
    columns: Callable[[Mapping[str, Any]], tuple[Column, ...]]
    observables: tuple[Observable, ...]
    axes: tuple[Axis, ...] = ()
    sorts: Mapping[str, Sort] = field(default_factory=lambda: MappingProxyType({}))
    groups: str | None = None
    veto: Observable | None = None
    particles: Callable[[Mapping[str, Any], str], Records] | None = None
    required: Sequence[str] = ("neutrino", "target")
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    projectile: str = NEUTRINOS
    one_flux: bool = True
    of_nuclide: bool = True
    has_response: bool = False
    unit_mass_t: float = 1.0
    unit_years: float = 1.0
    usual_below_GeV: float = math.inf
    process_id: int | None = None
    processes: Callable[[Mapping[str, Any]], Processes | None] | None = None
    spellings: tuple[str, ...] = ()
    example: str = ""

    def __post_init__(self) -> None:
        if self.particles is None and not 100 <= (self.process_id or 0) < 800:
            raise ValueError(f"kind '{self.name}' needs particles, or a process_id from 100 to 799 of its own")
