"""Every constant is checked against a relation or number that it was not copied from."""

import math

import mpmath
import pytest

from tridentgen import constants as c

# Exact since the SI of 2019
PLANCK_J_S = 6.62607015e-34
LIGHT_M_S = 299792458.0
CHARGE_C = 1.602176634e-19
GEV_J = CHARGE_C * 1e9


def test_hbarc_follows_from_the_exact_si_constants() -> None:
    hbarc_GeV_fm = PLANCK_J_S / (2 * math.pi) * LIGHT_M_S / GEV_J * 1e15
    # The constant stops after ten digits, as CODATA prints it.
    assert pytest.approx(hbarc_GeV_fm, rel=4e-10) == c.HBARC_GEV_FM


def test_inverse_square_GeV_in_millibarn_as_the_pdg_prints_it() -> None:
    # (hbar c)^2 = 0.3893793721 GeV^2 mb, PDG table of physical constants; 1 mb = 1e-27 cm^2
    assert pytest.approx(0.3893793721e-27, rel=2e-10) == c.GEV_M2_TO_CM2


def test_mass_unit_is_a_gram_over_avogadro() -> None:
    # True by definition before 2019 and to about 1e-9 since.
    gram_GeV = 1e-3 * LIGHT_M_S**2 / GEV_J
    assert pytest.approx(gram_GeV / c.AVOGADRO, rel=2e-9) == c.ATOMIC_MASS_UNIT_GEV


def test_electron_mass_and_alpha_meet_in_the_rydberg_constant() -> None:
    # R_infinity = alpha^2 m_e c / 2h = 10973731.568157 m^-1 (CODATA 2022)
    rydberg = c.ALPHA**2 * c.ELECTRON_MASS_GEV * GEV_J / (2 * PLANCK_J_S * LIGHT_M_S)
    assert rydberg == pytest.approx(10973731.568157, rel=1e-9)


def test_proton_mass_from_the_hydrogen_atom() -> None:
    # AME2020: 1.007825031898 u; the atom is bound by 13.598 eV
    atom_GeV = 1.007825031898 * c.ATOMIC_MASS_UNIT_GEV
    assert pytest.approx(atom_GeV - c.ELECTRON_MASS_GEV + 13.598e-9, rel=1e-9) == c.PROTON_MASS_GEV


def test_neutron_mass_from_the_deuteron() -> None:
    # AME2020: atomic mass 2.014101777844 u; the deuteron is bound by 2.224566 MeV (gamma rays)
    deuteron_GeV = 2.014101777844 * c.ATOMIC_MASS_UNIT_GEV - c.ELECTRON_MASS_GEV + 13.6e-9
    assert pytest.approx(deuteron_GeV + 2.224566e-3 - c.PROTON_MASS_GEV, rel=2e-9) == c.NEUTRON_MASS_GEV


def test_magnetic_moments_by_their_measured_ratio() -> None:
    # mu_n/mu_p = -0.68497935 (CODATA), from neutrons and protons in the same field
    assert pytest.approx(-0.68497935, abs=5e-8) == c.MU_NEUTRON / c.MU_PROTON


def test_fermi_constant_from_the_muon_lifetime() -> None:
    """Section 10 (electroweak model) of PDG 2024: phase space F, and QED to two loops, H1 and H2."""
    muon_GeV = 0.1056583755
    rho = (c.ELECTRON_MASS_GEV / muon_GeV) ** 2
    phase_space = 1 - 8 * rho + 8 * rho**3 - rho**4 - 12 * rho**2 * math.log(rho)
    h1 = 25 / 8 - math.pi**2 / 2 - (9 + 4 * math.pi**2 + 12 * math.log(rho)) * rho
    h1 += 16 * math.pi**2 * rho**1.5
    h2 = 156815 / 5184 - 518 / 81 * math.pi**2 - 895 / 36 * float(mpmath.zeta(3)) + 67 / 720 * math.pi**4
    h2 += 53 / 6 * math.pi**2 * math.log(2) - 0.042 - 5 / 4 * math.pi**2 * math.sqrt(rho)
    a = 1 / (1 / c.ALPHA + math.log(rho) / (3 * math.pi)) / math.pi  # alpha(m_mu) / pi
    width_GeV = PLANCK_J_S / (2 * math.pi) / c.MUON_LIFETIME_S / GEV_J
    g_fermi = math.sqrt(192 * math.pi**3 * width_GeV / (muon_GeV**5 * phase_space * (1 + h1 * a + h2 * a**2)))
    # The lifetime is known to 1.0e-6, G_F therefore to 0.5e-6.
    assert pytest.approx(g_fermi, rel=1e-6) == c.G_FERMI


def test_weak_mixing_angle_at_tree_level() -> None:
    # s^2 (1 - s^2) = pi alpha(m_Z) / (sqrt2 G_F m_Z^2); what is left out, mostly the top quark, is 1 %.
    product = math.pi / 127.930 / (math.sqrt(2) * c.G_FERMI * 91.1880**2)
    assert (1 - math.sqrt(1 - 4 * product)) / 2 == pytest.approx(c.SIN2_THETA_W, rel=0.015)


def test_weak_mixing_angle_at_low_energy() -> None:
    # 0.23868(5)(2): Erler and Ferro-Hernandez, JHEP 03 (2018) 196
    assert pytest.approx(0.23868, abs=1e-4) == c.SIN2_THETA_W_LOW_ENERGY


def test_fermi_momentum_gives_the_saturation_density_of_nuclear_matter() -> None:
    # n = 2 k_F^3 / 3 pi^2 per fm^3; 0.14 to 0.17 is what electron scattering finds inside nuclei
    density = 2 * (c.FERMI_MOMENTUM_GEV / c.HBARC_GEV_FM) ** 3 / (3 * math.pi**2)
    assert 0.10 < density < 0.17
