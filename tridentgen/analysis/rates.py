"""Expected numbers of events: cross section x flux x exposure x target nuclei."""

from __future__ import annotations

from tridentgen.errors import InputError
from tridentgen.flux import Flux, Source
from tridentgen.materials import material

SECONDS_PER_YEAR = 31_557_600.0
"""A Julian year, 365.25 days."""

_PER_PROTON = ("cm^-2 POT^-1", "cm^-2 per muon decay")
_PER_SECOND, _PER_BURST = "cm^-2 s^-1", "cm^-2"


def expected_events(
    sigma_cm2: float, flux: Flux | Source, *, target: str, mass_t: float, pot: float | None = None,
    years: float | None = None,
) -> float:  # fmt: skip
    """Return the expected number of events.

    Parameters
    ----------
    sigma_cm2 : float
        Cross section per nucleus of the target in cm^2, averaged over the flux.
    flux : Flux or Source
        With a total per proton on target, per muon decay, per second or per burst.
    target : str
        The nuclide or material; its atomic masses turn tonnes into nuclei.
    mass_t : float
        Target mass in tonnes.
    pot : float
        Protons on target, or muon decays where the flux is per decay.
    years : float
        Years of 365.25 days, where the flux is per second.

    Raises
    ------
    InputError
        If the flux is only a shape, or the exposure does not go with it.
    """
    return sigma_cm2 * flux.total * _exposure(flux, pot, years) * number_of_nuclei(target, mass_t)


def number_of_nuclei(target: str, mass_t: float) -> float:
    """Return how many nuclei, of all kinds, a mass of the target in tonnes holds."""
    matter = material(target)
    return mass_t * sum(matter.number_per_tonne(nuclide) for nuclide, _ in matter.components)


def _exposure(flux: Flux | Source, pot: float | None, years: float | None) -> float:
    """Return what the flux is to be multiplied with."""
    units = flux.total_units
    if units in _PER_PROTON:
        if years is not None:
            raise InputError(
                f"exposure.years = {years:g} does not go with a flux per proton or per decay; give in exposure.pot "
                "those of all years, and leave exposure.years out"
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
        f"exposure needs a flux with its size, and this is only a shape ({flux.description}); give a flux file, "
        "flux.area for a histogram, or a source, or leave [exposure] out"
    )
