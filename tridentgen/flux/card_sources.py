"""From a card's keys to the sources that make several kinds of neutrinos at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tridentgen.errors import InputError
from tridentgen.flux.atmospheric import TOTAL_CM2_S as ATMOSPHERIC_CM2_S
from tridentgen.flux.atmospheric import atmospheric
from tridentgen.flux.base import require
from tridentgen.flux.diffuse_supernova import TOTAL_CM2_S as DIFFUSE_SUPERNOVA_CM2_S
from tridentgen.flux.diffuse_supernova import diffuse_supernovae
from tridentgen.flux.reactor import CAPTURES_PER_FISSION, PWR_FRACTIONS, reactor
from tridentgen.flux.solar import FLUXES, solar
from tridentgen.flux.source import Source
from tridentgen.flux.stopped_pion import PRODUCTS, SNS_YIELD, stopped_pions
from tridentgen.flux.supernova import ENERGY_ERG, MEAN_ENERGIES_MEV, PINCHING, supernova

Options = Mapping[str, Any]


def _pion_decay_at_rest(options: Options, _neutrino: str | None, _base_dir: Path) -> Source:
    pulses = {"pulse_fwhm_ns": "gaussian", "pulse_width_ns": "box"}
    given = [key for key in pulses if key in options]
    if len(given) > 1:
        raise InputError("pulse_fwhm_ns (a Gaussian) and pulse_width_ns (a box) are both given; give one of the two")
    width = float(options[given[0]]) if given else 0.0
    if given:
        require(math.isfinite(width) and width > 0.0, given[0], width, "must be a positive time in ns")
    offset = float(options.get("time_offset_ns", 0.0))
    require(math.isfinite(offset), "time_offset_ns", offset, "must be a finite time in ns")
    neutrinos = options.get("neutrinos", PRODUCTS)
    if not neutrinos:
        raise InputError(f"neutrinos is empty; name some of {', '.join(PRODUCTS)}, or leave it out")
    return stopped_pions(
        float(options["distance_m"]),
        float(options.get("per_proton", SNS_YIELD)),
        neutrinos=neutrinos,
        pulse=pulses[given[0]] if given else "none",
        pulse_ns=width,
        offset_ns=offset,
    )


def _reactor(options: Options, _neutrino: str | None, _base_dir: Path) -> Source:
    return reactor(
        float(options["thermal_power_GW"]),
        float(options["distance_m"]),
        _numbers(options, "fractions", PWR_FRACTIONS),
        float(options.get("captures_per_fission", CAPTURES_PER_FISSION)),
    )


def _solar(options: Options, _neutrino: str | None, _base_dir: Path) -> Source:
    fluxes = _numbers(options, "fluxes", ()) if "fluxes" in options else None
    if fluxes is not None and "components" not in options:
        raise InputError("fluxes needs flux.components beside it: one flux for each component, in the same order")
    return solar(tuple(options.get("components", FLUXES)), fluxes, options.get("oscillation", "none"))


def _atmospheric(options: Options, _neutrino: str | None, _base_dir: Path) -> Source:
    return atmospheric(float(options.get("total_flux", ATMOSPHERIC_CM2_S)))


def _dsnb(options: Options, _neutrino: str | None, _base_dir: Path) -> Source:
    return diffuse_supernovae(float(options.get("total_flux", DIFFUSE_SUPERNOVA_CM2_S)))


def _supernova(options: Options, _neutrino: str | None, _base_dir: Path) -> Source:
    return supernova(
        float(options["distance_kpc"]),
        float(options.get("energy_erg", ENERGY_ERG)),
        _numbers(options, "mean_energies_MeV", MEAN_ENERGIES_MEV),
        _numbers(options, "pinching", PINCHING),
    )


def _numbers(options: Options, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return a list of the card as numbers; raise `InputError` for an entry that is none."""
    for i, value in enumerate(options.get(key, ())):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"{key} has {value!r} as entry {i}, which is not a number")
    return tuple(float(value) for value in options.get(key, default))


BUILDERS: Mapping[str, Callable[[Options, str | None, Path], Source]] = {
    "pion-decay-at-rest": _pion_decay_at_rest,
    "reactor": _reactor,
    "solar": _solar,
    "atmospheric": _atmospheric,
    "dsnb": _dsnb,
    "supernova": _supernova,
}
