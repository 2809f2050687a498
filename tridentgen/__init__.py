"""tridentgen: events and cross sections of neutrino tridents and coherent neutrino-nucleus scattering.

>>> import tridentgen as tg
>>> p = tg.Trident("numu", "mu-", "mu+", target="Ar40", regime="coherent")
>>> p.threshold_GeV()  # doctest: +ELLIPSIS
0.211...
>>> c = tg.Cevns("Ar40")
>>> float(c.dsigma_dT(0.030, 20e-6))  # cm^2/GeV for 30 MeV and 20 keV  # doctest: +ELLIPSIS
3.5...e-35
"""

from tridentgen._version import __version__
from tridentgen.detector import Detector
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events, read
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

__all__ = [
    "Cevns",
    "CevnsModel",
    "Component",
    "ContactNgi",
    "Detector",
    "DipolePortal",
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
    "diffuse_supernovae",
    "material",
    "nuclide",
    "reactor",
    "read",
    "read_flux",
    "run",
    "solar",
    "stopped_pions",
    "supernova",
    "tridentgen as tg",
]
