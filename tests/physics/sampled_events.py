"""Events of `SampledTrident` at chosen points, and |M|^2 at their laboratory momenta from Dirac matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tests.physics.frames import Long, long
from tests.reference import dirac
from tests.reference.dirac import LongReal, Momenta, dot
from tridentgen.flux import Monochromatic
from tridentgen.physics import form_factors
from tridentgen.processes.trident.sampled import SampledTrident
from tridentgen.processes.trident.targets import charge_form_factor
from tridentgen.processes.trident.trident import Trident

Array = NDArray[np.float64]
Event = dict[str, NDArray[np.float64]]


def hadron_tensor(process: Trident, m: Momenta) -> dirac.LongComplex:
    """H_{mu nu} of the process's target on argon with the default form factors, taken at the momenta's Q^2."""
    q2 = -dot(m.q, m.q)
    mass = process.targets[0].mass_GeV
    if process.regime == "coherent":
        shape, _ = charge_form_factor(process.nuclide, "fermi")
        return dirac.scalar_hadron_tensor(m.P, m.P_out, 18, shape(q2.astype(float)))
    g_e, g_m = form_factors.sachs_kelly(q2, process.regime == "proton")
    blocking = form_factors.pauli_blocking(q2, Long(mass), Long(0.235))
    tensor = dirac.nucleon_hadron_tensor(m.P, m.P_out, mass, g_e, g_m)
    return np.asarray(blocking[:, None, None] * tensor, dtype=np.clongdouble)


@dataclass(frozen=True)
class Case:
    """A process at one neutrino energy in GeV."""

    channel: str
    regime: str
    energy: float

    @property
    def name(self) -> str:
        return f"{self.channel} {self.regime} {self.energy:g} GeV"

    @cached_property
    def process(self) -> Trident:
        neutrino, minus, plus = self.channel.split()
        return Trident(neutrino, minus, plus, "Ar40", self.regime)

    @cached_property
    def sampled(self) -> SampledTrident:
        return self.process.sampled(Monochromatic(self.energy))

    @property
    def mass(self) -> float:
        return self.process.targets[0].mass_GeV

    @property
    def masses(self) -> tuple[float, float]:
        """Masses of l- and l+."""
        return self.process.minus.mass_GeV, self.process.plus.mass_GeV

    def event(self, part: int, x: Array, spare: Array) -> Event:
        """Columns of events at x (6, N) and spare (3, N); momenta are (N, 4)."""
        columns = self.sampled.event(part, list(x), list(spare))
        return {
            name: np.stack(np.broadcast_arrays(*value), axis=1) if isinstance(value, tuple) else np.asarray(value)
            for name, value in columns.items()
        }

    def momenta(self, event: Event) -> Momenta:
        """Momenta of an event put on shell and conserved in extended precision, from three of its 3-momenta."""
        minus, plus = self.masses
        p2, p_minus, p_plus = (
            dirac._on_shell(long(event[name][:, 1:]), m)
            for name, m in (("p4_nu_out", 0.0), ("p4_minus", minus), ("p4_plus", plus))
        )
        p1 = dirac._on_shell(long(event["p4_nu_in"][:, 1:]), 0.0)
        P = dirac._on_shell(np.zeros((len(p1), 3), dtype=Long), self.mass)
        return Momenta(p1, P, p2, p_minus, p_plus, p1 + P - p2 - p_minus - p_plus)

    def msq(
        self,
        m: Momenta,
        couplings: tuple[float, float] | None = None,
        helicities: tuple[int, int] | None = None,
    ) -> LongReal:
        """|M|^2 in GeV^-4, of all helicities or of those of l- and l+ in the frame of `m`.

        Evaluated in the rest frame of the three leptons, where numbers of unequal size do not have to cancel.
        """
        V, A = couplings or (self.process.couplings.vector, self.process.couplings.axial)
        minus, plus = self.masses
        total = m.p2 + m.p_minus + m.p_plus
        w = np.asarray(np.sqrt(dot(total, total)), dtype=Long)

        def at_rest(v: LongReal) -> LongReal:
            return dirac._boost(v, long(-total[:, 1:]), w)

        spins: tuple[LongReal, ...] | tuple[None, None] = (None, None)
        if helicities is not None:
            pairs = ((m.p_minus, minus, helicities[0]), (m.p_plus, plus, helicities[1]))
            spins = tuple(at_rest(dirac.helicity_spin(*pair)) for pair in pairs)
        moved = [at_rest(long(v)) for v in m]
        moved[5] = moved[0] + moved[1] - moved[2] - moved[3] - moved[4]
        framed = Momenta(*moved)
        return dirac.msq(
            *framed, V=V, A=A, hadron_tensor=hadron_tensor(self.process, framed), m_minus=minus, m_plus=plus,
            antineutrino=self.process.incoming.antiparticle, spin_minus=spins[0], spin_plus=spins[1],
        )  # fmt: skip


CASES = tuple(
    Case(*case)
    for case in (
        ("numu mu- mu+", "coherent", 3.0),
        ("numu e- e+", "coherent", 1.0),
        ("numu mu- e+", "coherent", 2.0),
        ("nue e- mu+", "proton", 2.0),
        ("numu mu- mu+", "neutron", 1.5),
        ("numubar e- mu+", "coherent", 2.0),
        ("numubar mu- mu+", "proton", 1.5),
        ("nuebar mu- e+", "neutron", 2.0),
        ("nutau tau- tau+", "proton", 40.0),
    )
)
