"""The dark-matter halo by convention, date or numbers: what meets the process `wimp`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import require
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.earth_velocity import day_of, lab_speed_km_s, mean_lab_speed_km_s
from tridentgen.flux.kind import NUMBER, TEXT, FluxKind, FluxRequest
from tridentgen.flux.source import DARK_MATTER


class Convention(NamedTuple):
    """Numbers of a halo that are not given: GeV/cm3 and km/s; no `v_lab` is that of the Earth, averaged over a year."""

    density: float
    v0: float
    v_lab: float | None
    v_esc: float


CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {"standard": Convention(0.3, 220.0, 232.0, 544.0), "baxter-2021": Convention(0.3, 238.0, None, 544.0)}
)
"""The standard halo model of most searches, and D. Baxter et al., Eur. Phys. J. C 81 (2021) 907 (arXiv:2105.00599)."""


def halo(
    mass_GeV: float, *, convention: str = "standard", date: str | None = None, density_GeV_cm3: float | None = None,
    v0_km_s: float | None = None, v_lab_km_s: float | None = None, v_esc_km_s: float | None = None,
) -> Halo:  # fmt: skip
    """Return the dark matter of the halo, for `Wimp`.

    Parameters
    ----------
    mass_GeV : float
        Mass of the particle.
    convention : str
        ``standard``: 0.3 GeV/cm3, v0 = 220, v_lab = 232, v_esc = 544 km/s. ``baxter-2021``: v0 = 238 km/s, and v_lab of
        the Earth, averaged over the year. Numbers given replace those of the convention.
    date : str
        A day such as ``2026-06-02``: v_lab is then that of the Earth at noon, from v0, the motion of the Sun and the
        orbit of the Earth.
    density_GeV_cm3, v0_km_s, v_lab_km_s, v_esc_km_s : float
        See `Halo`.

    Raises
    ------
    InputError
        For an unknown convention, a number out of range, or a date beside `v_lab_km_s`.
    """
    if convention not in CONVENTIONS:
        known = f"{nearest(convention, CONVENTIONS)}; known are {', '.join(CONVENTIONS)}"
        raise InputError(f"convention = {convention!r} is not known{known}")
    usual = CONVENTIONS[convention]
    v0 = usual.v0 if v0_km_s is None else v0_km_s
    given = {
        "density_GeV_cm3": usual.density if density_GeV_cm3 is None else density_GeV_cm3,
        "v0_km_s": v0,
        "v_esc_km_s": usual.v_esc if v_esc_km_s is None else v_esc_km_s,
    }
    checked = Halo(mass_GeV, **given)  # before its v0 is used
    if date is not None:
        words = "stands beside date, which gives the speed of the Earth: give one of the two"
        require(v_lab_km_s is None, "v_lab_km_s", v_lab_km_s, words)
        return Halo(mass_GeV, **given, v_lab_km_s=lab_speed_km_s(checked.v0_km_s, day_of(date)))
    if v_lab_km_s is None:
        v_lab_km_s = mean_lab_speed_km_s(v0) if usual.v_lab is None else usual.v_lab
    return Halo(mass_GeV, **given, v_lab_km_s=v_lab_km_s)


def _build(request: FluxRequest) -> Halo:
    numbers = {key: float(value) for key, value in request.options.items() if key in _NUMBERS}
    texts = {key: str(request.options[key]) for key in ("convention", "date") if key in request.options}
    return halo(**numbers, **texts)  # type: ignore[arg-type]


_NUMBERS = ("mass_GeV", "density_GeV_cm3", "v0_km_s", "v_lab_km_s", "v_esc_km_s")

KIND = FluxKind(
    name="halo",
    keys={**dict.fromkeys(_NUMBERS, NUMBER), "convention": TEXT, "date": TEXT},
    required=("mass_GeV",),
    build=_build,
    range_key="mass_GeV",
    projectile=DARK_MATTER,
)
