"""Coherent scattering written out once more from the printed formulas, in plain floats; no code of the package.

Energies in GeV, lengths in fm, cross sections in GeV^-3 (times `CM2_PER_GEV_M2`: cm^2/GeV).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HBARC = 0.1973269804593025
CM2_PER_GEV_M2 = (HBARC * 1e-13) ** 2
G_F = 1.1663788e-5
ALPHA = 1 / 137.035999177
ELECTRON = 0.51099895069e-3


def j1_over_x(x: float) -> float:
    """3 j1(x)/x."""
    return 3 * (math.sin(x) - x * math.cos(x)) / x**3 if x > 1e-3 else 1 - x * x / 10


def helm(q: float, A: int, radius: float | None = None) -> float:
    """Helm's form factor at q in GeV, by Lewin and Smith or with a given rms radius."""
    s, a, c = 0.9, 0.52, 1.23 * A ** (1 / 3) - 0.60
    sphere2 = c**2 + 7 / 3 * (math.pi * a) ** 2 - 5 * s**2
    if radius is not None:
        sphere2 = 5 / 3 * (radius**2 - 3 * s**2)
    x = q / HBARC
    return j1_over_x(x * math.sqrt(sphere2)) * math.exp(-((x * s) ** 2) / 2)


@dataclass
class Plain:
    """One nucleus and everything that acts on it; couplings as they are printed."""

    Z: int
    A: int
    mass: float
    s2: float = 0.23863
    half: bool = False
    sign: float = 1.0
    eps: tuple[float, float] = (0.0, 0.0)
    changing: tuple[tuple[float, float], ...] = ()
    contact: dict[str, float] = field(default_factory=dict)
    vector: tuple[float, float, float] | None = None  # mass, g^2 q_nu q_p, g^2 q_nu q_n
    scalar: tuple[float, float, float] | None = None
    tensor: tuple[float, float] | None = None  # mass, g^2 times the charge of a nucleon
    radius_fm2: float = 0.0  # of the neutrino's charge
    moment: float = 0.0
    axial: float = 0.0  # F_A(0)
    form_factor: Callable[[float, int], float] = helm

    def dsigma_dT(self, E: float, T: float) -> float:
        """dsigma/dT in GeV^-3."""
        M, Z, N = self.mass, self.Z, self.A - self.Z
        F = self.form_factor(math.sqrt(2 * M * T), self.A)
        D = 2 * M * T
        up, down = self.eps
        g_p = 0.5 - 2 * self.s2 + 2 * up + down
        g_p -= math.sqrt(2) * math.pi * ALPHA / (3 * G_F) * self.radius_fm2 / HBARC**2
        g_n = -0.5 + up + 2 * down
        c = {name: value * F for name, value in self.contact.items()}
        V = 2 * (Z * g_p + N * g_n) * F + c.get("vector", 0.0)
        S, P, A, X = (c.get(name, 0.0) for name in ("scalar", "pseudoscalar", "axial", "tensor"))
        if self.vector:
            m, p, n = self.vector
            V += math.sqrt(2) * (Z * p + N * n) * F / (G_F * (D + m * m))
        if self.scalar:
            m, p, n = self.scalar
            S += math.sqrt(2) * (Z * p + N * n) * F / (G_F * (D + m * m))
        if self.tensor:
            m, g = self.tensor
            X += math.sqrt(2) * self.A * g * F / (G_F * (D + m * m))
        spin = T**2 / (2 * E**2) if self.half else 0.0
        K = 1 - T / E - M * T / (2 * E**2) + spin
        total = V**2 * K
        for up, down in self.changing:
            total += 4 * (Z * (2 * up + down) + N * (up + 2 * down)) ** 2 * F**2 * K
        full = 1 - T / E + M * T / (2 * E**2) + T**2 / (2 * E**2)
        total += (A**2 + self.axial * F**2) * full
        total += S**2 * M * T / (2 * E**2) * (1 + (T / (2 * M) if self.half else 0.0))
        total += P**2 * T**2 / (4 * E**2)
        total += 8 * X**2 * (1 - T / E - M * T / (4 * E**2) + T**2 / (4 * E**2))
        total += self.sign * V * A * (2 * T / E - T**2 / E**2)
        total -= self.sign * 2 * S * X * T / E * (1 - T / (2 * E))
        photon = 1 / T - 1 / E + (0.0 if self.half else T / (4 * E**2))
        magnetic = math.pi * ALPHA**2 / ELECTRON**2 * self.moment**2 * (Z * F) ** 2 * photon
        return G_F**2 * M / (4 * math.pi) * total + magnetic

    def upscattering(self, E: float, T: float, mu: float, m: float) -> float:
        """dsigma/dT of the dipole portal in GeV^-3."""
        M = self.mass
        F = self.form_factor(math.sqrt(2 * M * T), self.A)
        if self.half:
            last = m**4 * (T - M) / (8 * E**2 * T**2 * M**2)
            factor = 1 / T - 1 / E - m**2 / (2 * E * T * M) * (1 - T / (2 * E) + M / (2 * E)) + last
        else:
            factor = 1 / T - 1 / E + T / (4 * E**2) - m**2 / (2 * E * T * M) * (1 - T / (4 * E) + M / (2 * E))
            factor -= m**4 / (8 * E**2 * T**2 * M)
        return math.pi * ALPHA**2 / ELECTRON**2 * mu**2 * (self.Z * F) ** 2 * factor


@dataclass(frozen=True)
class Row:
    """A number of ``tests/reference/cevns_reference.csv``."""

    quantity: str
    target: str
    value: float
    parameters: tuple[tuple[str, Any], ...]

    @property
    def given(self) -> dict[str, Any]:
        """The parameters."""
        return dict(self.parameters)

    def __str__(self) -> str:
        return " ".join([self.target, self.quantity, *(f"{k}={v}" for k, v in self.parameters)])


def reference_rows() -> list[Row]:
    """Return the reference numbers."""
    path = Path(__file__).parents[2] / "reference" / "cevns_reference.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            Row(r["quantity"], r["target"], float(r["value"]), tuple(_frozen(json.loads(r["params_json"]))))
            for r in rows
        ]


def _frozen(parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(k, tuple(map(tuple, v)) if isinstance(v, list) else v) for k, v in parameters.items()]
