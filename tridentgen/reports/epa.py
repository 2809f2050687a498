"""The output of `tridentgen epa`, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from tridentgen.analysis.epa_comparison import EpaDistribution, EpaRatio
from tridentgen.flux import Flux, Monochromatic
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.reports.layout import Json, aligned, measured


def ratio_json(ratio: EpaRatio) -> Json:
    """Return one ratio of cross sections."""
    full, epa = ratio.sigma_full, ratio.sigma_epa
    return {
        **_what(ratio.epa, ratio.beam),
        "sigma_4ps_cm2": full.value,
        "error_4ps_cm2": full.error,
        "sigma_epa_cm2": 0.0 if epa is None else epa.value,
        "error_epa_cm2": 0.0 if epa is None else epa.error,
        "ratio": ratio.value,
        "ratio_error": ratio.error,
    }


def distribution_json(shape: EpaDistribution) -> Json:
    """Return one pair of distributions; the ratio is null in bins without events of the full process."""
    value, error = shape.ratio
    there = shape.sigma_full > 0.0
    return {
        **_what(shape.epa, shape.beam),
        "observable": shape.observable.name,
        "units": shape.observable.units.replace("$^2$", "2"),
        "edges": shape.edges.tolist(),
        "per": "unit of the logarithm" if shape.log else "unit",
        "dsigma_4ps_cm2": shape.sigma_full.tolist(),
        "error_4ps_cm2": shape.error_full.tolist(),
        "dsigma_epa_cm2": shape.sigma_epa.tolist(),
        "error_epa_cm2": shape.error_epa.tolist(),
        "ratio": [float(r) if ok else None for r, ok in zip(value, there, strict=True)],
        "ratio_error": [float(e) if ok else None for e, ok in zip(error, there, strict=True)],
        "shape_distance": shape.shape_distance,
    }


def _what(epa: EpaTrident, beam: Flux) -> Json:
    """Return the process compared and its beam."""
    single = isinstance(beam, Monochromatic)
    found: Json = {
        "nu": epa.neutrino,
        "leptons": [epa.lepton_minus, epa.lepton_plus],
        "target": epa.target,
        "regime": epa.regimes[0],
        "energy_GeV": beam.energy_max_GeV if single else None,
        "photon_flux": epa.photon_flux,
        "q_max_GeV": max((cut for cut in map(epa.q_cut_GeV, epa.targets) if cut is not None), default=None),
    }
    return found if single else {**found, "flux": beam.description}


def ratio_text(ratios: Sequence[EpaRatio], shapes: Sequence[EpaDistribution]) -> str:
    """Return a table of the ratios, one column for each photon flux, and one of the distributions."""
    labels = list(dict.fromkeys(ratio.epa.flux_label for ratio in ratios))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for ratio in ratios:
        key = (*_place(ratio.epa, ratio.beam), measured(ratio.sigma_full.value, ratio.sigma_full.error))
        rows.setdefault(key, {})[ratio.epa.flux_label] = f"{ratio.value:.4g} +- {ratio.error:.1g}"
    header = ("nu", "leptons", "target", "regime", "energy/GeV", "sigma/cm2", *labels)
    table = [header, *((*key, *(cells.get(label, "") for label in labels)) for key, cells in rows.items())]
    beams = [*(ratio.beam for ratio in ratios), *(shape.beam for shape in shapes)]
    fluxes = dict.fromkeys(beam.description for beam in beams if not isinstance(beam, Monochromatic))
    head = [*(f"flux: {flux}" for flux in fluxes), *[""][: len(fluxes)]]
    text = "\n".join([*head, "sigma(EPA)/sigma(4PS), by the photon flux of the EPA", aligned(table)])
    if not shapes:
        return text
    header = ("nu", "leptons", "target", "regime", "energy/GeV", "observable", "photon flux", "share in another bin")
    table = [header]
    table += [(*_place(s.epa, s.beam), s.observable.name, s.epa.flux_label, f"{s.shape_distance:.1%}") for s in shapes]
    return f"{text}\n\nshapes of the distributions\n{aligned(table)}"


def _place(epa: EpaTrident, beam: Flux) -> tuple[str, ...]:
    energy = f"{beam.energy_max_GeV:g}" if isinstance(beam, Monochromatic) else "flux"
    return epa.neutrino, f"{epa.lepton_minus} {epa.lepton_plus}", epa.target, epa.regimes[0], energy
