"""The response as a matrix against folds of single spectra, and its units."""

from __future__ import annotations

import numpy as np
import pytest

from tests.detector.test_folding import CSI, EDGES, FACTORS, GAUSSIAN, GE, SIGMOID
from tridentgen.detector import (
    Constant,
    Detector,
    GammaResolution,
    TableEfficiency,
    fold,
    response_matrix,
)
from tridentgen.detector.folding import response_at_nodes
from tridentgen.errors import InputError

RECOIL = np.array([0.0, 1e-6, 2.5e-6, 7e-6, 12e-6, 30e-6])
DETECTORS = {
    "nothing": Detector((Constant(1.0),)),
    "gaussian": Detector((GE,), GAUSSIAN, SIGMOID, threshold_keVee=0.3),
    "gamma": Detector((CSI,), GammaResolution(9.56), SIGMOID, threshold_keVnr=3.0, quenched_min_keVee=0.2),
    "no resolution": Detector((FACTORS,), None, TableEfficiency(np.array([0.2, 2.0]), np.array([0.1, 0.9]))),
}


@pytest.mark.parametrize("edges", [EDGES, EDGES[1:]], ids=["from 0", "above 0"])
@pytest.mark.parametrize("name", DETECTORS)
def test_a_matrix_is_a_fold_of_every_spectrum(name: str, edges: np.ndarray) -> None:
    detector = DETECTORS[name]
    matrix = response_matrix(detector, RECOIL, edges)
    assert matrix.shape == (len(edges) - 1, len(RECOIL))
    for spectrum in np.random.default_rng(1).uniform(0.0, 1e6, (3, len(RECOIL))):
        expected = fold(detector, RECOIL, spectrum, edges)
        np.testing.assert_allclose(matrix @ spectrum, expected, rtol=1e-12, atol=1e-14 * np.sum(expected))
    assert np.all(matrix >= 0.0)


def test_nodes_serve_any_smooth_spectrum() -> None:
    """A spectrum that is curved between the given energies, against a fold in many straight pieces."""
    detector = DETECTORS["gamma"]
    nodes, matrix = response_at_nodes(detector, RECOIL, EDGES)
    fine = np.linspace(0.0, 30e-6, 4001)
    expected = fold(detector, fine, np.exp(-fine / 4e-6), EDGES)
    np.testing.assert_allclose(matrix @ np.exp(-nodes / 4e-6), expected, rtol=3e-6, atol=1e-6 * expected.sum())


def test_bins_of_photoelectrons() -> None:
    detector = Detector((CSI,), GammaResolution(9.56), light_yield=13.35)
    in_pe = response_matrix(detector, RECOIL, 13.35 * EDGES, unit="PE")
    np.testing.assert_allclose(in_pe, response_matrix(detector, RECOIL, EDGES), rtol=1e-9, atol=1e-20)


def test_mistakes() -> None:
    detector = DETECTORS["gamma"]
    with pytest.raises(InputError, match=r"^edges in PE need the light_yield of the detector"):
        response_matrix(detector, RECOIL, EDGES, unit="PE")
    with pytest.raises(InputError, match=r"^unknown unit 'pe' of observed energies; known are keVee, PE"):
        response_matrix(detector, RECOIL, EDGES, unit="pe")
    with pytest.raises(InputError, match=r"edges_keVee must start at 0 or above and increase"):
        response_matrix(detector, RECOIL, EDGES[::-1])
    for value in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"light_yield = .* must be a positive number of photoelectrons"):
            Detector((CSI,), light_yield=value)
