"""Expected numbers of events: cross section x flux x exposure x target nuclei."""

from __future__ import annotations

from tridentgen.errors import InputError
from tridentgen.flux import Flux
from tridentgen.materials import material

_PER_POT = "cm^-2 POT^-1"
_PER_DECAY = "cm^-2 per muon decay"


def expected_events(sigma_cm2: float, flux: Flux, *, target: str, mass_t: float, protons: float) -> float:
    """Return the expected number of events.

    Parameters
    ----------
    sigma_cm2 : float
        Cross section per nuclide in cm^2, averaged over the flux.
    flux : Flux
        With a total in cm^-2 per proton on target or per muon decay.
    target : str
        The nuclide; its atomic mass turns tonnes into nuclei.
    mass_t : float
        Target mass in tonnes.
    protons : float
        Protons on target, or muon decays where the flux is per decay.

    Raises
    ------
    InputError
        If the flux is only a shape.
    """
    if flux.total_units not in (_PER_POT, _PER_DECAY):
        raise InputError(
            f"exposure needs a flux with its size, and this is only a shape ({flux.description}); give a flux file, "
            "flux.area for a histogram, or a muon decay, or leave [exposure] out"
        )
    matter = material(target)
    nuclide = matter.components[0][0]
    return sigma_cm2 * flux.total * protons * mass_t * matter.number_per_tonne(nuclide)
