"""Velocity of the Earth in the rest frame of the galaxy, at a date or averaged over the year.

Axes are those of the galaxy: x to its centre, y along its rotation, z to its north pole.
"""

from __future__ import annotations

import math
import re
from datetime import date

from tridentgen.errors import InputError
from tridentgen.physics.elementary import sincos2pi

SUN_KM_S = (11.1, 12.2, 7.3)
"""Peculiar velocity of the Sun: Schoenrich, Binney, Dehnen, Mon. Not. R. Astron. Soc. 403 (2010) 1829, as rounded in
D. Baxter et al., Eur. Phys. J. C 81 (2021) 907 (arXiv:2105.00599)."""

ORBIT_KM_S = 29.8
"""Mean speed of the Earth around the Sun (arXiv:2105.00599)."""

DAYS_PER_YEAR = 365.25

_ECCENTRICITY = 0.0167
_OBLIQUITY_DEG = 23.4392911
_TO_GALACTIC = (
    (-0.0548755604, -0.8734370902, -0.4838350155),
    (0.4941094279, -0.4448296300, 0.7469822445),
    (-0.8676661490, -0.1980763734, 0.4559837762),
)
"""From equatorial to galactic axes, J2000 (The Hipparcos and Tycho Catalogues, ESA SP-1200 (1997), section 1.5.3)."""

_J2000 = date(2000, 1, 1)  # at noon
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def day_of(text: str) -> float:
    """Return the days from J2000 to noon of a date such as ``2026-06-02``; raise `InputError` for anything else."""
    try:
        if not _DATE.fullmatch(str(text)):
            raise ValueError
        days = (date.fromisoformat(text) - _J2000).days
    except ValueError:
        raise InputError(f"date = {text!r} must be a day as in '2026-06-02'") from None
    if not 1900 <= int(text[:4]) <= 2100:
        raise InputError(f"date = {text!r} must be from 1900 to 2100: the orbit of the Earth is that of our time")
    return float(days)


def orbital_velocity_km_s(days: float) -> tuple[float, float, float]:
    """Return the velocity of the Earth around the Sun, `days` after noon of 1 January 2000.

    The longitude of the Sun is that of the Astronomical Almanac (to 0.01 degrees); with the longitude l of the Earth
    and w of its perihelion, v = V (-sin l - e sin w, cos l + e cos w) in the plane of the ecliptic.
    """
    mean_deg, anomaly_deg = 280.460 + 0.9856474 * days, 357.528 + 0.9856003 * days
    sine, cosine = _sincos_deg(anomaly_deg)
    precession_deg = 3.8247e-5 * days  # of the equinox since J2000
    sun_deg = mean_deg + 1.915 * sine + 0.020 * (2.0 * sine * cosine) - precession_deg
    earth, perihelion = _sincos_deg(sun_deg + 180.0), _sincos_deg(mean_deg - anomaly_deg - precession_deg + 180.0)
    x = ORBIT_KM_S * (-earth[0] - _ECCENTRICITY * perihelion[0])
    y = ORBIT_KM_S * (earth[1] + _ECCENTRICITY * perihelion[1])
    tilt_sine, tilt_cosine = _sincos_deg(_OBLIQUITY_DEG)
    equatorial = (x, y * tilt_cosine, y * tilt_sine)
    first, second, third = (math.fsum(a * b for a, b in zip(row, equatorial, strict=True)) for row in _TO_GALACTIC)
    return first, second, third


def lab_speed_km_s(v0_km_s: float, days: float) -> float:
    """Return the speed of the Earth in the galaxy, whose rotation at the Sun has the speed v0 of the halo."""
    orbit = orbital_velocity_km_s(days)
    rotation = (0.0, v0_km_s, 0.0)
    total = [math.fsum(parts) for parts in zip(rotation, SUN_KM_S, orbit, strict=True)]
    return math.sqrt(math.fsum(each * each for each in total))


def mean_lab_speed_km_s(v0_km_s: float) -> float:
    """Return the speed of the Earth in the galaxy, averaged over a year."""
    number = 365
    days = (DAYS_PER_YEAR * (i + 0.5) / number for i in range(number))
    return math.fsum(lab_speed_km_s(v0_km_s, day) for day in days) / number


def _sincos_deg(angle_deg: float) -> tuple[float, float]:
    sine, cosine = sincos2pi(angle_deg / 360.0)
    return float(sine), float(cosine)
