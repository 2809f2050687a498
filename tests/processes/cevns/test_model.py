"""Couplings of coherent scattering against published numbers, and what the model refuses."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from tridentgen.constants import ALPHA, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.matter.particles import FLAVOURS, lepton_mass_GeV
from tridentgen.processes.cevns.model import RADIATIVE_PROTON, CevnsModel
from tridentgen.processes.cevns.terms import (
    SCALAR_NEUTRON_CHARGE,
    SCALAR_PROTON_CHARGE,
    TENSOR_CHARGES,
    ContactNgi,
    DipolePortal,
    LightScalar,
    LightTensor,
    Nsi,
)
from tridentgen.processes.terms import (
    SM_CHARGE_RADII_CM2,
    VECTOR_CHARGES,
    FlavourMatrix,
    LightVector,
    PerFlavour,
    VectorCharges,
)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_tree_level_couplings(flavour: str) -> None:
    g_p, g_n = CevnsModel().nucleon_couplings(flavour)
    assert g_p == pytest.approx(0.5 - 2 * 0.23863, rel=1e-15, abs=0.0)
    assert g_n == -0.5
    assert CevnsModel(sin2_theta_w=0.23857).nucleon_couplings(flavour)[0] == pytest.approx(0.02286, rel=1e-12, abs=0.0)


def test_radiative_couplings() -> None:
    model = CevnsModel(couplings="radiative")
    assert [model.nucleon_couplings(flavour) for flavour in FLAVOURS] == [
        (0.0382, -0.5117), (0.0300, -0.5117), (0.0256, -0.5117),
    ]  # fmt: skip


def test_the_mixing_angle_of_radiative_couplings() -> None:
    """g_p moves as at tree level, by -2 for each unit of s_W^2, and g_n does not."""
    model = CevnsModel(couplings="radiative", sin2_theta_w=0.22863)
    for flavour, g_p in (("e", 0.0582), ("mu", 0.0500), ("tau", 0.0456)):
        assert model.nucleon_couplings(flavour) == pytest.approx((g_p, -0.5117), rel=1e-12, abs=0.0)


def test_radiative_couplings_differ_between_flavours_by_the_charge_radius() -> None:
    """(alpha/3pi) ln(m_l'^2/m_l^2): Erler and Su, Prog. Part. Nucl. Phys. 71 (2013) 119, as far as it is printed."""
    for first, second in (("e", "mu"), ("mu", "tau")):
        ratio = lepton_mass_GeV(second) / lepton_mass_GeV(first)
        step = ALPHA / (3 * math.pi) * math.log(ratio**2)
        assert RADIATIVE_PROTON[first] - RADIATIVE_PROTON[second] == pytest.approx(step, abs=1e-4)


def test_charge_radii_of_the_standard_model() -> None:
    model = CevnsModel(charge_radius="standard-model")
    tree = CevnsModel().nucleon_couplings("e")
    for flavour, shift in zip(FLAVOURS, (0.01975, 0.01142, 0.00714), strict=True):
        g_p, g_n = model.nucleon_couplings(flavour)
        assert g_p - tree[0] == pytest.approx(shift, abs=5e-6)
        assert g_n == tree[1]
    assert model.nucleon_couplings("mu") == CevnsModel(charge_radius=SM_CHARGE_RADII_CM2).nucleon_couplings("mu")
    only = CevnsModel(charge_radius=PerFlavour(mu=1e-32))
    assert only.nucleon_couplings("e") == tree
    assert only.nucleon_couplings("mu")[0] < tree[0]


def test_charge_radii_have_the_flavour_dependence_of_the_radiative_couplings() -> None:
    """The published radii differ by the logarithms that the radiative couplings differ by, to their two digits."""
    model = CevnsModel(charge_radius="standard-model")
    for first, second in (("e", "mu"), ("mu", "tau")):
        step = model.nucleon_couplings(first)[0] - model.nucleon_couplings(second)[0]
        assert step == pytest.approx(RADIATIVE_PROTON[first] - RADIATIVE_PROTON[second], abs=3e-4)


def test_non_standard_interactions() -> None:
    nsi = Nsi(FlavourMatrix(ee=0.1, emu=0.02, etau=-0.01), FlavourMatrix(ee=-0.05, emu=0.03, etau=0.04, mumu=0.2))
    model = CevnsModel(nsi=nsi)
    g_p, g_n = CevnsModel().nucleon_couplings("e")
    assert model.nucleon_couplings("e") == pytest.approx((g_p + 0.15, g_n), rel=1e-14, abs=0.0)
    assert model.nucleon_couplings("mu") == pytest.approx((g_p + 0.2, g_n + 0.4), rel=1e-14, abs=0.0)
    assert model.nucleon_couplings("tau") == (g_p, g_n)
    muon, tau = model.flavour_changing("e")
    assert muon == pytest.approx((0.07, 0.08), rel=1e-14, abs=0.0)
    assert tau == pytest.approx((0.02, 0.07), rel=1e-14, abs=0.0)
    # the transition is the same both ways, and absent ones are left out
    assert model.flavour_changing("mu") == (muon,)
    assert CevnsModel(nsi=Nsi()).flavour_changing("mu") == ()
    assert CevnsModel().flavour_changing("e") == ()


def test_scalar_charges_of_nucleons() -> None:
    """Numbers by hand, and the sigma term: m_u f_u + ... at the average quark mass is 59 MeV (Hoferichter et al.)."""
    assert pytest.approx(17.0758, rel=1e-5, abs=0.0) == SCALAR_PROTON_CHARGE
    assert pytest.approx(17.0876, rel=1e-5, abs=0.0) == SCALAR_NEUTRON_CHARGE
    average = (2.2e-3 + 4.7e-3) / 2
    for charge, mass in ((SCALAR_PROTON_CHARGE, PROTON_MASS_GEV), (SCALAR_NEUTRON_CHARGE, NEUTRON_MASS_GEV)):
        assert charge * average == pytest.approx(0.0591, rel=0.01, abs=0.0)
        assert charge * average < 0.1 * mass


def test_tensor_charges() -> None:
    """g_T = delta_u - delta_d = 0.989(32) (FLAG 2019, 2+1+1 flavours)."""
    assert TENSOR_CHARGES[0] - TENSOR_CHARGES[1] == pytest.approx(0.989, abs=0.002)
    assert LightTensor(0.01, 1e-8).nucleon_charge == pytest.approx(0.58, rel=1e-14, abs=0.0)
    assert LightTensor(0.01, 1e-8, factor=4.0).nucleon_charge == pytest.approx(0.58 / math.sqrt(2), rel=1e-14, abs=0.0)


def test_vector_charges() -> None:
    """Nucleons have baryon number 1; every lepton's charge cancels three times that in B - L and its kin."""
    assert VECTOR_CHARGES["universal"].nucleons == (3.0, 3.0)
    for name in ("B-L", "B-3Le", "B-3Lmu", "B-3Ltau"):
        charges = VECTOR_CHARGES[name]
        assert charges.nucleons == pytest.approx((1.0, 1.0), rel=1e-15, abs=0.0)
        # anomaly free: baryons of three generations against the leptons
        assert sum(charges.neutrinos.of(flavour) for flavour in FLAVOURS) == -3.0
        assert not charges.by_loop
    for name in ("Le-Lmu", "Le-Ltau", "Lmu-Ltau"):
        assert VECTOR_CHARGES[name].by_loop
        assert sum(VECTOR_CHARGES[name].neutrinos.of(flavour) for flavour in FLAVOURS) == 0.0
    assert LightVector(0.1, strength=1e-8, charges="B-3Lmu").charge.neutrinos.of("mu") == -3.0
    own = VectorCharges(0.2, -0.1, PerFlavour(1.0, 1.0, 1.0))
    assert LightVector(0.1, strength=1e-8, charges=own).charge.nucleons == pytest.approx((0.3, 0.0), abs=1e-16)


def test_models_are_values() -> None:
    model, twin = (
        CevnsModel(
            nsi=Nsi(FlavourMatrix(ee=0.1)),
            vector=LightVector(0.01, strength=1e-9, charges="B-L"),
            magnetic_moment=PerFlavour(mu=1e-11),
        )
        for _ in range(2)
    )
    assert model == twin
    assert hash(model) == hash(twin)
    assert model != dataclasses.replace(model, vector=None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.spin = "0"  # type: ignore[misc]


def test_moments() -> None:
    assert [CevnsModel(magnetic_moment=3e-11).moment(f) for f in FLAVOURS] == [3e-11] * 3
    model = CevnsModel(magnetic_moment=PerFlavour(mu=2e-11))
    assert (model.moment("e"), model.moment("mu")) == (0.0, 2e-11)
    assert model.has_moment
    assert not CevnsModel().has_moment


NAN, INFINITE = math.nan, math.inf

REFUSED: list[tuple[Any, str]] = [
    (lambda: CevnsModel(sin2_theta_w=1.2), r"sin2_theta_w = 1.2 must lie between 0 and 1"),
    (lambda: CevnsModel(sin2_theta_w=NAN), r"sin2_theta_w = nan must lie between 0 and 1"),
    (lambda: CevnsModel(couplings="radiativ"), r"unknown couplings 'radiativ', did you mean 'radiative'"),
    (lambda: CevnsModel(spin="half"), r"unknown spin 'half'; known are auto, 0, 1/2, approx"),
    (lambda: CevnsModel(magnetic_moment=INFINITE), r"magnetic_moment of nu_e = inf must be a finite number"),
    (lambda: CevnsModel(charge_radius="standard model"), r"did you mean 'standard-model'"),
    (lambda: CevnsModel(charge_radius=PerFlavour(tau=NAN)), r"charge_radius of nu_tau = nan"),
    (
        lambda: CevnsModel(couplings="radiative", charge_radius="standard-model"),
        r"'radiative' contain the charge radius: leave charge_radius out or use 'tree'",
    ),
    (lambda: CevnsModel(spin="0", ngi=ContactNgi(axial=0.1)), r"spin = '0' has no axial, .*use spin = '1/2' or 'auto'"),
    (lambda: CevnsModel(spin="approx", ngi=ContactNgi(tensor=0.1)), r"spin = 'approx' has no axial"),
    (lambda: CevnsModel(spin="0", tensor=LightTensor(0.01, 1e-8)), r"spin = '0' has no axial"),
    (lambda: CevnsModel(axial=True, ngi=ContactNgi(axial=0.1)), r"axial = true and ngi.axial both give"),
    (
        lambda: CevnsModel(magnetic_moment=1e-11, scalar=LightScalar(0.01, 1e-8)),
        r"magnetic_moment and scalar, pseudoscalar or tensor terms all flip",
    ),
    (lambda: CevnsModel(magnetic_moment=1e-11, ngi=ContactNgi(pseudoscalar=1.0)), r"all flip the neutrino's helicity"),
    (lambda: ContactNgi(scalar=NAN), r"ngi.scalar = nan must be a finite number"),
    (lambda: ContactNgi(pseudoscalar_vertex="gamma-5"), r"unknown ngi.pseudoscalar_vertex .*did you mean 'gamma5'"),
    (lambda: FlavourMatrix(emu=NAN), r"emu = nan must be a finite number"),
    (lambda: LightVector(-1.0, strength=1e-8), r"vector.mass_GeV = -1.0 must be a mass in GeV, at least 0"),
    (lambda: LightVector(0.1, strength=NAN), r"vector.strength = nan must be a finite number"),
    (lambda: LightVector(0.1, strength=1e-8, charges="B-l"), r"unknown vector.charges 'B-l', did you mean 'B-L'"),
    (
        lambda: LightVector(0.1, strength=1e-8, charges=VectorCharges(0.0, 0.0, PerFlavour(mu=1.0))),
        r"vector.charges: without quarks .* add up to zero",
    ),
    (lambda: LightVector(0.1, strength=1e-8, charges=VectorCharges(NAN, 0.0, PerFlavour())), r"vector.charges.u = nan"),
    (lambda: LightScalar(NAN, 1e-8), r"scalar.mass_GeV = nan must be a mass in GeV"),
    (lambda: LightScalar(0.1, 1e-8, proton_charge=INFINITE), r"scalar.proton_charge = inf"),
    (lambda: LightTensor(-0.1, 1e-8), r"tensor.mass_GeV = -0.1"),
    (lambda: LightTensor(0.1, 1e-8, delta_u=NAN), r"tensor.delta_u = nan"),
    (lambda: LightTensor(0.1, 1e-8, factor=2.0), r"tensor.factor = 2.0 must be 8, or 4"),
    (lambda: DipolePortal(-0.1, 1e-10), r"dipole.mass_GeV = -0.1 must be a mass in GeV"),
    (lambda: DipolePortal(0.1, NAN), r"dipole.mu_muB = nan must be a finite number"),
]


@pytest.mark.parametrize("given", [(1e-8,), (1e-8, "B-L"), ()])
def test_a_number_of_a_light_vector_has_a_name(given: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"^LightVector needs one of coupling = g and strength = g\^2, by name$"):
        LightVector(0.1, *given)
    with pytest.raises(TypeError, match="LightVector needs one"):
        LightVector(0.1, coupling=1e-4, strength=1e-8)
    assert LightVector(0.1, coupling=0.25, charges="B-L") == LightVector(0.1, strength=0.0625, charges="B-L")


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refusals_are_one_clear_line(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
