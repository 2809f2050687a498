"""Numbers of a process by the keys of a card."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.processes.cevns.spectra import PION_LINE
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.derivatives import derivative
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.parameters import value_of, with_value
from tridentgen.processes.cevns.terms import ContactNgi, DipolePortal, Nsi
from tridentgen.processes.terms import SM_CHARGE_RADII_CM2, FlavourMatrix, LightVector, PerFlavour

CSI = Cevns("CsI", proton_radius_fm={"Cs": 4.821, "I": 4.766}, recoil_min_keV=0.1)
VECTOR = Cevns("CsI", model=CevnsModel(vector=LightVector(0.03, coupling=5e-5, charges="B-L")))
CHANGES: list[tuple[Cevns, str, float, float | None, Callable[[Cevns], object], object]] = [
    (CSI, "model.sin2_theta_w", 0.25, 0.23863, lambda p: p.model, CevnsModel(0.25)),
    (Cevns("CsI", sin2_theta_w=0.22), "model.sin2_theta_w", 0.25, 0.22, lambda p: p.model, CevnsModel(0.25)),
    (CSI, "process.neutron_skin_fm", 0.2, None, lambda p: p.neutron_skin_fm, 0.2),
    (CSI, "process.proton_radius_fm.I", 4.9, 4.766, lambda p: p.proton_radius_fm, (("Cs", 4.821), ("I", 4.9))),
    (VECTOR, "model.vector.coupling", 1e-4, 5e-5, lambda p: p.model.vector,
     LightVector(0.03, coupling=1e-4, charges="B-L")),
    (VECTOR, "model.vector.mass_GeV", 0.1, 0.03, lambda p: p.model.vector,
     LightVector(0.1, coupling=5e-5, charges="B-L")),
    (CSI, "model.nsi.eps_u.emu", 0.1, 0.0, lambda p: p.model.nsi, Nsi(FlavourMatrix(emu=0.1))),
    (CSI, "model.ngi.scalar", 0.1, 0.0, lambda p: p.model.ngi, ContactNgi(scalar=0.1)),
    (CSI, "model.magnetic_moment", 1e-10, 0.0, lambda p: p.model.magnetic_moment, 1e-10),
    (CSI, "model.magnetic_moment.mu", 1e-10, 0.0, lambda p: p.model.magnetic_moment, PerFlavour(mu=1e-10)),
    (Cevns("CsI", model=CevnsModel(charge_radius="standard-model")), "model.charge_radius.e", -1e-32, -0.83e-32,
     lambda p: p.model.charge_radius, PerFlavour(-1e-32, SM_CHARGE_RADII_CM2.mu, SM_CHARGE_RADII_CM2.tau)),
]  # fmt: skip


@pytest.mark.parametrize(("process", "key", "value", "before", "get", "expected"), CHANGES, ids=[c[1] for c in CHANGES])
def test_numbers_by_key(
    process: Cevns, key: str, value: float, before: float | None, get: Callable[[Cevns], object], expected: object
) -> None:
    assert value_of(process, key) == (before if before is None else pytest.approx(before, rel=1e-15))
    changed = with_value(process, key, value)
    assert get(changed) == expected
    assert value_of(changed, key) == pytest.approx(value, rel=1e-15)
    assert changed.target == process.target


WRONG = [
    ("sin2_theta_w", r"^sin2_theta_w is no key of CEvNS: write it as on a card, such as model.sin2_theta_w"),
    ("model.sin2_theta_W", r"^unknown key model.sin2_theta_W, did you mean 'sin2_theta_w'"),
    ("model.couplings", r"^model.couplings is not a number that can vary"),
    ("model.axial", r"^model.axial is not a number that can vary"),
    ("model.vector.strength", r"^model.vector.strength needs the table \[model.vector\], which this process does not"),
    ("model.nsi", r"^model.nsi is not a number that can vary"),
    ("model.sin2_theta_w.x", r"^model.sin2_theta_w.x is not a number that can vary: sin2_theta_w is not a table here"),
    ("process.target", r"^process.target is not a number of CEvNS that can vary; in \[process\] these are neutron_"),
    ("process.proton_radius_fm", r"^process.proton_radius_fm is not a number here; use process.proton_radius_fm.Cs, "),
    ("process.neutron_radius_fm.Cs", r"^process.neutron_radius_fm.Cs is not a number here; use process.neutron_"),
    ("flux.distance_m", r"^flux.distance_m is no key of CEvNS"),
]


@pytest.mark.parametrize(("key", "message"), WRONG, ids=[key for key, _ in WRONG])
def test_keys_that_are_none(key: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        value_of(CSI, key)
    if key != "process.proton_radius_fm":  # one number may replace two
        with pytest.raises(InputError, match=message):
            with_value(CSI, key, 0.1)
    with pytest.raises(InputError, match=message):
        derivative(CSI, key, nuclide("Cs133"), "numu")


def test_a_heavy_lepton_has_no_derivative_by_its_mass() -> None:
    process = Cevns("Ar40", model=CevnsModel(dipole=DipolePortal(0.01, 1e-9)))
    with pytest.raises(InputError, match=r"^model.dipole.mass_GeV has no derivative in closed form"):
        derivative(process, "model.dipole.mass_GeV", nuclide("Ar40"), "numu")
    slope = derivative(process, "model.dipole.mu_muB", nuclide("Ar40"), "numu")(PION_LINE, np.array([1e-5]))
    assert np.all(slope == 0.0)  # of elastic scattering


def test_one_recoil_is_like_many() -> None:
    """With an axial part, whose form factor is then a number."""
    process = Cevns("Cs133", model=CevnsModel(axial=True), neutron_radius_fm=5.0)
    slope = derivative(process, "process.neutron_radius_fm", nuclide("Cs133"), "numu")
    many = slope(PION_LINE, np.array([5e-6, 1e-5]))
    assert float(slope(PION_LINE, np.float64(1e-5))) == pytest.approx(many[1], rel=1e-12)
    assert float(slope(PION_LINE, 1e-5)) == pytest.approx(many[1], rel=1e-12)


def test_values_out_of_range_say_so() -> None:
    with pytest.raises(InputError, match=r"^sin2_theta_w = 1.5 must lie between 0 and 1"):
        with_value(CSI, "model.sin2_theta_w", 1.5)
    with pytest.raises(InputError, match=r"vary model.vector.strength"):
        value_of(with_value(VECTOR, "model.vector.strength", -1e-9), "model.vector.coupling")
