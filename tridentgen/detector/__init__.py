"""Detector response to nuclear recoils, for events and spectra: quenching, resolution, efficiency, thresholds."""

from __future__ import annotations

from tridentgen.detector.arrival import arrival_shares
from tridentgen.detector.efficiency import ConstantEfficiency, Efficiency, SigmoidEfficiency, TableEfficiency
from tridentgen.detector.folding import fold, response_matrix
from tridentgen.detector.quenching import (
    NAMED_QUENCHINGS,
    Constant,
    Lindhard,
    Polynomial,
    Quenching,
    TableQuenching,
    linear_factor,
    quenching,
)
from tridentgen.detector.resolution import GammaResolution, GaussianResolution, Resolution
from tridentgen.detector.response import Detector
from tridentgen.detector.time_efficiency import TimeEfficiency

__all__ = [
    "NAMED_QUENCHINGS",
    "Constant",
    "ConstantEfficiency",
    "Detector",
    "Efficiency",
    "GammaResolution",
    "GaussianResolution",
    "Lindhard",
    "Polynomial",
    "Quenching",
    "Resolution",
    "SigmoidEfficiency",
    "TableEfficiency",
    "TableQuenching",
    "TimeEfficiency",
    "arrival_shares",
    "fold",
    "linear_factor",
    "quenching",
    "response_matrix",
]
