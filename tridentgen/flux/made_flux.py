"""The flux that the numbers of a file make, whatever its layout, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tridentgen.errors import FileError
from tridentgen.flux.bins import widths_are
from tridentgen.flux.settled_units import Units
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.typing import FloatArray


def check_widths(path: Path, edges_GeV: FloatArray, units: Units) -> None:
    """Raise `FileError` where the text says one width of bins, the card the numbers per bin, and the bins differ."""
    width = units.bin_width_GeV
    if width is not None and not widths_are(edges_GeV, width):
        raise FileError(
            f"{path}: its text says a flux per {width * 1e3:g} MeV, and its bins are not all that wide, so per = 'bin' "
            f"is something else; give per = '{width * 1e3:g} MeV'"
        )


def raise_flaw(flaw: tuple[int, str] | None, where: Callable[[int], str]) -> None:
    """Raise `FileError` for a flaw, saying where it is."""
    if flaw is not None:
        raise FileError(f"{where(flaw[0])}: {flaw[1]}")


def made_flux(
    energies_GeV: FloatArray, values: FloatArray, interpolation: str, label: str, units: Units
) -> TabulatedFlux:
    """Return the flux, with column and units in its description."""
    description = f"{label} ({units.in_words()}; {interpolation}), {energies_GeV[0]:.6g} to {energies_GeV[-1]:.6g} GeV"
    return TabulatedFlux(energies_GeV, values, interpolation, units.total_units, description)
