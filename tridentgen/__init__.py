"""tridentgen: events and cross sections of tridents, CEvNS, nu-e scattering, inverse beta decay and WIMPs.

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
from tridentgen.analysis.electron_counts import CandleSelection
from tridentgen.analysis.epa_comparison import EpaRatio
from tridentgen.analysis.expected_counts import ExpectedCounts, expected_counts
from tridentgen.analysis.fog.fog import Fog, FogMass, discovery_limit, neutrino_fog
from tridentgen.analysis.fog.limits import LimitPoint
from tridentgen.analysis.measurements import MEASUREMENTS, chi2, predict
from tridentgen.analysis.recoil_moments import RecoilMoments, recoil_nodes
from tridentgen.analysis.recoil_nodes import RecoilNodes
from tridentgen.analysis.recoil_spectra import recoil_rate
from tridentgen.analysis.standard_candle import Candle, CandleErrors
from tridentgen.analysis.verify import Check, verify
from tridentgen.api import bench, candle, cut, epa, fit, measurement, plot, rate
from tridentgen.cards import Card, CardError, read_card
from tridentgen.detector import (
    Constant,
    ConstantEfficiency,
    Detector,
    GammaResolution,
    GaussianResolution,
    Lindhard,
    Polynomial,
    SigmoidEfficiency,
    TableEfficiency,
    TableQuenching,
    TimeEfficiency,
    arrival_shares,
    fold,
    quenching,
    response_matrix,
)
from tridentgen.detector.beam_line import BeamLine
from tridentgen.detector.geometry import Box, Cylinder, Point, Sphere
from tridentgen.detector.placement import Placement, Volume
from tridentgen.detector.spill import BunchedSpill, UniformSpill
from tridentgen.engines import choose_engine
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.events import Events, read
from tridentgen.events.merge import merge
from tridentgen.exchange.convert import convert
from tridentgen.exchange.export.convert import Conversion
from tridentgen.exposure import expected_events, number_of_nuclei
from tridentgen.fits.fit import FitResult
from tridentgen.fits.measurement import Measurement
from tridentgen.flux import (
    Component,
    Halo,
    Monochromatic,
    MuonDecay,
    PowerLaw,
    SolarMixing,
    Source,
    TabulatedFlux,
    TabulatedProfile,
    TimeProfile,
    atmospheric,
    diffuse_supernovae,
    facility_flux,
    halo,
    reactor,
    read_flux,
    solar,
    stopped_pions,
    supernova,
)
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import nuclide
from tridentgen.physics.trident_couplings import Couplings, ZPrime
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.terms import ContactNgi, DipolePortal, LightScalar, LightTensor, Nsi
from tridentgen.processes.inverse_beta.inverse_beta import InverseBetaDecay
from tridentgen.processes.inverse_muon.inverse_muon import InverseMuonDecay
from tridentgen.processes.neutrino_electron.model import ElectronModel, ElectronNsi, ElectronScalar
from tridentgen.processes.neutrino_electron.neutrino_electron import NeutrinoElectron
from tridentgen.processes.terms import FlavourMatrix, LightVector, PerFlavour, VectorCharges
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.photon_neutrino import PhotonNeutrino
from tridentgen.processes.trident.trident import Trident
from tridentgen.processes.wimp.model import WimpModel
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.reports.measurements import measurement_text
from tridentgen.runs.run import Run, run
from tridentgen.sampling.integrate import CrossSection

__all__ = [
    "MEASUREMENTS",
    "BeamLine",
    "Box",
    "BunchedSpill",
    "Candle",
    "CandleErrors",
    "CandleSelection",
    "Card",
    "CardError",
    "Cevns",
    "CevnsModel",
    "Check",
    "Component",
    "Constant",
    "ConstantEfficiency",
    "ContactNgi",
    "Conversion",
    "Couplings",
    "CrossSection",
    "CutFlow",
    "Cylinder",
    "Detector",
    "DipolePortal",
    "ElectronModel",
    "ElectronNsi",
    "ElectronScalar",
    "EpaRatio",
    "EpaTrident",
    "Events",
    "ExpectedCounts",
    "FileError",
    "FitResult",
    "FlavourMatrix",
    "Fog",
    "FogMass",
    "GammaResolution",
    "GaussianResolution",
    "Halo",
    "InputError",
    "InverseBetaDecay",
    "InverseMuonDecay",
    "LightScalar",
    "LightTensor",
    "LightVector",
    "LimitPoint",
    "Lindhard",
    "Measurement",
    "Monochromatic",
    "MuonDecay",
    "NeutrinoElectron",
    "Nsi",
    "PerFlavour",
    "PhotonNeutrino",
    "Placement",
    "Point",
    "Polynomial",
    "PowerLaw",
    "RecoilMoments",
    "RecoilNodes",
    "Run",
    "SigmoidEfficiency",
    "SolarMixing",
    "Source",
    "Sphere",
    "TableEfficiency",
    "TableQuenching",
    "TabulatedFlux",
    "TabulatedProfile",
    "TimeEfficiency",
    "TimeProfile",
    "Trident",
    "TridentgenError",
    "UniformSpill",
    "VectorCharges",
    "Volume",
    "Wimp",
    "WimpModel",
    "ZPrime",
    "__version__",
    "arrival_shares",
    "atmospheric",
    "bench",
    "candle",
    "chi2",
    "choose_engine",
    "convert",
    "cut",
    "diffuse_supernovae",
    "discovery_limit",
    "epa",
    "expected_counts",
    "expected_events",
    "facility_flux",
    "fit",
    "fold",
    "halo",
    "material",
    "measurement",
    "measurement_text",
    "merge",
    "neutrino_fog",
    "nuclide",
    "number_of_nuclei",
    "plot",
    "predict",
    "quenching",
    "rate",
    "reactor",
    "read",
    "read_card",
    "read_flux",
    "recoil_nodes",
    "recoil_rate",
    "response_matrix",
    "run",
    "solar",
    "stopped_pions",
    "supernova",
    "verify",
]


def __dir__() -> list[str]:
    """Return the public names alone."""
    return sorted(__all__)
