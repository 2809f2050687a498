"""tridentgen: events and cross sections of neutrino tridents.

>>> import tridentgen as tg
>>> p = tg.Trident("numu", "mu-", "mu+", target="Ar40", regime="coherent")
>>> p.threshold_GeV()  # doctest: +ELLIPSIS
0.211...
"""

from tridentgen._version import __version__
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events, read
from tridentgen.flux import Monochromatic, MuonDecay, PowerLaw, TabulatedFlux, read_flux
from tridentgen.materials import material
from tridentgen.nuclei import nuclide
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.trident import Trident
from tridentgen.run import Run, run

__all__ = [
    "Events",
    "FileError",
    "InputError",
    "Monochromatic",
    "MuonDecay",
    "PowerLaw",
    "Run",
    "TabulatedFlux",
    "Trident",
    "TridentgenError",
    "ZPrime",
    "__version__",
    "material",
    "nuclide",
    "read",
    "read_flux",
    "run",
]
