"""sigma(EPA)/sigma(4PS) as a function of the neutrino energy, for three photon fluxes, on the nucleus and a proton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tridentgen.analysis.epa_comparison import EpaRatio, epa_ratios
from tridentgen.errors import InputError
from tridentgen.figures.base import FigureKind, Request
from tridentgen.flux import Monochromatic
from tridentgen.plots.epa import ratio_figure
from tridentgen.processes.trident.pairs import lepton_pairs
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress
from tridentgen.reports.epa import ratio_json, ratio_text
from tridentgen.runs.job import require_single_energy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ENERGIES_GEV = tuple(float(energy) for energy in np.geomspace(0.5, 100.0, 10))
_REGIMES = ("coherent", "proton")
_FLUXES = (("exact", None), ("lambda-qcd", None), ("q-max", None))


@dataclass(frozen=True)
class EpaRatios:
    """Ratios of every lepton pair, regime, energy and photon flux."""

    ratios: tuple[EpaRatio, ...]


def compute(request: Request, progress: Progress) -> EpaRatios:
    """Integrate the full process and three approximations of it for muon pairs, electron pairs and mixed pairs."""
    energies = request.energies_GeV or _ENERGIES_GEV
    if len(set(energies)) < 2:
        raise InputError(f"--energy {energies[0]:g}: this figure needs two energies; give more, or use tridentgen epa")
    pairs = lepton_pairs(request.process.neutrino, ("e", "mu"))
    tridents = [request.trident(pair, regime) for pair in pairs for regime in request.regimes(_REGIMES)]
    plans = [(trident, energy) for trident in tridents for energy in energies if energy > trident.threshold_GeV()]
    if not plans:
        require_single_energy(min(tridents, key=Trident.threshold_GeV), max(energies))
    found: list[EpaRatio] = []
    for number, (trident, energy) in enumerate(plans):
        progress(f"{trident.lepton_minus} {trident.lepton_plus} {trident.regimes[0]}", number / len(plans))
        found += epa_ratios(trident, Monochromatic(energy), _FLUXES, request.sampling)
    return EpaRatios(tuple(found))


def draw(numbers: EpaRatios) -> Figure:
    """Draw a panel for each lepton pair and regime."""
    return ratio_figure(numbers.ratios)


def text(numbers: EpaRatios) -> str:
    """Return a table of the ratios."""
    return ratio_text(numbers.ratios, ())


def as_json(numbers: EpaRatios) -> dict[str, Any]:
    """Return the ratios as in the output of `tridentgen epa`."""
    return {"ratios": [ratio_json(ratio) for ratio in numbers.ratios]}


KIND = FigureKind(
    "epa", "sigma(EPA)/sigma(4PS) against E, by lepton pair and regime", compute, draw, text, energies=2, json=as_json
)
