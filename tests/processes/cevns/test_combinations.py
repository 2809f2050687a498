"""Everything that adds to coherent scattering, alone and together, against the formulas written out once more."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad

from tests.processes.cevns.plain import CM2_PER_GEV_M2, Plain, helm
from tests.processes.cevns.spectra import EV, KEV, MEV, PION_LINE, RECOILS, Array, elastic, total, upscattering
from tridentgen.constants import G_FERMI, GEV_M2_TO_CM2
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.spectrum import recoil_spectra
from tridentgen.processes.cevns.terms import (
    SCALAR_NEUTRON_CHARGE,
    SCALAR_PROTON_CHARGE,
    ContactNgi,
    LightScalar,
    LightTensor,
    Nsi,
)
from tridentgen.processes.nucleus import axial_strength
from tridentgen.processes.terms import FlavourMatrix, LightVector, PerFlavour, VectorCharges


def plain(name: str, **terms: Any) -> Plain:
    target = nuclide(name)
    return Plain(target.Z, target.A, target.mass_GeV, **terms)


INTEGRALS: dict[str, tuple[dict[str, Any], dict[str, Any], float]] = {
    "standard, spin 0": ({"spin": "0"}, {}, 0.0),
    "standard, spin 1/2": ({"spin": "1/2"}, {"half": True}, 0.0),
    "vector": ({"vector": LightVector(5 * MEV, strength=1e-9)}, {"vector": (5 * MEV, 3e-9, 3e-9)}, 1 * EV),
    "scalar": (
        {"scalar": LightScalar(5 * MEV, 1e-10)},
        {"scalar": (5 * MEV, 1e-10 * SCALAR_PROTON_CHARGE, 1e-10 * SCALAR_NEUTRON_CHARGE)},
        1 * EV,
    ),
    "tensor": ({"tensor": LightTensor(5 * MEV, 1e-8)}, {"tensor": (5 * MEV, 0.58e-8), "half": True}, 1 * EV),
    "moment": ({"magnetic_moment": 1e-9}, {"moment": 1e-9}, 1 * EV),
    "flavour change": (
        {"nsi": Nsi(FlavourMatrix(mumu=0.1, emu=0.2), FlavourMatrix(mutau=0.3))},
        {"eps": (0.1, 0.0), "changing": ((0.2, 0.0), (0.0, 0.3))},
        0.0,
    ),
    "contact": (
        {"ngi": ContactNgi(1.0, -2.0, 3.0, 1.5, 0.5)},
        {
            "contact": {"vector": 1.0, "axial": -2.0, "scalar": 3.0, "pseudoscalar": 1.5, "tensor": 0.5},
            "half": True,
        },
        0.0,
    ),
}


@pytest.mark.parametrize("case", INTEGRALS)
@pytest.mark.parametrize("energy", [PION_LINE, 53 * MEV])
def test_integrals_over_the_recoil(case: str, energy: float) -> None:
    settings, terms, above = INTEGRALS[case]
    spectrum, reference = elastic(**settings), plain("Ar40", **terms)
    high = 2 * energy**2 / (spectrum.mass_GeV + 2 * energy)

    def integrand(t: Any) -> Any:
        return reference.dsigma_dT(energy, float(t))

    if above == 0.0:
        exact = mpmath.quad(integrand, [0.0, 0.5 * high, high])
    else:
        # in log T
        edges = [math.log(above), math.log(above) / 2 + math.log(high) / 2, math.log(high)]
        exact = mpmath.quad(lambda u: mpmath.exp(u) * integrand(mpmath.exp(u)), edges)
    assert total(spectrum, energy, above) == pytest.approx(float(exact) * CM2_PER_GEV_M2, rel=1e-8, abs=0.0)


@pytest.mark.parametrize("heavy", [0.5 * MEV, 10 * MEV, 29 * MEV])
@pytest.mark.parametrize("spin", ["0", "1/2"])
def test_integrals_of_upscattering(heavy: float, spin: str) -> None:
    spectrum = upscattering("Cs133", heavy, 1e-10, spin=spin)
    reference = plain("Cs133", half=spin == "1/2")
    low, high = (math.log(t) for t in spectrum.recoil_limits(PION_LINE))

    def integrand(u: float) -> float:
        recoil = math.exp(u)
        return recoil * reference.upscattering(PION_LINE, recoil, 1e-10, heavy)

    exact = quad(integrand, low, high, epsrel=1e-11, epsabs=0.0, limit=200)[0]
    assert total(spectrum, PION_LINE) == pytest.approx(exact * CM2_PER_GEV_M2, rel=1e-8, abs=0.0)


ADDITIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nsi": (
        {"nsi": Nsi(FlavourMatrix(mumu=0.1, emu=0.2), FlavourMatrix(mumu=-0.3, mutau=0.3))},
        {"eps": (0.1, -0.3), "changing": ((0.2, 0.0), (0.0, 0.3))},
    ),
    "vector": (
        {"vector": LightVector(20 * MEV, strength=-2e-8, charges=VectorCharges(0.5, -1.0, PerFlavour(mu=-3.0)))},
        {"vector": (20 * MEV, 0.0, 6e-8 * -1.5)},
    ),
    "scalar": (
        {"scalar": LightScalar(5 * MEV, -1e-10, 10.0, 20.0)}, {"scalar": (5 * MEV, -1e-9, -2e-9)},
    ),
    "tensor": ({"tensor": LightTensor(50 * MEV, 1e-7)}, {"tensor": (50 * MEV, 0.58e-7)}),
    "charge radius": (
        {"charge_radius": PerFlavour(e=3e-32, mu=-2e-32)}, {"radius_fm2": -2e-6},
    ),
    "moment": ({"magnetic_moment": PerFlavour(e=1.0, mu=2e-8)}, {"moment": 2e-8}),
    "axial": ({"axial": True}, {"axial": 0.376}),
    "contact vector": ({"vector": 5.0}, {"vector": 5.0}),
    "contact axial": ({"axial": -4.0}, {"axial": -4.0}),
    "contact scalar": ({"scalar": 3.0}, {"scalar": 3.0}),
    "contact pseudoscalar": ({"pseudoscalar": 9.0}, {"pseudoscalar": 9.0}),
    "contact tensor": ({"tensor": 2.0}, {"tensor": 2.0}),
}  # fmt: skip
"""Settings of the model, or of its contact terms, and the same in the plain formulas."""

FLIPS = {"scalar", "tensor", "contact scalar", "contact pseudoscalar", "contact tensor"}
SPINFUL = {"tensor", "contact axial", "contact pseudoscalar", "contact tensor"}


def combined(chosen: tuple[str, ...]) -> tuple[Callable[..., CevnsModel], dict[str, Any]]:
    """Return a maker of the model and the terms of the plain formulas."""
    contact = [name for name in chosen if name.startswith("contact")]
    settings: dict[str, Any] = {}
    terms: dict[str, Any] = {}
    for name in set(chosen) - set(contact):
        settings |= ADDITIONS[name][0]
        terms |= ADDITIONS[name][1]
    couplings = {key: value for name in contact for key, value in ADDITIONS[name][0].items()}
    terms["contact"] = couplings
    ngi = ContactNgi(**couplings) if couplings else None
    return lambda **more: CevnsModel(**settings, ngi=ngi, **more), terms


def clashes(chosen: tuple[str, ...], spin: str) -> bool:
    names = set(chosen)
    moment = "moment" in names and names & FLIPS
    return bool(moment or {"axial", "contact axial"} <= names or (spin in ("0", "approx") and names & SPINFUL))


CHOICES = [chosen for size in (0, 1, 2, 3, 11, 12) for chosen in itertools.combinations(ADDITIONS, size)]
SETTINGS = [("Cs133", "numu"), ("Cs133", "numubar"), ("Ar40", "numu"), ("Ar40", "numubar")]


@pytest.mark.parametrize("spin", ["auto", "0", "1/2"])
@pytest.mark.parametrize(("name", "incoming"), SETTINGS)
def test_everything_combines_or_is_refused(name: str, incoming: str, spin: str) -> None:
    """Up to three additions at a time, and all but one, each sum against the plain formulas."""
    recoil = np.array([0.3, 4.0, 13.5]) * KEV
    for chosen in CHOICES:
        make, terms = combined(chosen)
        if clashes(chosen, spin):
            with pytest.raises(InputError):
                make(spin=spin)
            continue
        spectrum = recoil_spectra(nuclide(name), incoming, make(spin=spin))[0]
        terms["half"] = spin == "1/2" or (spin == "auto" and (name == "Cs133" or bool(set(chosen) & SPINFUL)))
        terms["sign"] = -1.0 if incoming == "numubar" else 1.0
        terms["axial"] = axial_strength(nuclide(name)) if "axial" in chosen else 0.0
        reference = plain(name, **terms)
        expected = [reference.dsigma_dT(PION_LINE, t) * CM2_PER_GEV_M2 for t in recoil]
        np.testing.assert_allclose(spectrum.dsigma_dT(PION_LINE, recoil), expected, rtol=1e-9, err_msg=str(chosen))


def test_all_that_does_not_clash_fits_together() -> None:
    """The largest set of additions that is allowed has eleven of twelve, less the moment."""
    chosen = tuple(name for name in ADDITIONS if name not in ("moment", "axial"))
    make, _ = combined(chosen)
    assert float(recoil_spectra(nuclide("Ar40"), "numu", make())[0].dsigma_dT(PION_LINE, 10 * KEV)) > 0.0


def test_the_approximation_leaves_out_a_term_of_the_vector_part_only() -> None:
    """With a scalar, whose factor stays that of the nuclide."""
    scalar = LightScalar(5 * MEV, 1e-9)
    for name in ("Ar40", "Cs133"):
        exact, rough = (elastic(name, scalar=scalar, spin=spin) for spin in ("auto", "approx"))
        alone, rough_alone = (elastic(name, spin=spin) for spin in ("auto", "approx"))
        recoil = np.array([1.0, 12.0]) * KEV
        with_scalar = exact.dsigma_dT(PION_LINE, recoil) - alone.dsigma_dT(PION_LINE, recoil)
        also = rough.dsigma_dT(PION_LINE, recoil) - rough_alone.dsigma_dT(PION_LINE, recoil)
        np.testing.assert_allclose(also, with_scalar, rtol=1e-10)
        assert np.all(rough_alone.dsigma_dT(PION_LINE, recoil) > alone.dsigma_dT(PION_LINE, recoil))


def test_spins_by_themselves() -> None:
    """Even-even nuclides have spin 0, others 1/2; terms that need a spin have one."""
    recoil = 13 * KEV
    for name, spin in (("Ar40", "0"), ("Xe132", "0"), ("Cs133", "1/2"), ("Xe131", "1/2"), ("N14", "1/2")):
        assert elastic(name).dsigma_dT(PION_LINE, recoil) == elastic(name, spin=spin).dsigma_dT(PION_LINE, recoil)
    tensor = LightTensor(10 * MEV, 1e-8)
    found = elastic(tensor=tensor).dsigma_dT(PION_LINE, recoil)
    assert found == elastic(tensor=tensor, spin="1/2").dsigma_dT(PION_LINE, recoil)
    assert elastic(spin="0").dsigma_dT(PION_LINE, recoil) != elastic(spin="1/2").dsigma_dT(PION_LINE, recoil)


@pytest.mark.parametrize("flavour", ["e", "mu", "tau"])
def test_antineutrinos_differ_by_interference_alone(flavour: str) -> None:
    def both(**model: Any) -> tuple[Array, Array]:
        spectra = (elastic("Cs133", f"nu{flavour}{bar}", **model) for bar in ("", "bar"))
        first, second = (np.asarray(s.dsigma_dT(PION_LINE, RECOILS[:30])) for s in spectra)
        return first, second

    for model in ({}, {"axial": True}, {"magnetic_moment": 1e-9}, {"ngi": ContactNgi(scalar=1.0)}):
        np.testing.assert_array_equal(*both(**model))
    share = RECOILS[:30] / PION_LINE
    shape = np.array([helm(math.sqrt(2 * nuclide("Cs133").mass_GeV * t), 133) for t in RECOILS[:30]])
    scale = G_FERMI**2 * nuclide("Cs133").mass_GeV / (4 * math.pi) * shape**2 * GEV_M2_TO_CM2
    neutrino, antineutrino = both(ngi=ContactNgi(scalar=30.0, tensor=20.0))
    odd = -2 * 30.0 * 20.0 * share * (1 - share / 2)
    np.testing.assert_allclose((neutrino - antineutrino) / 2, scale * odd, rtol=1e-6, atol=1e-9 * np.max(neutrino))
    vector = 2 * (55 * (0.5 - 2 * 0.23863) - 0.5 * 78)
    neutrino, antineutrino = both(ngi=ContactNgi(axial=50.0))
    odd = vector * 50.0 * share * (2 - share)
    np.testing.assert_allclose((neutrino - antineutrino) / 2, scale * odd, rtol=1e-6, atol=1e-9 * np.max(neutrino))


def test_gamma5_vertices_interfere_with_the_tensor() -> None:
    recoil, share = 10 * KEV, 10 * KEV / PION_LINE
    values = {
        vertex: float(elastic(ngi=ContactNgi(0.0, 0.0, 0.0, 40.0, 3.0, vertex)).dsigma_dT(PION_LINE, recoil))
        for vertex in ("i-gamma5", "gamma5")
    }
    M = nuclide("Ar40").mass_GeV
    shape = helm(math.sqrt(2 * M * recoil), 40)
    expected = G_FERMI**2 * M / (4 * math.pi) * shape**2 * 2 * 120.0 * share * (1 - share / 2) * GEV_M2_TO_CM2
    assert values["gamma5"] - values["i-gamma5"] == pytest.approx(expected, rel=1e-9, abs=0.0)
