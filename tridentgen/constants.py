"""Physical constants and unit conversions. The package uses GeV = 1, and cm^2 for cross sections.

Sources: CODATA 2022 (Mohr et al., Rev. Mod. Phys. 97 (2025) 025002) and the Particle Data Group 2024
(Navas et al., Phys. Rev. D 110 (2024) 030001), unless stated otherwise.
"""

from __future__ import annotations

import math

G_FERMI = 1.1663788e-5
"""Fermi constant in GeV^-2 (PDG 2024, from the muon lifetime)."""

ALPHA = 7.2973525643e-3
"""Fine-structure constant at Q^2 = 0 (CODATA 2022)."""

HBARC_GEV_FM = 0.1973269804593025
"""hbar c in GeV fm, exact since the SI of 2019."""

GEV_M2_TO_CM2 = (HBARC_GEV_FM * 1e-13) ** 2
"""One GeV^-2 in cm^2: 3.89379e-28."""

LIGHT_MM_PER_NS = 299.792458
"""Speed of light in mm/ns, exact since the SI of 1983; HepMC stores times as lengths."""

Z_MASS_GEV = 91.1880
"""Mass of the Z boson in GeV (PDG 2024, 91.1880 +- 0.0020)."""

W_MASS_GEV = 80.3692
"""Mass of the W boson in GeV (PDG 2024, 80.3692 +- 0.0133)."""

SIN2_THETA_W = 0.23122
"""Weak mixing angle at m_Z in the MS-bar scheme (PDG 2024, 0.23122 +- 0.00006); default for tridents."""

SIN2_THETA_W_LOW_ENERGY = 0.23863
"""Weak mixing angle at zero momentum transfer (PDG 2024); default for CEvNS."""

ATOMIC_MASS_UNIT_GEV = 0.93149410372
"""Unified atomic mass unit in GeV (CODATA 2022)."""

ELECTRON_MASS_GEV = 0.51099895069e-3
"""Electron mass in GeV (CODATA 2022); the same as in `particle` to its printed digits."""

PROTON_MASS_GEV = 0.93827208943
"""Proton mass in GeV (CODATA 2022)."""

NEUTRON_MASS_GEV = 0.93956542194
"""Neutron mass in GeV (CODATA 2022)."""

PION_ZERO_MASS_GEV = 0.1349768
"""Mass of the neutral pion in GeV (PDG 2024)."""

MU_PROTON = 2.79284734463
"""Magnetic moment of the proton in nuclear magnetons (CODATA 2022)."""

MU_NEUTRON = -1.91304276
"""Magnetic moment of the neutron in nuclear magnetons (CODATA 2022)."""

PION_MASS_GEV = 0.13957039
"""Mass of the charged pion in GeV (PDG 2024)."""

V_UD = 0.97367
"""Element of the CKM matrix (PDG 2024, 0.97367 +- 0.00032)."""

AXIAL_COUPLING = 1.27641
"""Axial coupling g_A of the nucleon, or lambda (Maerkisch et al., Phys. Rev. Lett. 122 (2019) 242501)."""

NEUTRON_LIFETIME_S = 878.4
"""Mean life of the neutron in seconds (PDG 2024, 878.4 +- 0.5)."""

LAMBDA_QCD_GEV = 0.217
"""Scale of the conventional cut of the EPA, Q < Lambda_QCD / A^(1/3) (Altmannshofer et al., PRD 89 (2014) 113004)."""

FERMI_MOMENTUM_GEV = 0.235
"""Fermi momentum of nuclear matter, the default of Pauli blocking for A >= 12 (PRD 100 (2019) 115029)."""

AVOGADRO = 6.02214076e23
"""Particles in a mole, exact since the SI of 2019."""

SPEED_OF_LIGHT_KM_S = 299792.458
"""Speed of light in km/s, exact since 1983."""

SPEED_OF_LIGHT_CM_PER_NS = 29.9792458
"""Speed of light in cm/ns, exact since 1983."""

MUON_LIFETIME_S = 2.1969811e-6
"""Mean life of the muon in seconds (PDG 2024)."""

KEV_PER_GEV = 1.0e6
MEV_PER_GEV = 1.0e3

TWO_PI = 2.0 * math.pi
