"""What the tests of the engines share: processes of every kind, their trained densities, and the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.detector import Constant, Detector, GammaResolution, GaussianResolution, SigmoidEfficiency, quenching
from tridentgen.detector.efficiency import coherent_lar
from tridentgen.engines.compiler import HostCompiler, find_compiler
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.uniforms import PURPOSE_EVENTS, stream_number
from tridentgen.engines.work import Histograms
from tridentgen.flux import (
    Beam,
    Monochromatic,
    MuonDecay,
    PowerLaw,
    Source,
    TabulatedFlux,
    TabulatedProfile,
    halo,
    reactor,
    solar,
    stopped_pions,
    supernova,
)
from tridentgen.matter.materials import material
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.base import Reaction
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.terms import DipolePortal, LightScalar
from tridentgen.processes.inverse_beta.inverse_beta import InverseBetaDecay
from tridentgen.processes.inverse_muon.inverse_muon import InverseMuonDecay
from tridentgen.processes.neutrino_electron.model import ElectronModel
from tridentgen.processes.neutrino_electron.neutrino_electron import NeutrinoElectron
from tridentgen.processes.terms import LightVector
from tridentgen.processes.trident.sampled import SampledTrident
from tridentgen.processes.trident.trident import Trident
from tridentgen.processes.wimp.model import WimpModel
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.sampling.train import train
from tridentgen.typing import Columns

ONE = NumpyEngine(threads=1)
"""The engine whose bits are the reference."""

TRAINING_POINTS = 60_000


@dataclass(frozen=True, eq=False)
class Case:
    """A reaction in a beam, perhaps with a detector."""

    reaction: Reaction
    beam: Beam
    detector: Detector | None = None

    def sampled(self) -> Process:
        """Return the process."""
        return self.reaction.sampled(self.beam, self.detector)


def components(source: Source, *names: str) -> Source:
    """Return the components of these names alone: tests of engines need no more."""
    chosen = tuple(component for component in source.components if component.name in names)
    assert len(chosen) == len(names)
    return Source(chosen, source.description)


_BINS = TabulatedFlux(np.array([0.3, 1.0, 2.5, 4.0, 9.0, 30.0]), np.array([1.0, 3.0, 0.0, 2.0, 0.5]))
_LINES = TabulatedFlux(np.array([0.2, 1.0, 3.0, 10.0]), np.array([0.0, 2.0, 1.0, 0.0]), "linear")
_FALLING = PowerLaw(index=2.0, energy_min_GeV=0.5, energy_max_GeV=40.0)

_PULSED = stopped_pions(20.0, pulse="gaussian", pulse_ns=360.0, offset_ns=30.0)
_CSI = Detector(
    tuple(quenching("csi", nuclide) for nuclide, _ in material("CsI").components),
    GammaResolution(9.56),
    SigmoidEfficiency(1.32, 0.286, 10.9, -0.333, per_keV=13.35),
    threshold_keVnr=5.0,
)
_TWO_KINDS = Detector(
    (quenching("xe", material("Xe").components[0][0]), *[Constant(0.1)] * 8),
    GaussianResolution(0.1, 0.2, 0.01),
    coherent_lar(),
    quenched_min_keVee=0.05,
)
_BURST = Source(
    tuple(
        replace(component, time=TabulatedProfile(np.array([-1e7, 0.0, 2e7, 3e8, 9e9]), np.array(values), kind))
        for component, values, kind in zip(
            supernova(10.0).components[3:5],
            ([0.0, 4.0, 0.0, 0.0, 1.0], [3.0, 0.0, 5.0, 1.0]),
            ("linear", "histogram"),
            strict=True,
        )
    ),
    "a burst",
)
_LIGHT = CevnsModel(vector=LightVector(0.01, strength=1e-9, charges="B-L"), scalar=LightScalar(0.005, 1e-10))

TRIDENTS = {
    "mu mu, one energy, fermi": Case(Trident("numu", "mu-", "mu+"), Monochromatic(5.0)),
    "e e of antineutrinos on everything, power law": Case(Trident("numubar", "e-", "e+", regime="total"), _FALLING),
    "mu e on nucleons, kelly, histogram": Case(
        Trident("numu", "mu-", "e+", regime="diffractive", nucleon_form_factor="kelly"), _BINS
    ),
    "mu e of antineutrinos, helm, muon decays into a disk": Case(
        Trident("nuebar", "mu-", "e+", form_factor="helm"), MuonDecay(30.0, -1, "nuebar", 50.0, 2.0, 0.3)
    ),
    "mu mu with a light vector, klein-nystrand": Case(
        Trident("numu", "mu-", "mu+", form_factor="klein-nystrand", zprime=ZPrime(0.02, strength=1e-6)),
        Monochromatic(12.0),
    ),
    "e e with the Z propagator and a light vector": Case(
        Trident("numubar", "e-", "e+", regime="total", zprime=ZPrime(0.02, strength=1e-6), z_propagator=True),
        Monochromatic(3e4),
    ),
    "e e, woods-saxon, joined points": Case(Trident("nue", "e-", "e+", form_factor="woods-saxon"), _LINES),
    "mu mu of antineutrinos, fourier-bessel": Case(
        Trident("numubar", "mu-", "mu+", target="Pb208", form_factor="fourier-bessel"), Monochromatic(20.0)
    ),
    "e mu, unit, muon decays at a point": Case(
        Trident("numu", "mu-", "e+", form_factor="unit"), MuonDecay(3.8, -1, "numu", 50.0)
    ),
    "tau tau on a free proton": Case(
        Trident("nutau", "tau-", "tau+", target="H1", regime="proton"), Monochromatic(90.0)
    ),
    "e e of antineutrinos on neutrons, kelly, fewer blocked": Case(
        Trident("nuebar", "e-", "e+", regime="neutron", nucleon_form_factor="kelly", fermi_momentum_GeV=0.2),
        Monochromatic(1.5),
    ),
}
"""Both kinds of neutrino, equal and mixed flavours, every flux, every form factor, every target, a light vector."""

COHERENT = {
    "CsI, stopped pions in a pulse, detector": Case(Cevns("CsI"), _PULSED, _CSI),
    "Xe, 8B in the sun's matter, two kinds of quenching": Case(
        Cevns("Xe"), components(solar(("8B",), oscillation="lma"), "8B-nue"), _TWO_KINDS
    ),
    "Ge of a reactor, klein-nystrand": Case(
        Cevns("Ge", form_factor="klein-nystrand", recoil_min_keV=0.05), reactor(3.9, 17.1)
    ),
    "light vector and scalar, delayed neutrinos": Case(Cevns("Ar40", model=_LIGHT), components(_PULSED, "delayed-nue")),
    "magnetic moment on sodium with spin, joined points": Case(
        Cevns("Na23", "nuebar", model=CevnsModel(magnetic_moment=1e-10, axial=True), recoil_min_keV=0.01),
        TabulatedFlux(np.array([0.002, 0.01, 0.03, 0.05]), np.array([0.0, 2.0, 1.0, 0.0]), "linear"),
    ),
    "dipole portal on caesium, fermi": Case(
        Cevns("Cs133", form_factor="fermi", model=CevnsModel(dipole=DipolePortal(0.005, 1e-9))),
        components(_PULSED, "prompt-numu", "delayed-numubar"),
    ),
    "times from tables, efficiency from one": Case(
        Cevns("Ar40"), _BURST, Detector((Constant(0.25),), GaussianResolution(0.1, 0.2, 0.01), coherent_lar())
    ),
    "photons of the dipole portal, argon and its nucleons": Case(
        Cevns(
            "Ar40", "numubar", model=CevnsModel(dipole=DipolePortal(0.1, 1e-8, "dirac", ("coherent", "diffractive")))
        ),
        PowerLaw(1.0, 0.05, 3.0),
    ),
    "C3F8, power law": Case(Cevns("C3F8", "nue"), PowerLaw(2.0, 0.005, 0.05)),
    "hydrogen and carbon in methane, prompt": Case(Cevns("CH4"), components(_PULSED, "prompt-numu")),
    "one energy": Case(Cevns("Ar40", "numubar", "unit"), Monochromatic(0.03)),
}
"""Every kind of source, several nuclides, spins, light bosons, infrared spectra, upscattering, times, detectors."""

OTHERS = {
    "inverse beta decay, supernova": Case(InverseBetaDecay("water"), supernova(10.0).only("nuebar")),
    "neutrinos on neutrons, one energy": Case(InverseBetaDecay("n", "nue"), Monochromatic(0.02)),
    "inverse muon decay, spectrum": Case(InverseMuonDecay("Ar", "nuebar"), PowerLaw(2.0, 5.0, 50.0)),
    "electrons, times": Case(NeutrinoElectron("CH2", "numubar"), stopped_pions(20.0)),
    "electrons, times from tables": Case(NeutrinoElectron("CH2"), _BURST),
    "electrons, radiative": Case(
        NeutrinoElectron("CH2", model=ElectronModel(radiative=True)), supernova(10.0).only("nuebar")
    ),
    "photons of the dipole portal, electrons": Case(
        NeutrinoElectron("CH2", "numu", ElectronModel(dipole=DipolePortal(0.005, 1e-8, "majorana"))),
        PowerLaw(1.0, 0.05, 3.0),
    ),
    "bound electrons, light vector": Case(
        NeutrinoElectron("CsI", "nuebar", ElectronModel(vector=LightVector(1e-4, coupling=1e-5)), "stepping"),
        reactor(3.0, 50.0),
    ),
    "dark matter in CsI, detector": Case(Wimp("CsI", 1e-45), halo(30.0), _CSI),
    "dark matter, light mediator, spins": Case(
        Wimp("SF6", 1e-40, WimpModel("SD", a_p=1.0, mediator_mass_GeV=1e-3), "fermi"),
        halo(100.0, convention="baxter-2021", date="2026-06-02"),
    ),
}

CASES = TRIDENTS | COHERENT | OTHERS


@cache
def sampled(name: str) -> Process:
    """Return the process of a case, always the same object."""
    return CASES[name].sampled()


def channels_of(process: Process) -> list[int]:
    """Return the channels that differ: of tridents one for each target, the two leptons in turn."""
    if isinstance(process, SampledTrident):
        return [2 * target + target % 2 for target in range(len(process.channels) // 2)]
    return list(range(len(process.channels)))


@cache
def proposal(name: str) -> Proposal:
    """Return the density that the NumPy engine trains for a case."""
    return train(sampled(name), ONE, 1, points=TRAINING_POINTS)


@cache
def _compiler(fast: bool) -> HostCompiler | str:
    try:
        return find_compiler(fast=fast)
    except CompilerError as error:
        return str(error)


def host_compiler(*, fast: bool = False) -> HostCompiler:
    """Return the compiler of this machine, or skip the test with the reason why there is none."""
    found = _compiler(fast)
    if isinstance(found, str):
        pytest.skip(f"kernels cannot be compiled here: {found}")
    return found


def same_bits(found: NDArray[Any], expected: NDArray[Any], what: str = "") -> None:
    """Assert that two arrays are the same to the last bit, signs of zeros included."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), what
    if found.tobytes() != expected.tobytes():
        words = f"u{expected.itemsize}"
        a, b = (np.ascontiguousarray(array).reshape(-1).view(words) for array in (found, expected))
        at = int(np.flatnonzero(a != b)[0])
        first = f"{found.reshape(-1)[at]!r} is not {expected.reshape(-1)[at]!r}"
        raise AssertionError(f"{what}: {np.count_nonzero(a != b)} of {len(a)} differ; at {at}, {first}")


def same_columns(found: Columns, expected: Columns) -> None:
    """Assert that two sets of event columns are the same to the last bit."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        same_bits(found[name], values, name)


def same_on_both_engines(process: Process) -> None:
    """Assert that numpy and native train the same map and make the same events of a process, to the last bit."""
    native = NativeEngine(host_compiler(), 1)
    proposal = train(process, ONE, 1, points=20_000)
    assert train(process, native, 1, points=20_000).digest == proposal.digest
    stream = stream_number(PURPOSE_EVENTS)
    same_columns(*(engine.events(process, proposal, 1, stream, 0, 3000) for engine in (native, ONE)))


def same_histograms(found: Histograms, expected: Histograms) -> None:
    """Assert that two sets of histograms are the same to the last bit."""
    assert (found.points, found.weight) == (expected.points, expected.weight)
    for got, wanted, name in zip(found[2:], expected[2:], Histograms._fields[2:], strict=True):
        same_bits(got, wanted, name)


def joined(blocks: Sequence[Columns]) -> Columns:
    """Return consecutive blocks of events as one."""
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
