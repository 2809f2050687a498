"""Neutrino tridents: nu A -> nu' l- l+ A, coherent on a nucleus or elastic on its nucleons."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, astuple, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tridentgen.constants import SIN2_THETA_W
from tridentgen.detector.response import Detector
from tridentgen.engines.process import Column
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.events.kinematics import neutrino_q2
from tridentgen.flux import Beam, EnergyMap
from tridentgen.flux.fingerprint import fingerprint
from tridentgen.matter.nuclei import Nuclide, nuclide
from tridentgen.matter.particles import NEUTRINOS, ChargedLepton, Neutrino, charged_lepton, neutrino
from tridentgen.physics import trident_hadron
from tridentgen.physics.azimuth import azimuth_density
from tridentgen.physics.trident_amplitude import combined, left_amplitudes, normalisation, right_amplitudes
from tridentgen.physics.trident_couplings import Couplings, ZPrime, standard_model
from tridentgen.physics.trident_invariants import Four, frame_point
from tridentgen.processes.base import Attributes, Caveat, Reaction, only_flux
from tridentgen.processes.trident import validity
from tridentgen.processes.trident.columns import trident_columns
from tridentgen.processes.trident.pairs import outgoing_flavour
from tridentgen.processes.trident.sampled import Channel, SampledTrident
from tridentgen.processes.trident.targets import Target, targets
from tridentgen.typing import FloatArray

_MAX_ENERGY_GEV = 1e12
"""Largest neutrino energy: far above any beam, and far below energies whose squares overflow."""


@dataclass(frozen=True)
class Trident(Reaction):
    """A trident process on one nuclide.

    Parameters
    ----------
    neutrino, lepton_minus, lepton_plus : str
        Names such as ``"numu"``, ``"mu-"``, ``"mu+"``.
    target : str
        A nuclide such as ``"Ar40"``.
    regime : str or tuple of str
        ``coherent``, ``proton``, ``neutron``, ``diffractive`` (Z protons and A - Z neutrons), ``total``, or several of
        these that do not overlap. Cross sections are per nuclide.
    form_factor : str
        Charge form factor of the nucleus: ``fermi``, ``woods-saxon``, ``helm``, ``klein-nystrand``, ``fourier-bessel``
        or ``unit``.
    nucleon_form_factor : str
        ``kelly`` (Phys. Rev. C 70 (2004) 068202) or ``dipole``, which gives 3 % more on protons.
    pauli_blocking : bool
        Pauli blocking of bound nucleons, with the Fermi momentum `fermi_momentum_GeV` (default 0.235 from A = 12 on).
    sin2_theta_w : float
        Weak mixing angle.
    vector, axial : float
        Couplings V and A instead of those of the Standard Model; given together.
    zprime : ZPrime
        A light vector boson in addition.
    z_propagator : bool
        Keep the propagator of the Z, M_Z^2/(M_Z^2 + 2 p1.p2), instead of its four-fermion limit; for lepton pairs
        without W exchange.

    Raises
    ------
    InputError
        For an unknown name, a lepton pair that cannot be produced, a target that does not have the regime, or
        `z_propagator` where a W is exchanged.
    """

    neutrino: str
    lepton_minus: str
    lepton_plus: str
    target: str = "Ar40"
    regime: str | tuple[str, ...] = "coherent"
    form_factor: str = "fermi"
    nucleon_form_factor: str = "kelly"
    pauli_blocking: bool = True
    fermi_momentum_GeV: float | None = None
    sin2_theta_w: float = SIN2_THETA_W
    vector: float | None = None
    axial: float | None = None
    zprime: ZPrime | None = None
    z_propagator: bool = False

    def __post_init__(self) -> None:
        if self.minus.charge > 0 or self.plus.charge < 0:
            raise InputError(
                f"lepton_minus = '{self.lepton_minus}' and lepton_plus = '{self.lepton_plus}' have the wrong charges; "
                "give the negative lepton first"
            )
        if (self.vector is None) != (self.axial is None):
            raise InputError("vector and axial replace the couplings together: give both or neither")
        if not 0.0 < self.sin2_theta_w < 1.0:
            raise InputError(f"sin2_theta_w = {self.sin2_theta_w} must lie between 0 and 1")
        _ = self.couplings
        regimes = [target.regime for target in self.targets]
        if len(set(regimes)) != len(regimes):
            raise InputError(f"regimes {self.regimes} overlap: the same target would count twice")

    threshold_cure: ClassVar[str] = "lighter leptons"

    @property
    def regimes(self) -> tuple[str, ...]:
        """The regimes as a tuple."""
        return (self.regime,) if isinstance(self.regime, str) else tuple(self.regime)

    @property
    def incoming(self) -> Neutrino:
        """The incoming neutrino."""
        return neutrino(self.neutrino)

    @property
    def minus(self) -> ChargedLepton:
        """The negative lepton."""
        return charged_lepton(self.lepton_minus)

    @property
    def plus(self) -> ChargedLepton:
        """The positive lepton."""
        return charged_lepton(self.lepton_plus)

    @property
    def nuclide(self) -> Nuclide:
        """The target nuclide."""
        return nuclide(self.target)

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        """The target nuclide, as a tuple."""
        return (self.nuclide,)

    def _roles(self) -> tuple[str, str]:
        """Flavours of the lepton with the incoming neutrino's sign of lepton number, and of the other."""
        minus, plus = self.minus.flavour, self.plus.flavour
        return (plus, minus) if self.incoming.antiparticle else (minus, plus)

    @property
    def outgoing(self) -> Neutrino:
        """The outgoing neutrino."""
        incoming = self.incoming
        return Neutrino(outgoing_flavour(incoming.flavour, *self._roles()), incoming.antiparticle)

    @property
    def has_w_exchange(self) -> bool:
        """Whether a W is exchanged: the neutrino turns into its own charged lepton."""
        return self._roles()[0] == self.incoming.flavour

    @cached_property
    def couplings(self) -> Couplings:
        """Couplings of the lepton current."""
        outgoing_flavour(self.incoming.flavour, *self._roles())  # raises unless lepton flavour is conserved
        model = standard_model(self.incoming.flavour, *self._roles(), self.sin2_theta_w)
        if self.vector is not None and self.axial is not None:
            model = Couplings(self.vector, self.axial)
        if self.zprime is not None:
            if self.minus.flavour != self.plus.flavour:
                raise InputError("a Z' that conserves flavour makes pairs of one flavour only; leave zprime out")
            if not (all(map(math.isfinite, astuple(self.zprime))) and self.zprime.mass_GeV > 0.0):
                raise InputError(f"zprime = {self.zprime} needs finite numbers and a mass above 0")
            model = replace(model, zprime=self.zprime)
        if self.z_propagator and self.has_w_exchange:
            raise InputError(
                f"z_propagator is for lepton pairs made by the Z alone, but {self.neutrino} -> {self.lepton_minus} "
                f"{self.lepton_plus} has W exchange, whose propagator differs between the diagrams; leave z_propagator "
                "out"
            )
        return replace(model, z_propagator=self.z_propagator)

    @property
    def c_l(self) -> float:
        """Coupling c_L = V + A; raises `InputError` where it differs from event to event (a Z', the Z propagator)."""
        return self._constant_couplings().c_l

    @property
    def c_r(self) -> float:
        """Coupling c_R = V - A; raises `InputError` where it differs from event to event (a Z', the Z propagator)."""
        return self._constant_couplings().c_r

    def _constant_couplings(self) -> Couplings:
        if not self.couplings.are_constant:
            boson = "the Z propagator" if self.zprime is None else "a Z'"
            raise InputError(
                f"with {boson} couplings differ from event to event: use reweight(*p.chiral_couplings(events))"
            )
        return self.couplings

    def chiral_couplings(self, events: Events) -> tuple[FloatArray, FloatArray]:
        """Return (c_L, c_R) for each event, arrays of shape (N,).

        They are taken at the column ``q2_nu``, or without it at the momenta of the two neutrinos, whatever the axes.

        Raises
        ------
        InputError
            If the events have neither, or are of the EPA, whose momenta do not determine it, and lack the column.
        """
        c_l, c_r = self.couplings.chiral(_q2_between_neutrinos(events))
        return np.broadcast_to(c_l, len(events)), np.broadcast_to(c_r, len(events))

    def with_couplings(
        self, *, sin2_theta_w: float | None = None, vector: float | None = None, axial: float | None = None,
        zprime: ZPrime | None = None, z_propagator: bool | None = None,
    ) -> Trident:  # fmt: skip
        """Return the same process with other couplings; weak angle and Z propagator stay as they are unless given."""
        angle = self.sin2_theta_w if sin2_theta_w is None else sin2_theta_w
        keeps = self.z_propagator if z_propagator is None else z_propagator
        return replace(self, sin2_theta_w=angle, vector=vector, axial=axial, zprime=zprime, z_propagator=keeps)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Targets to which the virtual photon couples."""
        return tuple(
            target
            for regime in self.regimes
            for target in targets(
                self.nuclide,
                regime,
                form_factor=self.form_factor,
                nucleon_form_factor=self.nucleon_form_factor,
                pauli_blocking=self.pauli_blocking,
                fermi_momentum_GeV=self.fermi_momentum_GeV,
            )
        )

    def threshold_GeV(self, target: Target | None = None) -> float:
        """Return the neutrino energy in GeV above which the process is possible, on `target` or the heaviest one."""
        mass = max(t.mass_GeV for t in self.targets) if target is None else target.mass_GeV
        pair = self.minus.mass_GeV + self.plus.mass_GeV
        return pair + 0.5 * pair * pair / mass

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "trident"

    @property
    def line(self) -> str:
        """The process in one line, as in ``numu Ar40 -> numu mu- mu+ (coherent)``."""
        out = f"{self.outgoing.name} {self.lepton_minus} {self.lepton_plus}"
        return f"{self.neutrino} {self.target} -> {out} ({', '.join(self.regimes)})"

    @property
    def signature(self) -> str:
        """The process as text, for comparison."""
        parameters = asdict(self)
        if not self.z_propagator:  # as before there was this option: maps of earlier files stay usable
            del parameters["z_propagator"]
        return json.dumps({"process": self.kind, **parameters}, sort_keys=True)

    def _channel(self, target: Target, energies: EnergyMap, plus_leads: bool) -> Channel:
        """Return a sampling channel."""
        return Channel(target, energies, plus_leads)

    @property
    def _sampled(self) -> type[SampledTrident]:
        """The class of the sampled process."""
        return SampledTrident

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledTrident:
        """Return the process to sample.

        Raise `InputError` for a source of several neutrinos, a flux that ends below every threshold or above 1e12 GeV,
        or a detector.
        """
        if detector is not None:
            raise InputError("a detector with a response is for CEvNS; leave it out")
        flux = only_flux(beam)
        threshold = self.threshold_GeV()
        if flux.energy_max_GeV > _MAX_ENERGY_GEV:
            raise InputError(
                f"the flux reaches {flux.energy_max_GeV:g} GeV ({flux.description}); "
                f"give energies up to {_MAX_ENERGY_GEV:g} GeV"
            )
        flux.energy_map(threshold)
        parts = tuple(
            self._channel(target, flux.energy_map(self.threshold_GeV(target)), lead)
            for target in self.targets
            if flux.energy_max_GeV > self.threshold_GeV(target)
            for lead in (True, False)
        )
        return self._sampled(
            couplings=self.couplings,
            antineutrino=self.incoming.antiparticle,
            mass_minus=self.minus.mass_GeV,
            mass_plus=self.plus.mass_GeV,
            parts=parts,
            flux_dimension=parts[0].energies.dimensions,
            signature=json.dumps({"process": json.loads(self.signature), "flux": fingerprint(parts[0].energies)}),
            columns=self._columns,
        )

    @property
    def _columns(self) -> tuple[Column, ...]:
        """Columns of an event, with their particles."""
        recoils = {target.regime: (target.pdgid, target.mass_GeV) for target in self.targets}
        neutrinos = self.incoming.pdgid, self.outgoing.pdgid
        return trident_columns(*neutrinos, self.lepton_minus, self.lepton_plus, recoils)

    def row(self, _beam: Beam) -> dict[str, Any]:
        """Return the entries of the process in a table of cross sections."""
        leptons = [self.lepton_minus, self.lepton_plus]
        return {"nu": self.neutrino, "leptons": leptons, "target": self.target, "regime": ",".join(self.regimes)}

    @property
    def full(self) -> Trident:
        """The process in the full phase space."""
        return self

    def parts(self) -> tuple[Trident, ...]:
        """Return the process in each of its regimes."""
        return tuple(replace(self, regime=(name,)) for name in self.regimes)

    def _caveats(self, beam: Beam) -> tuple[Caveat, ...]:
        """Return what matters of the propagators of W and Z, inelastic scattering and the tail of the form factor."""
        standard = self.full.with_couplings(sin2_theta_w=SIN2_THETA_W, z_propagator=False)
        return validity.caveats(self, standard, only_flux(beam))

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        flux = only_flux(beam)
        return {
            "process": self.kind,
            "reaction": self.line,
            "neutrino": self.neutrino,
            "lepton_minus": self.lepton_minus,
            "lepton_plus": self.lepton_plus,
            "neutrino_out": self.outgoing.name,
            "target": self.nuclide.name,
            "regimes": ",".join(self.regimes),
            "form_factor": self.form_factor,
            "flux": flux.description,
            "flux_total": flux.total,
            "flux_total_units": flux.total_units,
            "beam_pdg": self.incoming.pdgid,
            "neutrino_out_pdg": self.outgoing.pdgid,
            "target_pdg": self.nuclide.pdgid,
            "target_mass_GeV": self.nuclide.mass_GeV,
            "recoil_pdg": ",".join(str(target.pdgid) for target in self.targets),
            "vector_coupling": self.couplings.vector,
            "axial_coupling": self.couplings.axial,
        }

    def matrix_element_squared(
        self,
        p1: ArrayLike,
        P: ArrayLike,
        p2: ArrayLike,
        p_minus: ArrayLike,
        p_plus: ArrayLike,
        P_out: ArrayLike,
    ) -> FloatArray:
        """Return |M|^2 in GeV^-4 for given momenta, spins summed (the target's averaged).

        Parameters
        ----------
        p1, P, p2, p_minus, p_plus, P_out : arrays of shape (N, 4) or (4,)
            Momenta (E, px, py, pz) in GeV of the incoming neutrino and target, outgoing neutrino, l-, l+ and target, in
            any frame, on shell and conserved.

        Returns
        -------
        array of shape (N,)

        Raises
        ------
        InputError
            If the process has more than one kind of target, or the momenta have the wrong shape, are not finite, or
            are not conserved.
        """
        if len(self.targets) != 1:
            raise InputError(f"regimes {self.regimes} have several kinds of target; choose coherent, proton or neutron")
        target = self.targets[0]
        fours = [_columns(p) for p in (p1, P, p2, p_minus, p_plus, P_out)]
        _check_conserved(fours)
        mass_minus, mass_plus = self.minus.mass_GeV, self.plus.mass_GeV
        point = frame_point(fours[0], fours[1], fours[2], fours[4], fours[3], target.mass_GeV, mass_plus, mass_minus)
        left = left_amplitudes(point.state, mass_plus, mass_minus)
        right = right_amplitudes(point.state, mass_plus, mass_minus)
        if self.incoming.antiparticle:
            left, right = right, left
        c_l, c_r = self.couplings.chiral(2.0 * point.state.k * point.state.n_plus)
        hadron = target.hadron(point.transfer, point.energy)
        series = trident_hadron.azimuthal_series(combined(left, right, c_l, c_r), hadron, np.sqrt(point.transfer.e_t2))
        contraction = azimuth_density(series, point.cos_phi, point.sin_phi)
        q2 = point.transfer.q2
        squared: FloatArray = trident_hadron.LEPTON_FACTOR * normalisation(point.state) * contraction / (q2 * q2)
        return squared


def _q2_between_neutrinos(events: Events) -> FloatArray:
    """Return 2 p1.p2 in GeV^2, shape (N,): the column, or for files from before it was introduced, from the momenta."""
    if "q2_nu" in events.columns:
        return np.asarray(events["q2_nu"])
    # In the EPA the photon of the couplings is real, and energy is not conserved by the momenta.
    if "photon_flux" not in events.attributes and {"p4_nu_in", "p4_nu_out"} <= events.columns.keys():
        return neutrino_q2(events["p4_nu_in"], events["p4_nu_out"])
    raise InputError(
        "these events have no column 'q2_nu' (2 p1.p2 of the neutrinos), on which couplings with a Z' depend: read it "
        "from the file as well, or generate the events again if the file does not have it"
    )


def _columns(momenta: ArrayLike) -> Four:
    array = np.asarray(momenta, dtype=float)
    if array.ndim not in (1, 2) or array.shape[-1] != 4 or not np.all(np.isfinite(array)):
        raise InputError(f"momenta need the shape (N, 4) as (E, px, py, pz) in GeV, all finite; got {array.shape}")
    rows = np.atleast_2d(array)
    return rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]


def _check_conserved(fours: list[Four]) -> None:
    scale = np.max([np.abs(p[0]) for p in fours], axis=0)
    for i in range(4):
        off = np.abs(fours[0][i] + fours[1][i] - sum(p[i] for p in fours[2:])) / scale
        if float(np.max(off)) > 1e-6:
            raise InputError(
                f"momentum is not conserved: component {i} is off by {math.nan if off.size == 0 else np.max(off):.1e} "
                "of the largest energy"
            )


def all_channels() -> tuple[tuple[str, str, str], ...]:
    """Return every allowed (neutrino, l-, l+) by name."""
    found = []
    flavours = ("e", "mu", "tau")
    for name in NEUTRINOS:
        for minus in flavours:
            for plus in flavours:
                lepton, antilepton = (plus, minus) if NEUTRINOS[name].antiparticle else (minus, plus)
                if antilepton == lepton or lepton == NEUTRINOS[name].flavour:
                    found.append((name, f"{minus}-", f"{plus}+"))
    return tuple(found)
