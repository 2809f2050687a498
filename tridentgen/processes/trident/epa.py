"""Neutrino tridents in the equivalent-photon approximation."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from tridentgen.constants import LAMBDA_QCD_GEV
from tridentgen.errors import InputError, nearest
from tridentgen.flux import Beam, EnergyMap
from tridentgen.processes.base import Attributes
from tridentgen.processes.trident.columns import COHERENT
from tridentgen.processes.trident.sampled import SampledTrident
from tridentgen.processes.trident.sampled_epa import EpaChannel, SampledEpaTrident
from tridentgen.processes.trident.targets import Target
from tridentgen.processes.trident.trident import Trident

PHOTON_FLUXES = ("exact", "lambda-qcd", "q-max", "uncut")
"""The exact transverse flux h_T, and the textbook flux with Q < Lambda_QCD/A^(1/3), with Q < q_max, or without cut."""

DEFAULT_Q_MAX_GEV = 1.0


@dataclass(frozen=True)
class EpaTrident(Trident):
    """A trident process on one nuclide in the equivalent-photon approximation.

    The longitudinal cross section is neglected and the transverse one taken at Q^2 = 0. Other parameters and exceptions
    are those of `Trident`; `matrix_element_squared` is that of the full process.

    Parameters
    ----------
    photon_flux : str
        ``exact``: the transverse flux of the full process, over its region of Q^2 and shat. The others are the
        textbook flux, Z^2 e^2/(4 pi^2) F^2 dshat/shat dQ^2/Q^2 from Q = shat/2E: ``lambda-qcd`` to
        Q = 0.217 GeV/A^(1/3) (A = 1 on nucleons), ``q-max`` to `q_max_GeV`, ``uncut`` to the kinematic limit of the
        target.
    q_max_GeV : float
        With ``q-max``: the largest Q, 1 GeV unless given.
    """

    photon_flux: str = "exact"
    q_max_GeV: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.photon_flux not in PHOTON_FLUXES:
            hint = nearest(self.photon_flux, PHOTON_FLUXES)
            raise InputError(f"unknown photon_flux '{self.photon_flux}'{hint}; known are {', '.join(PHOTON_FLUXES)}")
        if self.q_max_GeV is None:
            return
        if self.photon_flux != "q-max":
            raise InputError(f"q_max_GeV goes with photon_flux = 'q-max', not with '{self.photon_flux}'; leave it out")
        if not (math.isfinite(self.q_max_GeV) and self.q_max_GeV > 0.0):
            raise InputError(f"q_max_GeV = {self.q_max_GeV} must be positive; 1 GeV is usual")

    @classmethod
    def of(cls, trident: Trident, photon_flux: str = "exact", q_max_GeV: float | None = None) -> EpaTrident:
        """Return the approximation of a process."""
        return cls(**_fields_of(trident), photon_flux=photon_flux, q_max_GeV=q_max_GeV)

    @property
    def kind(self) -> str:
        """Name of this kind of process on cards."""
        return "trident-epa"

    @property
    def flux_label(self) -> str:
        """The photon flux in a word or two, such as ``Q < 1 GeV``."""
        labels = {"exact": "exact h_T", "lambda-qcd": "Q < Lambda_QCD/A^(1/3)", "uncut": "no cut on Q"}
        return labels.get(self.photon_flux) or f"Q < {self.q_max_GeV or DEFAULT_Q_MAX_GEV:g} GeV"

    @property
    def line(self) -> str:
        """The process in one line."""
        return f"{super().line}, EPA with {self.flux_label}"

    @property
    def full(self) -> Trident:
        """The process without the approximation."""
        return Trident(**_fields_of(self))

    def q_cut_GeV(self, target: Target) -> float | None:
        """Return the largest Q on a target, or None if there is no cut."""
        if self.photon_flux == "q-max":
            return DEFAULT_Q_MAX_GEV if self.q_max_GeV is None else self.q_max_GeV
        if self.photon_flux == "lambda-qcd":
            nucleons = self.nuclide.A if target.regime == COHERENT else 1
            return float(LAMBDA_QCD_GEV / nucleons ** (1.0 / 3.0))
        return None

    def threshold_GeV(self, target: Target | None = None) -> float:
        """Return the threshold of the neutrino energy in GeV, on `target` or the target with the lowest threshold.

        It is the threshold of the full process or the energy at which Q = shat/2E falls below the cut, whichever is
        higher.
        """
        if target is None:
            return min(self.threshold_GeV(each) for each in self.targets)
        cut, pair = self.q_cut_GeV(target), self.minus.mass_GeV + self.plus.mass_GeV
        of_cut = 0.0 if cut is None else 0.5 * pair * pair / cut
        return max(super().threshold_GeV(target), of_cut)

    def _channel(self, target: Target, energies: EnergyMap, plus_leads: bool) -> EpaChannel:
        """Return a sampling channel."""
        return EpaChannel(target, energies, plus_leads, self.photon_flux == "exact", self.q_cut_GeV(target))

    @property
    def _sampled(self) -> type[SampledTrident]:
        """The class of the sampled process."""
        return SampledEpaTrident

    def attributes(self, beam: Beam) -> Attributes:
        """Return the root attributes of an event file of the process."""
        cuts = [cut for cut in map(self.q_cut_GeV, self.targets) if cut is not None]
        cut = {"photon_q_max_GeV": ",".join(f"{cut:.6g}" for cut in cuts)} if cuts else {}
        return {**super().attributes(beam), "photon_flux": self.photon_flux, **cut}


def _fields_of(trident: Trident) -> dict[str, Any]:
    """Return the parameters that the approximation shares with the full process."""
    return {field.name: getattr(trident, field.name) for field in fields(Trident)}
