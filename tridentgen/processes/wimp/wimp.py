"""Elastic scattering of dark matter of the galactic halo on the nuclei of a material."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.errors import InputError
from tridentgen.exposure import SECONDS_PER_YEAR, number_of_nuclei
from tridentgen.flux import Beam, Halo
from tridentgen.matter.materials import Material, material
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import DARK_MATTER
from tridentgen.processes.base import Attributes, Caveat, Reaction
from tridentgen.processes.nucleus import NuclearShape
from tridentgen.processes.wimp.model import WimpModel
from tridentgen.processes.wimp.sampled import SampledWimp, WimpChannel
from tridentgen.processes.wimp.spectrum import WimpSpectrum, spin_is_known
from tridentgen.typing import FloatArray

LIGHTEST_MEDIATOR_GEV = 1e-5
"""A mediator of smaller mass m acts only on recoils of m^2/2M of a meV and below."""

_LEAST_CM2, _MOST_CM2 = 1e-70, 1e-20
_ROUNDING = 1e-8
"""A smallest recoil nearer to the largest one is beyond it: their difference has lost its digits."""

_LEAST_SHARE = 1e-2
"""Of nuclei whose spin content is not known, from which a caveat says so."""


@dataclass(frozen=True)
class Wimp(Reaction):
    """Scattering of dark matter. Cross sections are per nucleus, averaged over the material and the flux of the halo.

    The mass of the particle is that of the halo: ``Wimp("Xe", 1e-46).cross_section(flux=halo(30.0))``.

    Parameters
    ----------
    target : str
        A nuclide (``"Ar40"``), an element of natural composition (``"Xe"``) or a compound (``"CF4"``).
    cross_section_cm2 : float
        Reference cross section on the nucleon at zero momentum transfer, with the mass of the proton.
    model : WimpModel
        Spin-independent or spin-dependent couplings, and a light mediator.
    form_factor : str
        ``helm``, ``klein-nystrand``, ``fermi`` or ``unit``; for spins too.
    proton_radius_fm, neutron_radius_fm : float
        Rms radii of protons and neutrons, for targets of a single nuclide; see `NuclearShape`.
    recoil_min_keV : float
        Smaller recoils are excluded from cross sections and events.

    Raises
    ------
    InputError
        For an unknown name, a value out of range, or a model that does not fit the target.
    """

    target: str
    cross_section_cm2: float
    model: WimpModel = field(default_factory=WimpModel)
    form_factor: str = "helm"
    proton_radius_fm: float | None = None
    neutron_radius_fm: float | None = None
    recoil_min_keV: float = 0.0

    def __post_init__(self) -> None:
        sigma = self.cross_section_cm2
        if not _LEAST_CM2 <= sigma <= _MOST_CM2:
            raise InputError(f"cross_section_cm2 = {sigma} must be from {_LEAST_CM2:g} to {_MOST_CM2:g} cm2")
        if not (math.isfinite(self.recoil_min_keV) and self.recoil_min_keV >= 0.0):
            raise InputError(f"recoil_min_keV = {self.recoil_min_keV} must be 0 or a positive energy in keV")
        radii = [name for name in ("proton_radius_fm", "neutron_radius_fm") if getattr(self, name) is not None]
        names = ", ".join(nuclide.name for nuclide in self.nuclides)
        if radii and len(self.nuclides) > 1:
            raise InputError(f"{radii[0]} cannot hold for all nuclides of {self.target} ({names}); name one of them")
        for nuclide in self.nuclides:
            self.shape.of(nuclide)
        mediator = self.model.mediator_mass_GeV
        if mediator is not None and mediator < LIGHTEST_MEDIATOR_GEV and self.recoil_min_keV == 0.0:
            raise InputError(
                f"recoil_min_keV = 0 does not go with a mediator of {mediator:g} GeV, whose cross section lies at "
                "recoils of a meV and below; give the smallest recoil of interest, such as 0.001"
            )
        if not any(spectrum.couples for spectrum in self.spectra(Halo(1.0))):
            raise InputError(
                f"target = '{self.target}' has no nuclide on which these couplings act: the spin of {names} is 0 or "
                "not known here, or protons and neutrons cancel; choose another target, such as Xe or F, or interaction"
            )

    @cached_property
    def material(self) -> Material:
        """The target material."""
        return material(self.target)

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "wimp"

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """Nuclides of the target."""
        return self.material.nuclides

    @cached_property
    def fractions(self) -> tuple[float, ...]:
        """Share of each nuclide in the nuclei of the target; they sum to 1."""
        return self.material.fractions

    @property
    def shape(self) -> NuclearShape:
        """Form factors of protons and neutrons."""
        return NuclearShape(self.form_factor, self.proton_radius_fm, self.neutron_radius_fm)

    @property
    def line(self) -> str:
        """The process in one line, as in ``chi Xe -> chi Xe (dark matter, SI, helm)``."""
        return f"chi {self.target} -> chi {self.target} (dark matter, {self.model.interaction}, {self.form_factor})"

    @property
    def signature(self) -> str:
        """The process as text, for comparison."""
        return json.dumps({"process": self.kind, **asdict(self)}, sort_keys=True)

    def threshold_GeV(self) -> float:
        """Return 0: the recoil of a slow particle is limited by the halo, not by an energy."""
        return 0.0

    def spectra(self, halo: Halo) -> tuple[WimpSpectrum, ...]:
        """Return the spectra of all nuclides in a halo."""
        about = (halo, self.cross_section_cm2, self.model, self.shape)
        return tuple(WimpSpectrum(nuclide, *about) for nuclide in self.nuclides)

    def dsigma_dT(self, recoil_GeV: ArrayLike, halo: Halo) -> FloatArray:
        """Return dsigma/dT in cm^2/GeV per nucleus, averaged over the target and the flux of the halo.

        Parameters
        ----------
        recoil_GeV : array (N,)
            Kinetic energy of the nucleus in GeV.
        halo : Halo

        Raises
        ------
        InputError
            For energies that are negative or not finite.
        """
        recoil = np.asarray(recoil_GeV, dtype=float)
        if not np.all(np.isfinite(recoil) & (recoil >= 0.0)):
            raise InputError("recoil_GeV must be finite and not negative")
        total = np.zeros(recoil.shape)
        for share, spectrum in zip(self.fractions, self.spectra(only_halo(halo)), strict=True):
            total = total + share * spectrum.dsigma_dT(recoil)
        return np.where(recoil * KEV_PER_GEV >= self.recoil_min_keV, total, 0.0)

    def dR_dT(self, recoil_keV: ArrayLike, halo: Halo) -> FloatArray:
        """Return the rate in events per keV, tonne and year at recoils in keV, shape (N,); errors as `dsigma_dT`."""
        scale = only_halo(halo).total * SECONDS_PER_YEAR * number_of_nuclei(self.target, 1.0) / KEV_PER_GEV
        return self.dsigma_dT(np.asarray(recoil_keV, dtype=float) / KEV_PER_GEV, halo) * scale

    def source(self, beam: Beam) -> Halo:
        """Return what of a beam takes part: the dark matter of a halo; raise `InputError` for anything else."""
        return only_halo(beam)

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledWimp:
        """Return the process to sample; raise `InputError` for neutrinos, or if no recoil reaches the smallest one."""
        halo = only_halo(beam)
        least = self.recoil_min_keV / KEV_PER_GEV
        open_to = [spectrum for spectrum in self.spectra(halo) if spectrum.couples]
        numbers = {nuclide: number for number, nuclide in enumerate(self.nuclides)}
        parts = tuple(
            WimpChannel(spectrum, numbers[spectrum.nuclide], self.fractions[numbers[spectrum.nuclide]], least)
            for spectrum in open_to
            if spectrum.most_recoil_GeV * (1.0 - _ROUNDING) > least
        )
        if not parts:
            most = max(spectrum.most_recoil_GeV for spectrum in open_to) * KEV_PER_GEV
            raise InputError(
                f"no recoil above recoil_min_keV = {self.recoil_min_keV:g}: {halo.description} gives {self.target} at "
                f"most {most:.4g} keV; choose a lower recoil_min_keV, a lighter target or a heavier particle"
            )
        signature = json.dumps({"process": json.loads(self.signature), "halo": asdict(halo)}, sort_keys=True)
        return SampledWimp(parts, signature, detector)

    def _caveats(self, _beam: Beam) -> tuple[Caveat, ...]:
        if self.model.interaction == "SI":
            return ()
        pairs = zip(self.nuclides, self.fractions, strict=True)
        unknown = [(nuclide.name, share) for nuclide, share in pairs if not spin_is_known(nuclide)]
        share = math.fsum(share for _, share in unknown)
        if share < _LEAST_SHARE:
            return ()
        names = ", ".join(name for name, _ in unknown)
        text = f"the spin content of {names} is not known here and counts as 0: {100.0 * share:.2g}% of the nuclei"
        return (Caveat("spin", share, text),)

    def row(self, _beam: Beam) -> dict[str, Any]:
        """Return the entries of the process in a table of cross sections."""
        return {"nu": "chi", "leptons": [], "target": self.target, "regime": self.model.interaction}

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        halo = only_halo(beam)
        return {
            "process": self.kind,
            "reaction": self.line,
            "target": self.target,
            "nuclides": ",".join(nuclide.name for nuclide in self.nuclides),
            "channel_names": ",".join(self.sampled(beam).channels),
            "cross_section_cm2": self.cross_section_cm2,
            "form_factor": self.form_factor,
            "model": json.dumps(asdict(self.model), sort_keys=True),
            "recoil_min_keV": self.recoil_min_keV,
            "dark_matter_mass_GeV": halo.mass_GeV,
            "halo": json.dumps(asdict(halo), sort_keys=True),
            "flux": halo.description,
            "flux_total": halo.total,
            "flux_total_units": halo.total_units,
            "beam_pdg": DARK_MATTER,
            "target_pdg": ",".join(str(nuclide.pdgid) for nuclide in self.nuclides),
            "target_mass_GeV": ",".join(repr(nuclide.mass_GeV) for nuclide in self.nuclides),
        }


def only_halo(beam: Beam) -> Halo:
    """Return the dark matter of a beam; raise `InputError` for neutrinos, or a single energy."""
    if not isinstance(beam, Halo):
        raise InputError(
            f"WIMPs come from the halo, not as neutrinos or with one energy ({beam.description}): give flux = halo(...)"
        )
    return beam
