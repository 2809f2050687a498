"""Elastic neutrino-electron scattering, nu e- -> nu e-, in the Standard Model and beyond."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tridentgen.constants import ELECTRON_MASS_GEV, GEV_M2_TO_CM2, KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.flux import Beam, Flux, Source
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import FLAVOURS, NEUTRINOS, neutrino
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.physics import neutrino_electron as physics
from tridentgen.physics.elementary import total
from tridentgen.processes.base import Attributes, Reaction, only_neutrinos
from tridentgen.processes.dipole import without_defaults
from tridentgen.processes.neutrino_electron.columns import ELECTRON_PDG
from tridentgen.processes.neutrino_electron.model import ElectronModel
from tridentgen.processes.neutrino_electron.sampled import ElectronChannel, SampledNeutrinoElectron, density_of
from tridentgen.processes.neutrino_electron.shells import ELECTRONS, Atom, atoms_of, least_binding_GeV
from tridentgen.processes.source_channels import (
    SourceChannel,
    highest_energy_GeV,
    open_channels,
    sampled_signature,
)
from tridentgen.processes.terms import check_name
from tridentgen.typing import FloatArray

MAX_ENERGY_GEV = 1e3
"""Largest neutrino energy: s is 1 GeV^2 there, and the propagators of W and Z change the cross section by 1e-4."""

LIGHTEST_BOSON_GEV = 3e-8
"""A boson of smaller mass M distorts the spectrum only at T = M^2/2m of a meV and below."""


class ElectronCouplings(NamedTuple):
    """g_L and g_R of each event, for `Events.reweight`."""

    c_l: NDArray[np.float64]
    c_r: NDArray[np.float64]


@dataclass(frozen=True)
class NeutrinoElectron(Reaction):
    """Neutrino-electron scattering in a material. Cross sections are per atom, averaged over the material.

    Parameters
    ----------
    target : str
        A nuclide (``"Ar40"``), an element of natural composition (``"Xe"``) or a compound (``"CH2"``); cross sections
        on ``"H1"`` are per electron.
    neutrino : str
        The neutrino of a flux or a single energy, and the only one taken from a source. If it is not given, all
        neutrinos of a source are taken.
    model : ElectronModel
        Couplings of the Standard Model and additions to it.
    electrons : str
        ``free``; ``stepping``: an electron takes part only if T exceeds its binding energy.
    recoil_min_keV : float
        Smaller kinetic energies of the electron are excluded from cross sections and events.

    Raises
    ------
    InputError
        For an unknown name, a value out of range, or a model whose total cross section is infinite.
    """

    target: str
    neutrino: str | None = None
    model: ElectronModel = field(default_factory=ElectronModel)
    electrons: str = "free"
    recoil_min_keV: float = 0.0

    def __post_init__(self) -> None:
        if self.neutrino is not None:
            neutrino(self.neutrino)
        check_name("electrons", self.electrons, ELECTRONS)
        if not (math.isfinite(self.recoil_min_keV) and self.recoil_min_keV >= 0.0):
            raise InputError(f"recoil_min_keV = {self.recoil_min_keV} must be 0 or a positive energy in keV")
        if self.least_GeV == 0.0:
            self._check_infrared()

    def _check_infrared(self) -> None:
        """Raise `InputError` if the total cross section is infinite, or lies at energies far below any of interest."""
        for flavour in FLAVOURS if self.neutrino is None else (neutrino(self.neutrino).flavour,):
            for name, mass in self.model.infrared(flavour):
                if mass < LIGHTEST_BOSON_GEV:
                    raise InputError(
                        f"recoil_min_keV = 0 does not go with {name}, whose cross section grows without limit at "
                        "small recoils; give the smallest recoil of interest, such as 0.1"
                    )

    threshold_cure: ClassVar[str] = "a lower recoil_min_keV"

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "nu-e"

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """Atoms of the target."""
        return atoms_of(material(self.target), self.electrons)

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """Nuclides of the target."""
        return tuple(atom.nuclide for atom in self.atoms)

    @property
    def least_GeV(self) -> float:
        """Smallest kinetic energy of the electron in GeV: `recoil_min_keV`, or the smallest binding energy."""
        return max(self.recoil_min_keV / KEV_PER_GEV, least_binding_GeV(self.atoms))

    @property
    def per(self) -> str:
        """Target to which a cross section refers: its atoms."""
        return f"atom of {self.target}"

    @property
    def line(self) -> str:
        """The process in one line."""
        incoming = self.neutrino or "nu"
        bound = "" if self.electrons == "free" else ", stepping approximation"
        level = "radiative corrections" if self.model.radiative else "tree level"
        dipole, where = self.model.dipole, f"in {self.target}, {level}{bound}"
        if dipole is not None and dipole.decays:
            kind = dipole.decay.capitalize()
            return f"{incoming} e- -> N e- -> nu gamma e- ({kind} N; in {self.target}{bound})"
        out = incoming if dipole is None else f"{incoming} or N"
        return f"{incoming} e- -> {out} e- ({where})"

    @property
    def signature(self) -> str:
        """The process as text, for comparison."""
        return json.dumps({"process": self.kind, **asdict(self), "model": stated(self.model)}, sort_keys=True)

    def threshold_GeV(self) -> float:
        """Return the neutrino energy in GeV above which an electron can receive the smallest kinetic energy."""
        if self.model.dipole is not None and self.model.dipole.decays:
            return self._upscattering_threshold_GeV(self.model.dipole.mass_GeV)
        return float(physics.minimum_energy(self.least_GeV))

    def _upscattering_threshold_GeV(self, heavy_GeV: float) -> float:
        return kinematics.threshold_above(self.least_GeV, ELECTRON_MASS_GEV, heavy_GeV)

    def dsigma_dT(self, energy_GeV: ArrayLike, electron_GeV: ArrayLike, neutrino: str | None = None) -> FloatArray:
        """Return dsigma/dT in cm^2/GeV per atom, averaged over the atoms of the target; 0 beyond the limits of T.

        Parameters
        ----------
        energy_GeV, electron_GeV : arrays that broadcast
            Energy of the neutrino and kinetic energy of the electron in GeV.
        neutrino : str
            The neutrino, if the process does not name it.

        Raises
        ------
        InputError
            For energies that are not positive, or no or an unknown neutrino.
        """
        incoming = NEUTRINOS[self._one_neutrino(neutrino)]
        energy, T = np.broadcast_arrays(np.asarray(energy_GeV, dtype=float), np.asarray(electron_GeV, dtype=float))
        for name, values in (("energy_GeV", energy), ("electron_GeV", T)):
            if not np.all(np.isfinite(values) & (values > 0.0)):
                raise InputError(f"{name} must be finite and positive")
        most = np.asarray(physics.t_max(energy))
        inside = (most >= T) & (self.least_GeV <= T)
        safe = np.minimum(T, most)
        found = density_of(self.model, incoming, energy, physics.Kinetic(safe, most - safe, 1.0))[1]
        atoms = total(atom.electrons(T) for atom in self.atoms)
        return np.where(inside, found * atoms * GEV_M2_TO_CM2, 0.0)

    def couplings(self, events: Events) -> ElectronCouplings:
        """Return g_L and g_R of this process for each event: ``events.reweight(process.couplings(events))``.

        Raise `InputError` for a model with terms beyond g_L and g_R, or events with other radiative corrections.
        """
        if not self.model.is_chiral:
            raise InputError(
                "magnetic moments, scalars and transitions to other flavours cannot be reweighted by g_L and g_R: "
                "generate the events with the model that has them"
            )
        made = json.loads(str(events.attributes.get("model", "{}")))
        if bool(made.get("radiative", False)) != self.model.radiative:
            raise InputError("radiative differs from that of the events, whose parts of the weight contain it")
        kinetic, codes = events["electron_energy"] * 1e-3, events["flavour"]
        left, right = np.zeros(len(events)), np.zeros(len(events))
        for each in NEUTRINOS.values():
            of_it = codes == each.pdgid
            g_left, g_right = self.model.couplings(each.flavour, kinetic)
            left, right = np.where(of_it, g_left, left), np.where(of_it, g_right, right)
        return ElectronCouplings(left, right)

    def _one_neutrino(self, name: str | None = None) -> str:
        found = name or self.neutrino
        if found is None:
            raise InputError("neutrino is not given: name that of the flux or the energy, such as neutrino = 'nue'")
        return neutrino(found).name

    def source(self, beam: Beam) -> Source:
        """Return the neutrinos that scatter: only that of the process if it names one."""
        beam = only_neutrinos(beam)
        if isinstance(beam, Flux):
            return Source.of(beam, self._one_neutrino())
        return beam if self.neutrino is None else beam.only(self.neutrino)

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledNeutrinoElectron:
        """Return the process to sample.

        Raise `InputError` for a source whose neutrinos cannot give the electron the smallest energy, or exceed 1 TeV.
        """
        if detector is not None:
            raise InputError("neutrino-electron scattering has no response of a detector; leave it out")
        source, threshold = self.source(beam), self.threshold_GeV()
        highest = highest_energy_GeV(source, MAX_ENERGY_GEV)
        dipole = self.model.dipole
        parts: tuple[ElectronChannel, ...] = ()
        if dipole is None or not dipole.decays:
            parts = tuple(map(self._channel, open_channels(source, threshold)))
        if dipole is not None and dipole.mu_muB != 0.0:
            upper = open_channels(source, self._upscattering_threshold_GeV(dipole.mass_GeV))
            parts += tuple(ElectronChannel(c.component, c.energies, c.share, None, dipole.mass_GeV) for c in upper)
        if not parts and dipole is not None and dipole.decays:
            raise InputError(
                f"no upscattering: the flux ends at {highest * 1e3:.6g} MeV ({source.description}), the threshold "
                f"is {threshold * 1e3:.6g} MeV; choose a smaller model.dipole.mass_GeV or recoil_min_keV, "
                "or a flux of higher energy"
            )
        if not parts:
            raise InputError(
                f"no electron above recoil_min_keV = {self.least_GeV * KEV_PER_GEV:g}: the flux ends at "
                f"{highest * 1e3:.6g} MeV ({source.description}); choose a lower recoil_min_keV or a flux of higher "
                "energy"
            )
        signature = sampled_signature(self.signature, parts)
        return SampledNeutrinoElectron(parts, signature, self.model, self.atoms, self.least_GeV)

    def _channel(self, of: SourceChannel) -> ElectronChannel:
        masses = [mass for _, mass in self.model.infrared(of.neutrino.flavour)]
        scale = self.least_GeV + min(masses) ** 2 / (2.0 * ELECTRON_MASS_GEV) if masses else None
        return ElectronChannel(of.component, of.energies, of.share, scale)

    def row(self, beam: Beam) -> dict[str, Any]:
        """Return the entries of the process in a table of cross sections."""
        neutrinos = ",".join(self.source(beam).neutrinos)
        return {"nu": neutrinos, "leptons": ["e-"], "target": self.target, "regime": "elastic"}

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        source = self.source(beam)
        return {
            "process": self.kind,
            "reaction": self.line,
            "neutrino": ",".join(source.neutrinos),
            "target": self.target,
            "nuclides": ",".join(each.name for each in self.nuclides),
            "channel_names": ",".join(self.sampled(beam).channels),
            "model": json.dumps(stated(self.model), sort_keys=True),
            "electrons": self.electrons,
            "recoil_min_keV": self.recoil_min_keV,
            "flux": source.description,
            "flux_total": source.total,
            "flux_total_units": source.total_units,
            "beam_pdg": ",".join(str(neutrino(name).pdgid) for name in source.neutrinos),
            "target_pdg": ELECTRON_PDG,
            "target_mass_GeV": ELECTRON_MASS_GEV,
            **({} if self.model.dipole is None else self.model.dipole.attributes()),
        }


def stated(model: ElectronModel) -> dict[str, Any]:
    """Return the parameters of a model, as before there was a dipole portal if it has none."""
    found = without_defaults(asdict(model))
    return found if model.dipole is not None else {name: value for name, value in found.items() if name != "dipole"}
