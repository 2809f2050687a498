"""The keys of a card's [flux] table: names, types, and which of them each kind needs."""

from __future__ import annotations

from collections.abc import Mapping

from tridentgen.errors import InputError, nearest

Types = type | tuple[type, ...]


class Names(list[str]):
    """Stands for a list of names among the types of values; ``list`` stands for one of numbers."""


NUMBER = (int, float)

REQUIRED_FLUX_KEYS: Mapping[str, Mapping[str, Types]] = {
    "monochromatic": {"energy_GeV": NUMBER},
    "power-law": {"index": NUMBER, "energy_min_GeV": NUMBER, "energy_max_GeV": NUMBER},
    "histogram": {"edges_GeV": list, "values": list},
    "file": {"path": str},
    "muon-decay": {"muon_energy_GeV": NUMBER, "muon": str, "distance_m": NUMBER},
    "pion-decay-at-rest": {"distance_m": NUMBER},
    "reactor": {"thermal_power_GW": NUMBER, "distance_m": NUMBER},
    "supernova": {"distance_kpc": NUMBER},
}
"""For the kinds of flux that need keys on a card, these and the types of their values."""

ALTERNATIVE_KEYS: Mapping[str, str] = {"energy_GeV": "energy_MeV"}
"""A key that may stand in place of a needed one."""

_OPTIONAL: Mapping[str, Mapping[str, Types]] = {
    "monochromatic": {"energy_MeV": NUMBER},
    "power-law": {},
    "histogram": {"per": str, "area": str},
    "file": {
        "format": str,
        "column": (int, str),
        "histogram": str,
        "area": str,
        "per": str,
        "energy_unit": str,
        "points": str,
        "pot": NUMBER,
        "published_at": str,
    },
    "muon-decay": {"detector_radius_m": NUMBER, "polarisation": NUMBER, "off_axis_angle_deg": NUMBER},
    "pion-decay-at-rest": {
        "per_proton": NUMBER,
        "neutrinos": Names,
        "pulse_fwhm_ns": NUMBER,
        "pulse_width_ns": NUMBER,
        "time_offset_ns": NUMBER,
    },
    "reactor": {"fractions": list, "captures_per_fission": NUMBER},
    "solar": {"components": Names, "fluxes": list, "oscillation": str},
    "atmospheric": {"total_flux": NUMBER},
    "dsnb": {"total_flux": NUMBER},
    "supernova": {"energy_erg": NUMBER, "mean_energies_MeV": list, "pinching": list},
}
FLUX_KEYS: Mapping[str, Mapping[str, Types]] = {
    kind: {**REQUIRED_FLUX_KEYS.get(kind, {}), **optional} for kind, optional in _OPTIONAL.items()
}
"""For each kind of flux the keys it takes on a card and the types of their values."""

_TYPE_NAMES = {
    str: "a text in quotes",
    list: "a list of numbers",
    Names: "a list of names",
    NUMBER: "a number",
    (int, str): "a number or a name",
}


def check_keys(kind: str, options: Mapping[str, object]) -> None:
    """Raise `InputError` for a kind that is unknown, and for keys that are unknown, missing or of the wrong type."""
    if kind not in FLUX_KEYS:
        raise InputError(
            f"flux.kind: unknown kind '{kind}'{nearest(kind, FLUX_KEYS)}; known are {', '.join(FLUX_KEYS)}"
        )
    known = FLUX_KEYS[kind]
    for key, value in options.items():
        if key not in known:
            takes = f"takes {', '.join(known)}"
            raise InputError(f"unknown key 'flux.{key}'{nearest(key, known)}; flux.kind = '{kind}' {takes}")
        if not _fits(value, known[key]):
            raise InputError(f"flux.{key} = {value!r} is not {_TYPE_NAMES[known[key]]}")
    for key, types in REQUIRED_FLUX_KEYS.get(kind, {}).items():
        if key not in options and ALTERNATIVE_KEYS.get(key) not in options:
            raise InputError(f"flux.{key} is missing: flux.kind = '{kind}' needs it, {_TYPE_NAMES[types]}")


def _fits(value: object, types: Types) -> bool:
    """Tell whether a value has one of the types; true and false are no numbers."""
    if types is Names:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    return isinstance(value, types) and not isinstance(value, bool)
