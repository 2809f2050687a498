"""tridentgen: events and cross sections of neutrino tridents and CEvNS.

>>> import tridentgen as tg
>>> p = tg.Trident("numu", "mu-", "mu+", target="Ar40", regime="coherent")
>>> p.threshold_GeV()  # doctest: +ELLIPSIS
0.211...
>>> c = tg.Cevns("Ar40")
>>> float(c.dsigma_dT(0.030, 20e-6))  # cm^2/GeV for 30 MeV and 20 keV  # doctest: +ELLIPSIS
3.5...e-35
"""

from tridentgen._version import __version__
from tridentgen.analysis.cut_results import CutFlow
from tridentgen.analysis.epa_comparison import EpaRatio
from tridentgen.analysis.verify import Check, verify
from tridentgen.api import bench, cut, epa, plot, rate
from tridentgen.cards import Card, CardError, read_card
from tridentgen.detector import Detector
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events, read
from tridentgen.events.merge import merge
from tridentgen.exchange.convert import convert
from tridentgen.exchange.export.convert import Conversion
from tridentgen.flux import (
    Component,
    Monochromatic,
    MuonDecay,
    PowerLaw,
    Source,
    TabulatedFlux,
    atmospheric,
    diffuse_supernovae,
    reactor,
    read_flux,
    solar,
    stopped_pions,
    supernova,
)
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import nuclide
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.terms import (
    ContactNgi,
    DipolePortal,
    FlavourMatrix,
    LightScalar,
    LightTensor,
    LightVector,
    Nsi,
    PerFlavour,
    VectorCharges,
)
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.trident import Trident
from tridentgen.runs.run import Run, run
from tridentgen.sampling.integrate import CrossSection

__all__ = [
    "Card",
    "CardError",
    "Cevns",
    "CevnsModel",
    "Check",
    "Component",
    "ContactNgi",
    "Conversion",
    "CrossSection",
    "CutFlow",
    "Detector",
    "DipolePortal",
    "EpaRatio",
    "EpaTrident",
    "Events",
    "FileError",
    "FlavourMatrix",
    "InputError",
    "LightScalar",
    "LightTensor",
    "LightVector",
    "Monochromatic",
    "MuonDecay",
    "Nsi",
    "PerFlavour",
    "PhotonNeutrino",
    "PowerLaw",
    "Run",
    "Source",
    "TabulatedFlux",
    "Trident",
    "TridentgenError",
    "VectorCharges",
    "ZPrime",
    "__version__",
    "atmospheric",
    "bench",
    "convert",
    "cut",
    "diffuse_supernovae",
    "epa",
    "material",
    "merge",
    "nuclide",
    "plot",
    "rate",
    "reactor",
    "read",
    "read_card",
    "read_flux",
    "run",
    "solar",
    "stopped_pions",
    "supernova",
    "verify",
]


def __dir__() -> list[str]:
    """Return the public names alone."""
    return sorted(__all__)
