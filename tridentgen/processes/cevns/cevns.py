"""Coherent elastic neutrino-nucleus scattering: nu A -> nu A, in the Standard Model and beyond."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.errors import InputError
from tridentgen.flux import Beam, Component, Flux, Source
from tridentgen.flux.fingerprint import fingerprint, fingerprint_of_times
from tridentgen.matter.materials import Material, material
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import FLAVOURS, neutrino
from tridentgen.processes.base import Attributes, Reaction, only_neutrinos
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.sampled import CevnsChannel, SampledCevns, channels
from tridentgen.processes.cevns.spectrum import RecoilSpectrum, recoil_spectra
from tridentgen.processes.dipole import without_defaults
from tridentgen.processes.nucleus import NuclearShape, Radius
from tridentgen.processes.source_channels import highest_energy_GeV
from tridentgen.typing import FloatArray

MAX_ENERGY_GEV = 1e3
"""Largest neutrino energy: far above those of coherent scattering on a whole nucleus."""

_SIMILAR_SIZES = 1.1
"""Nuclides whose A^(1/3) differ by no more may share one radius: CsI, or the isotopes of an element."""

LIGHTEST_BOSON_GEV = 1e-5
"""A boson of smaller mass m distorts the recoil spectrum only at recoils m^2/2M of a meV and below, where its cross
section would lie: such recoils are hardly sampled."""


@dataclass(frozen=True)
class Cevns(Reaction):
    """CEvNS on the nuclei of a material. Cross sections are per nucleus, averaged over the material.

    Parameters
    ----------
    target : str
        A nuclide (``"Ar40"``), an element of natural composition (``"Xe"``) or a compound (``"CsI"``).
    neutrino : str
        The neutrino of a flux or a single energy, and the only one taken from a source. If it is not given, all
        neutrinos of a source are taken, and a flux or a single energy is that of ``numu``.
    form_factor : str
        ``helm``, ``klein-nystrand``, ``fermi`` or ``unit``.
    proton_radius_fm, neutron_radius_fm : float or mapping
        Rms radii of protons and neutrons, for nuclides of similar size, or of each by name; see `NuclearShape`.
    neutron_skin_fm : float
        Rms radius of the neutrons minus that of the protons, in place of `neutron_radius_fm`.
    sin2_theta_w : float
        Weak mixing angle at zero momentum transfer; the model's unless given.
    model : CevnsModel
        Couplings of the Standard Model and additions to it.
    recoil_min_keV : float
        Smaller recoils are excluded from cross sections and events.

    Raises
    ------
    InputError
        For an unknown name, a value out of range, or a model that does not fit the target.
    """

    target: str
    neutrino: str | None = None
    form_factor: str = "helm"
    proton_radius_fm: Radius | None = None
    neutron_radius_fm: Radius | None = None
    sin2_theta_w: float | None = None
    model: CevnsModel = field(default_factory=CevnsModel)
    recoil_min_keV: float = 0.0
    neutron_skin_fm: float | None = None

    def __post_init__(self) -> None:
        if self.neutrino is not None:
            neutrino(self.neutrino)
        if self.sin2_theta_w is not None:
            if self.model.sin2_theta_w not in (CevnsModel.sin2_theta_w, self.sin2_theta_w):
                raise InputError("sin2_theta_w differs from that of the model; give one of the two")
            values = {**vars(self.model), "sin2_theta_w": self.sin2_theta_w}
            object.__setattr__(self, "model", CevnsModel(**values))
        if not (math.isfinite(self.recoil_min_keV) and self.recoil_min_keV >= 0.0):
            raise InputError(f"recoil_min_keV = {self.recoil_min_keV} must be 0 or a positive energy in keV")
        for key in ("proton_radius_fm", "neutron_radius_fm"):
            if isinstance(getattr(self, key), Mapping):
                object.__setattr__(self, key, tuple(getattr(self, key).items()))
            self._check_radius(key)
        self._spectra("numu")  # raises unless the model and the shape fit every nuclide
        self._check_infrared()

    def _check_radius(self, key: str) -> None:
        """Raise `InputError` for one radius of nuclides that differ in size, or a name that is not in the target."""
        given: Radius | None = getattr(self, key)
        if given is None:
            return
        if isinstance(given, (int, float)):
            sizes = [nuclide.A ** (1.0 / 3.0) for nuclide in self.nuclides]
            if max(sizes) > _SIMILAR_SIZES * min(sizes):
                names = ", ".join(nuclide.name for nuclide in self.nuclides)
                raise InputError(
                    f"{key} cannot hold for all nuclides of {self.target} ({names}), which differ in size; give one of "
                    f"each, such as {{{self.nuclides[0].symbol} = {given:g}, ...}}, or neutron_skin_fm"
                )
            return
        known = {name for nuclide in self.nuclides for name in (nuclide.name, nuclide.symbol)}
        for name, _ in dict(given).items():
            if name not in known:
                raise InputError(
                    f"{key} names {name}, which is not in {self.target}; it has {', '.join(sorted(known))}"
                )

    def _check_infrared(self) -> None:
        """Raise `InputError` if the total cross section is infinite, or lies at recoils far below those sampled."""
        if self.recoil_min_keV > 0.0:
            return
        model = self.model
        flavours = FLAVOURS if self.neutrino is None else (neutrino(self.neutrino).flavour,)
        bosons = {"vector": model.vector, "scalar": model.scalar, "tensor": model.tensor}
        light = [
            f"a {name} of {boson.mass_GeV:g} GeV"
            for name, boson in bosons.items()
            if boson is not None and boson.mass_GeV < LIGHTEST_BOSON_GEV and boson.strength != 0.0
        ]
        if any(model.moment(flavour) != 0.0 for flavour in flavours):
            light.append("a magnetic moment")
        if light:
            raise InputError(
                f"recoil_min_keV = 0 does not go with {light[0]}, whose cross section grows without limit at "
                "small recoils; give the smallest recoil of interest, such as 0.001"
            )

    @cached_property
    def material(self) -> Material:
        """The target material."""
        return material(self.target)

    threshold_cure: ClassVar[str] = "a lower recoil_min_keV"

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "cevns"

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
        return NuclearShape(self.form_factor, self.proton_radius_fm, self.neutron_radius_fm, self.neutron_skin_fm)

    @property
    def line(self) -> str:
        """The process in one line, as in ``nu CsI -> nu CsI (coherent scattering, helm)``."""
        incoming, dipole = self.neutrino or "nu", self.model.dipole
        shape = f"coherent scattering, {self.form_factor}"
        if dipole is None:
            return f"{incoming} {self.target} -> {incoming} {self.target} ({shape})"
        regimes = shape if dipole.regimes == ("coherent",) else f"{', '.join(dipole.regimes)}, {self.form_factor}"
        if dipole.decays:
            kind, target = dipole.decay.capitalize(), self.target
            return f"{incoming} {target} -> N {target} -> nu gamma {target} ({kind} N; {regimes})"
        return f"{incoming} {self.target} -> {incoming} or N {self.target} ({regimes})"

    def threshold_GeV(self) -> float:
        """Return the neutrino energy in GeV above which a recoil of `recoil_min_keV` is possible."""
        least = self.recoil_min_keV / KEV_PER_GEV
        return min(spectrum.threshold_above(least) for spectrum in self._spectra("numu"))

    @property
    def signature(self) -> str:
        """The process as text, for comparison."""
        fields = asdict(self)
        if self.neutron_skin_fm is None:
            del fields["neutron_skin_fm"]  # so that files of before this key still match
        return json.dumps({"process": self.kind, **fields, "model": without_defaults(fields["model"])}, sort_keys=True)

    def _spectra(self, neutrino_name: str) -> tuple[RecoilSpectrum, ...]:
        """Return the recoil spectra of all nuclides, one for each final state."""
        return tuple(s for n in self.nuclides for s in recoil_spectra(n, neutrino_name, self.model, self.shape))

    def dsigma_dT(self, energy_GeV: ArrayLike, recoil_GeV: ArrayLike, neutrino: str | None = None) -> FloatArray:
        """Return dsigma/dT in cm^2/GeV per nucleus, averaged over the nuclei of the target.

        Parameters
        ----------
        energy_GeV, recoil_GeV : arrays that broadcast
            Energy of the neutrino and kinetic energy of the nucleus in GeV.
        neutrino : str
            The neutrino; that of the process, or ``numu``, unless given.

        Raises
        ------
        InputError
            For energies that are negative or not finite, or an unknown neutrino.
        """
        energy, recoil = np.asarray(energy_GeV, dtype=float), np.asarray(recoil_GeV, dtype=float)
        for name, values in (("energy_GeV", energy), ("recoil_GeV", recoil)):
            if not np.all(np.isfinite(values) & (values >= 0.0)):
                raise InputError(f"{name} must be finite and not negative")
        total = np.zeros(np.broadcast_shapes(energy.shape, recoil.shape))
        shares = dict(zip(self.nuclides, self.fractions, strict=True))
        for spectrum in self._spectra(neutrino or self.neutrino or "numu"):
            total = total + shares[spectrum.nuclide] * spectrum.dsigma_dT(energy, recoil)
        return np.where(recoil * KEV_PER_GEV >= self.recoil_min_keV, total, 0.0)

    def source(self, flux: Beam) -> Source:
        """Return the neutrinos that scatter: only that of the process if it names one."""
        flux = only_neutrinos(flux)
        if isinstance(flux, Flux):
            return Source.of(flux, self.neutrino or "numu")
        return flux if self.neutrino is None else flux.only(self.neutrino)

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledCevns:
        """Return the process to sample.

        Raise `InputError` for a source whose neutrinos cannot make a recoil above the smallest one, or exceed 1 TeV.
        """
        source = self.source(beam)
        highest = highest_energy_GeV(source, MAX_ENERGY_GEV)
        if detector is not None:
            self._check_response()
        parts = tuple(part for component in source.components for part in self._channels(component, source))
        if not parts:
            if self.model.dipole is not None and self.model.dipole.decays:
                raise InputError(
                    f"no upscattering: the flux ends at {highest * 1e3:.6g} MeV ({source.description}), the threshold "
                    f"is {self.threshold_GeV() * 1e3:.6g} MeV; choose a smaller model.dipole.mass_GeV or "
                    "recoil_min_keV, or a flux of higher energy"
                )
            raise InputError(
                f"no recoil above recoil_min_keV = {self.recoil_min_keV:g}: the flux ends at {highest * 1e3:.6g} MeV "
                f"({source.description}); choose a lower recoil_min_keV, a lighter target or a flux of higher energy"
            )
        spectra = [
            (part.name, part.share, part.least_recoil_GeV, fingerprint(part.energies),
             *fingerprint_of_times(part.component))
            for part in parts
        ]  # fmt: skip
        signature = json.dumps({"process": json.loads(self.signature), "source": spectra})
        return SampledCevns(parts, signature, detector, self.model.dipole)

    def _check_response(self) -> None:
        """Raise `InputError` for a response of the detector to events that it does not describe."""
        dipole = self.model.dipole
        if dipole is not None and dipole.decays:
            raise InputError(
                f"model.dipole.decay = '{dipole.decay}' does not go with a response to nuclear recoils; leave "
                "quenching, resolution, efficiency and thresholds out of [detector]"
            )
        if dipole is not None and dipole.parts != ("coherent",):
            raise InputError(
                f"model.dipole.regimes = {list(dipole.regimes)} do not go with a response to nuclear recoils, which "
                "nucleons are not; leave quenching, resolution, efficiency and thresholds out of [detector]"
            )

    def _channels(self, component: Component, source: Source) -> tuple[CevnsChannel, ...]:
        least = self.recoil_min_keV / KEV_PER_GEV
        size = component.flux.total / source.total
        numbers = {nuclide: number for number, nuclide in enumerate(self.nuclides)}
        return tuple(
            channel
            for spectrum in self._spectra(component.neutrino)
            for number in (numbers[spectrum.nuclide],)
            for channel in channels(component, spectrum, number, size * self.fractions[number], least)
        )

    def row(self, beam: Beam) -> dict[str, Any]:
        """Return the entries of the process in a table of cross sections."""
        neutrinos = ",".join(self.source(beam).neutrinos)
        regimes = ("coherent",) if self.model.dipole is None else self.model.dipole.regimes
        return {"nu": neutrinos, "leptons": [], "target": self.target, "regime": ",".join(regimes)}

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        source = self.source(beam)
        return {
            "process": self.kind,
            "reaction": self.line,
            "neutrino": ",".join(source.neutrinos),
            "target": self.target,
            "nuclides": ",".join(nuclide.name for nuclide in self.nuclides),
            "channel_names": ",".join(self.sampled(beam).channels),
            "form_factor": self.form_factor,
            "model": json.dumps(without_defaults(asdict(self.model)), sort_keys=True),
            "recoil_min_keV": self.recoil_min_keV,
            "flux": source.description,
            "flux_total": source.total,
            "flux_total_units": source.total_units,
            "beam_pdg": ",".join(str(neutrino(name).pdgid) for name in source.neutrinos),
            "target_pdg": ",".join(str(nuclide.pdgid) for nuclide in self.nuclides),
            "target_mass_GeV": ",".join(repr(nuclide.mass_GeV) for nuclide in self.nuclides),
            **({} if self.model.dipole is None else self.model.dipole.attributes()),
        }
