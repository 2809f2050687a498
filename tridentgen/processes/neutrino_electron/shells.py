"""Electrons of atoms: all of them free, or each only if it receives more than its binding energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from tridentgen.errors import InputError
from tridentgen.matter.materials import Material
from tridentgen.matter.nuclei import Nuclide, data_rows
from tridentgen.physics.elementary import Value, total

ELECTRONS = ("free", "stepping")

_EV_PER_GEV = 1e9


@dataclass(frozen=True)
class Shell:
    """A shell of an atom: number of electrons and binding energy in GeV."""

    electrons: float
    binding_GeV: float


@dataclass(frozen=True)
class Atom:
    """The atoms of a nuclide in a material: their share of its atoms, and their shells."""

    nuclide: Nuclide
    share: float
    shells: tuple[Shell, ...]

    def electrons(self, kinetic: Value) -> Value:
        """Return the electrons that may receive the kinetic energy T in GeV, per atom of the material."""
        return total(
            np.where(kinetic >= shell.binding_GeV, shell.electrons * self.share, 0.0)
            if shell.binding_GeV > 0.0
            else shell.electrons * self.share
            for shell in self.shells
        )


@cache
def binding_energies() -> Mapping[str, tuple[Shell, ...]]:
    """Return the shells of each element by its symbol; sources in ``data/electron_binding.csv``."""
    found: dict[str, list[Shell]] = {}
    for row in data_rows("electron_binding.csv"):
        shell = Shell(float(row["electrons"]), float(row["energy_eV"]) / _EV_PER_GEV)
        found.setdefault(row["symbol"], []).append(shell)
    return MappingProxyType({symbol: tuple(shells) for symbol, shells in found.items()})


def atoms_of(material: Material, electrons: str) -> tuple[Atom, ...]:
    """Return the atoms of a material, ``free`` or ``stepping``.

    Raise `InputError` for an element whose binding energies are not in the table.
    """

    def shells(nuclide: Nuclide) -> tuple[Shell, ...]:
        if electrons == "free":
            return (Shell(float(nuclide.Z), 0.0),)
        known = binding_energies()
        symbol = "H" if nuclide.Z == 1 else nuclide.symbol
        if symbol not in known:
            raise InputError(
                f"electrons = 'stepping' has no binding energies of {symbol} (in {material.name}), only of "
                f"{', '.join(known)}; use electrons = 'free'"
            )
        return known[symbol]

    pairs = zip(material.nuclides, material.fractions, strict=True)
    return tuple(Atom(nuclide, share, shells(nuclide)) for nuclide, share in pairs)


def least_binding_GeV(atoms: tuple[Atom, ...]) -> float:
    """Return the smallest binding energy; 0 for free electrons."""
    return min(shell.binding_GeV for atom in atoms for shell in atom.shells)
