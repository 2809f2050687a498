from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.sampling.toys import Counted, Function, Peak, Toy, flat_proposal, three_peaks
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.uniforms import PURPOSE_EVENTS, stream_number
from tridentgen.engines.work import TILE
from tridentgen.errors import InputError
from tridentgen.events.weights import OVERWEIGHT_SHARE
from tridentgen.sampling.train import cell_strata, overweight_limit, train

ENGINE = NumpyEngine(threads=1)
POINTS = 300_000
EVENTS = stream_number(PURPOSE_EVENTS)


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return train(three_peaks(), ENGINE, 1, points=POINTS)


def effective_share(weights: np.ndarray) -> float:
    return float(weights.sum() ** 2 / (len(weights) * np.sum(weights**2)))


def test_training_follows_peaks_and_correlations(proposal: Proposal) -> None:
    """The map alone cannot do better than the product of marginals, cells can.

    A pair of correlation rho drawn from its marginals has the share 1 - rho^2: 0.64^2 = 0.41 and 0.75^2 = 0.56 here.
    """
    toy = three_peaks()
    _, uniform = ENGINE.weights(toy, flat_proposal(4, 3), 9, EVENTS, 200_000)
    _, weights = ENGINE.weights(toy, proposal, 9, EVENTS, 200_000)
    bare = dataclasses.replace(
        proposal, channels=tuple(ChannelProposal(c.grid, (1,) * 4, np.ones(1)) for c in proposal.channels)
    )
    _, without_cells = ENGINE.weights(toy, bare, 9, EVENTS, 200_000)
    assert effective_share(uniform) < 0.02
    assert effective_share(without_cells) < 0.5
    assert effective_share(without_cells) > 0.35
    assert effective_share(weights) > 0.80


def test_integral_after_training_is_the_known_one(proposal: Proposal) -> None:
    _, weights = ENGINE.weights(three_peaks(), proposal, 9, EVENTS, 400_000)
    error = weights.std() / math.sqrt(len(weights))
    assert error < 2e-3 * 4.0
    assert abs(weights.mean() - 4.0) < 4.0 * error


def test_channels_get_the_share_of_their_root_mean_square_weight(proposal: Proposal) -> None:
    """The variance of a mixture is least where the shares go as the rms weights within each channel's density."""
    channels, weights = ENGINE.weights(three_peaks(), proposal, 9, EVENTS, 400_000)
    rms = [math.sqrt(float(np.mean((weights[channels == c] * proposal.channel_share[c]) ** 2))) for c in (0, 2)]
    assert proposal.channel_share[0] / proposal.channel_share[2] == pytest.approx(rms[0] / rms[1], rel=0.02)
    assert 0.0 < proposal.channel_share[1] < 2e-6
    assert math.fsum(proposal.channel_share) == pytest.approx(1.0, abs=1e-12)


def test_max_weight_leaves_the_promised_share_above(proposal: Proposal) -> None:
    _, weights = ENGINE.weights(three_peaks(), proposal, 10, EVENTS, 1_000_000)
    above = weights[weights > proposal.max_weight].sum() / weights.sum()
    assert proposal.overweight_share == OVERWEIGHT_SHARE
    assert OVERWEIGHT_SHARE / 5.0 < above < 5.0 * OVERWEIGHT_SHARE


def test_training_depends_on_the_seed_alone(proposal: Proposal) -> None:
    toy = three_peaks()
    for engine in (
        NumpyEngine(threads=2),
        NumpyEngine(threads=3, tiles_per_block=1),
        NumpyEngine(1, tiles_per_block=7),
    ):
        again = train(toy, engine, 1, points=POINTS)
        assert again.digest == proposal.digest
        assert again.max_weight == proposal.max_weight
    assert train(toy, ENGINE, 2, points=POINTS).digest != proposal.digest
    assert proposal.signature == toy.signature


def test_training_does_not_depend_on_the_processor() -> None:
    """NumPy has functions of its own for processors with wider registers; with them off the bits are the same."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    if not found:
        pytest.skip("this processor has no optional features that NumPy uses")
    code = (
        "from tests.sampling.test_train import ENGINE, three_peaks, train; "
        "p = train(three_peaks(), ENGINE, 1, points=60_000); print(p.digest, p.max_weight.hex())"
    )
    environment = {
        **os.environ,
        "NPY_DISABLE_CPU_FEATURES": " ".join(found),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    plain = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    here = train(three_peaks(), ENGINE, 1, points=60_000)
    assert plain.stdout.split() == [here.digest, here.max_weight.hex()]


@pytest.mark.parametrize("points", [100_000, 1_000_000])
def test_training_keeps_to_its_budget(points: int) -> None:
    """Two thirds may go to the cells, a third to the map; whole tiles and the look at the mean come on top."""
    counted = Counted(Toy((Peak(1.0, (0.5,) * 4, 0.07, 0.5),)))
    train(counted, ENGINE, 1, points=points)  # type: ignore[arg-type]
    survey = min(1 << 19, points // 3)  # a short training is surveyed briefly too
    spent = sum(counted.points) - survey
    assert spent <= points + 12 * TILE + points // 30 + TILE
    assert spent >= 0.4 * points


def test_nothing_to_sample_is_an_error() -> None:
    empty = Toy((Peak(0.0, (0.5, 0.5), 0.07, 0.0),))
    with pytest.raises(InputError, match="vanishes"):
        train(empty, ENGINE, 1, points=20_000)


def test_a_constant_keeps_uniform_weights() -> None:
    constant = Function(lambda x: 3.0 + 0.0 * x[0], dimensions=3)
    trained = train(constant, ENGINE, 1, points=100_000)
    _, weights = ENGINE.weights(constant, trained, 1, EVENTS, 100_000)
    assert effective_share(weights) > 0.999
    assert abs(weights.mean() - 3.0) < 1e-2


def test_progress_rises_to_one_and_names_the_channels() -> None:
    seen: list[tuple[str, float]] = []
    train(three_peaks(), ENGINE, 1, points=20_000, progress=lambda what, share: seen.append((what, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {what for what, _ in seen} == {"training peak0", "training peak1", "training peak2"}


def test_cell_strata_fill_what_is_allowed() -> None:
    assert cell_strata(6, 16384) == (5,) * 6
    assert cell_strata(7, 16384) == (4,) * 7
    assert cell_strata(2, 16384) == (128, 128)
    assert cell_strata(4, 1) == (1,) * 4
    for dimensions in range(1, 8):
        for each in range(1, 9):
            assert cell_strata(dimensions, each**dimensions) == (each,) * dimensions
            if each > 1:
                assert cell_strata(dimensions, each**dimensions - 1) == (each - 1,) * dimensions


def test_overweight_limit_is_where_the_share_is_used_up() -> None:
    rng = np.random.default_rng(5)
    weights = rng.lognormal(size=5000)
    contributions = weights * rng.uniform(0.5, 2.0, 5000)
    for share in (0.0, 1e-4, 0.01, 0.5):
        limit = overweight_limit(weights, contributions, share)
        assert limit in weights
        total = contributions.sum()
        assert contributions[weights > limit].sum() <= share * total + 1e-12 * total
        assert contributions[weights >= limit].sum() >= share * total
    assert overweight_limit(weights, contributions, 0.0) == weights.max()
