"""Expected numbers of events: cross section x flux x exposure x target nuclei."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tridentgen.errors import InputError
from tridentgen.flux import Beam
from tridentgen.matter.materials import material

SECONDS_PER_YEAR = 31_557_600.0
"""A Julian year, 365.25 days."""

DAY_YEARS, KG_T = 1.0 / 365.25, 1e-3
"""A day in years, and a kilogram in tonnes."""

_PER_PROTON = ("cm^-2 POT^-1", "cm^-2 per muon decay")
_PER_SECOND, _PER_BURST = "cm^-2 s^-1", "cm^-2"
_UNIT_POT = 1e20

AMOUNTS: Mapping[str, str] = MappingProxyType({
    "cm^-2 POT^-1": "pot",
    "cm^-2 per muon decay": "muon_decays",
    "cm^-2 s^-1": "livetime_s",
    "cm^-2": "bursts",
})  # fmt: skip
"""What multiplies a flux in these units, as in the attributes of an event file, such as ``exposure_pot``."""


@dataclass(frozen=True)
class Exposure:
    """Exposure: target mass in tonnes with protons on target, muon decays or years; only the mass for a burst."""

    mass_t: float
    pot: float | None = None
    years: float | None = None

    def times(self, flux: Beam) -> float:
        """Return the factor that multiplies the flux; raise `InputError` if the exposure does not fit the flux."""
        return _exposure(flux, self.pot, self.years)

    def attributes(self, flux: Beam) -> dict[str, float]:
        """Return the exposure as root attributes of an event file; errors as of `times`."""
        amount = self.times(flux)
        return {"exposure_mass_t": self.mass_t, f"exposure_{AMOUNTS[flux.total_units]}": amount}

    def in_words(self, flux: Beam, matter: str = "") -> str:
        """Return the exposure in words, such as ``1 kg, 1 day``, or ``1 kg of Xe, 1 day`` if `matter` is given."""
        mass = f"{self.mass_t / KG_T:g} kg" if self.mass_t < 1.0 else f"{self.mass_t:g} t"
        mass += f" of {matter}" if matter else ""
        if self.years is not None:
            return (
                f"{mass}, 1 day"
                if self.years == DAY_YEARS
                else f"{mass}, {self.years:g} year" + "s" * (self.years != 1)
            )
        if self.pot is None:
            return f"{mass}, one burst"
        counted = "protons on target" if flux.total_units == _PER_PROTON[0] else "muon decays"
        return f"{mass}, {self.pot:g} {counted}"


def unit_exposure(flux: Beam, mass_t: float = 1.0, years: float = 1.0) -> Exposure:
    """Return the unit exposure for rates of a card without exposure.

    It is `mass_t` with 1e20 protons (or muon decays) or with `years`, and a tonne for a burst. Raise `InputError` for a
    flux known only in shape.
    """
    units = flux.total_units
    if units == _PER_BURST:
        return Exposure(1.0)
    if units == _PER_SECOND:
        return Exposure(mass_t, years=years)
    if units in _PER_PROTON:
        return Exposure(mass_t, pot=_UNIT_POT)
    raise InputError(
        f"a rate needs an absolute flux, and this is only a shape ({flux.description}); give a flux file, "
        "flux.area for a histogram, or a source; tridentgen xsec gives cross sections for a shape"
    )


def expected_events(
    sigma_cm2: float, flux: Beam, *, target: str, mass_t: float, pot: float | None = None,
    years: float | None = None, within: str | None = None,
) -> float:  # fmt: skip
    """Return the expected number of events.

    Parameters
    ----------
    sigma_cm2 : float
        Cross section per nucleus of the target in cm^2, averaged over the flux.
    flux : Flux or Source
        Absolute flux: its total is per proton on target, muon decay, second or burst. For a process that takes only
        some neutrinos of a source, ``process.source(source)``.
    target : str
        The nuclide or material; its atomic masses convert tonnes into nuclei.
    mass_t : float
        Target mass in tonnes.
    pot : float
        Protons on target, or muon decays for a flux per decay.
    years : float
        Years of 365.25 days, for a flux per second.
    within : str
        Material of the mass, if the target is one of its nuclides.

    Raises
    ------
    InputError
        The flux is known only in shape, the exposure does not fit it, or the material lacks the target.
    """
    return sigma_cm2 * flux.total * _exposure(flux, pot, years) * number_of_nuclei(target, mass_t, within)


def number_of_nuclei(target: str, mass_t: float, within: str | None = None) -> float:
    """Return the number of nuclei of the target, of all its nuclides, in a mass in tonnes of it (or of `within`)."""
    pure = material("D" if target == "H2" else target)  # materials take H2 as two hydrogen atoms
    matter = pure if within is None else material(within)
    return mass_t * sum(matter.number_per_tonne(nuclide) for nuclide, _ in pure.components)


def _exposure(flux: Beam, pot: float | None, years: float | None) -> float:
    """Return the factor that multiplies the flux."""
    units = flux.total_units
    if units in _PER_PROTON:
        if years is not None:
            raise InputError(
                f"exposure.years = {years:g} does not go with a flux per proton or per decay; give the "
                "total of all years in exposure.pot, and leave exposure.years out"
            )
        if pot is None:
            raise InputError("exposure needs both mass_t and pot for a flux per proton or decay; give both")
        return pot
    if units == _PER_SECOND:
        if pot is not None:
            raise InputError(f"exposure.pot = {pot:g} does not go with a flux per second; give exposure.years instead")
        if years is None:
            raise InputError("exposure needs both mass_t and years for a flux per second; give both")
        return years * SECONDS_PER_YEAR
    if units == _PER_BURST:
        for name, value in (("pot", pot), ("years", years)):
            if value is not None:
                raise InputError(f"exposure.{name} = {value:g} does not go with a flux per burst; leave it out")
        return 1.0
    raise InputError(
        f"exposure needs an absolute flux, and this is only a shape ({flux.description}); give a flux file, "
        "flux.area for a histogram, or a source, or leave [exposure] out"
    )
