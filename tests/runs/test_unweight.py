"""Unweighted runs: as many events as asked for, with the shapes and the cross section of the weighted run."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.production_runs import attributes, content, need, production_card
from tests.run_cards import columns_of
from tests.runs.test_resume import broken_off
from tridentgen.analysis.verify import require_sound
from tridentgen.errors import FileError, InputError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.runs.run import Run, run

COUNT, WEIGHTED = 12_000, 60_000
OBSERVABLES = {
    "trident": ("e_nu", "m2_ll", "q2", "delta_theta", "theta_minus", "theta_plus", "recoil_energy"),
    "cevns": ("e_nu", "recoil_energy", "cos_theta", "observed_energy", "quenched_energy"),
}


@pytest.fixture(scope="module", params=["trident", "cevns"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Run, Run]:
    """Kind, unweighted and weighted run."""
    folder = tmp_path_factory.mktemp("runs")
    card = production_card(folder, request.param, events=COUNT)
    weighted = run(card, folder / "w.h5", overrides=[f"sampling.events={WEIGHTED}", "sampling.seed=99"])
    return request.param, run(card, folder / "u.h5", unweight=True), weighted


def p_value(sample: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the p-value of Kolmogorov and Smirnov for a sample and weighted values.

    The weighted values count as (sum w)^2 / sum w^2 of equal weight (Monahan, Numerical Methods of Statistics, 12.4).
    """
    order = np.argsort(values)
    points = np.concatenate([sample, values])
    shares = np.concatenate([[0.0], np.cumsum(weights[order]) / np.sum(weights)])
    ours = np.searchsorted(np.sort(sample), points, side="right") / len(sample)
    distance = np.max(np.abs(ours - shares[np.searchsorted(values[order], points, side="right")]))
    effective = np.sum(weights) ** 2 / np.sum(weights**2)
    return float(stats.kstwobign.sf(distance * np.sqrt(len(sample) * effective / (len(sample) + effective))))


def test_there_are_as_many_events_as_asked_for(runs: tuple[str, Run, Run]) -> None:
    _, unweighted, _ = runs
    found, columns = attributes(unweighted.path), columns_of(unweighted.path)
    assert unweighted.events == found["n_events"] == len(columns["weight"]) == COUNT
    assert found["n_trials"] == unweighted.trials == found["n_done"]
    assert columns["event_id"][-1] == unweighted.trials - 1  # the last trial is the one that filled the run
    assert COUNT / unweighted.trials == pytest.approx(unweighted.unweighting_efficiency, rel=0.1)
    assert found["unweighted"] == 1
    require_sound(unweighted.path)


def test_the_weights_are_equal_but_for_the_few_that_count_more(runs: tuple[str, Run, Run]) -> None:
    _, unweighted, _ = runs
    weight = columns_of(unweighted.path)["weight"]
    unit = np.min(weight)
    assert np.count_nonzero(weight > unit) == unweighted.overweight
    assert attributes(unweighted.path)["overweight_events"] == unweighted.overweight
    assert np.sum(weight[weight > unit]) < 0.01 * np.sum(weight)


def test_the_weights_sum_to_the_cross_section(runs: tuple[str, Run, Run]) -> None:
    _, unweighted, weighted = runs
    found = attributes(unweighted.path)
    assert np.sum(columns_of(unweighted.path)["weight"]) == pytest.approx(found["sigma"], rel=1e-12, abs=0.0)
    assert unweighted.error < 2e-3 * unweighted.sigma  # that of the integral, not of the counting
    assert abs(unweighted.sigma - weighted.sigma) < 4.0 * np.hypot(unweighted.error, weighted.error)


def test_the_parts_of_the_weights_keep_their_proportions(runs: tuple[str, Run, Run]) -> None:
    kind, unweighted, weighted = runs
    found, expected = columns_of(unweighted.path), columns_of(weighted.path)
    for name in [name for name in found if name.startswith("weight_")]:
        ours, theirs = np.sum(found[name]), np.sum(expected[name])
        error = np.hypot(np.sqrt(np.sum(found[name] ** 2)), np.sqrt(np.sum(expected[name] ** 2)))
        assert abs(ours - theirs) < 4.0 * error, name
    if kind == "trident":
        np.testing.assert_allclose(found["weight_t"] + found["weight_l"], found["weight"], rtol=1e-9)


def test_observables_have_the_shapes_of_the_weighted_run(runs: tuple[str, Run, Run]) -> None:
    kind, unweighted, weighted = runs
    found, expected = columns_of(unweighted.path), columns_of(weighted.path)
    tested = [name for name in OBSERVABLES[kind] if name in found]
    assert len(tested) >= 3
    for name in tested:
        line = 29.792e-3 if kind == "cevns" and name == "e_nu" else None  # a line has no continuous distribution
        rows, others = (np.abs(c[name] - line) > 1e-5 if line else slice(None) for c in (found, expected))
        assert p_value(found[name][rows], expected[name][others], expected["weight"][others]) > 1e-3, name


@pytest.mark.parametrize("kind", ["trident", "cevns"])
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_engines_threads_and_batches_do_not_change_a_bit(
    tmp_path: Path, kind: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(engine)
    card = production_card(tmp_path, kind, events=3000, cuts=True)
    expected = run(card, tmp_path / "expected.h5", unweight=True, overrides=["sampling.threads=1"])
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 8192)
    settings = [f"sampling.engine={engine}", "sampling.threads=2"]
    found = run(card, tmp_path / "found.h5", unweight=True, overrides=settings)
    assert content(found.path) == content(expected.path)
    assert (found.trials, found.sigma, found.error) == (expected.trials, expected.sigma, expected.error)


@pytest.mark.parametrize("kind", ["trident", "cevns"])
def test_an_unweighted_run_is_resumed(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tridentgen.runs.production.BATCH", 4096)
    card, output = production_card(tmp_path, kind, events=6000, cuts=True), tmp_path / "a.h5"
    expected = run(card, tmp_path / "expected.h5", unweight=True)
    for batches in (0, 2):
        broken_off(card, output, monkeypatch, batches, unweight=True, resume=True)
    found = run(card, output, unweight=True, resume=True)
    assert content(found.path) == content(expected.path)
    assert (found.trials, found.sigma, found.overweight) == (expected.trials, expected.sigma, expected.overweight)


def test_a_run_broken_off_while_its_weights_get_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    card, output = production_card(tmp_path, "trident", events=6000), tmp_path / "a.h5"
    expected = run(card, tmp_path / "expected.h5", unweight=True)
    commit = EventWriter.commit
    monkeypatch.setattr(EventWriter, "rescale", _in_small_blocks(EventWriter.rescale))
    for rows in (2000, 4000):

        def killed(writer: EventWriter, rows: int = rows) -> None:
            commit(writer)
            if writer._file.attrs.get("rescaled_rows", 0) >= rows:
                raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(EventWriter, "commit", killed)
            run(card, output, unweight=True, resume=True)
        with h5py.File(tmp_path / "a.h5.part") as file:
            assert file.attrs["rescaled_rows"] >= rows
    found = run(card, output, unweight=True, resume=True)
    assert content(found.path) == content(expected.path)
    assert found.sigma == pytest.approx(expected.sigma, rel=1e-14, abs=0.0)
    assert (found.error, found.overweight, found.complete) == (expected.error, expected.overweight, True)
    left = attributes(output).keys() ^ attributes(expected.path).keys()
    assert not left
    require_sound(output)


def _in_small_blocks(rescale: object) -> object:
    def small(writer: EventWriter, *arguments: object) -> None:
        writer._chunk_rows = 125  # 16 chunks are a block
        rescale(writer, *arguments)  # type: ignore[operator]

    return small


@pytest.mark.parametrize("kind", ["trident", "cevns"])
def test_cuts_count_the_events_that_pass(tmp_path: Path, kind: str) -> None:
    card = production_card(tmp_path, kind, events=4000, cuts=True)
    unweighted = run(card, tmp_path / "u.h5", unweight=True)
    weighted = run(card, tmp_path / "w.h5", overrides=["sampling.events=100_000", "sampling.seed=98"])
    found = columns_of(unweighted.path)
    assert len(found["weight"]) == 4000
    passes = found["p4_plus"][:, 0] >= 0.5 if kind == "trident" else found["recoil_energy"] >= 5e-6
    assert np.all(passes)
    assert np.sum(found["weight"]) == pytest.approx(unweighted.sigma, rel=1e-12, abs=0.0)
    assert abs(unweighted.sigma - weighted.sigma) < 4.0 * np.hypot(unweighted.error, weighted.error)
    require_sound(unweighted.path)


def test_what_does_not_go_together(tmp_path: Path) -> None:
    card = production_card(tmp_path, "cevns")
    with pytest.raises(InputError, match="--first needs weighted events"):
        run(card, tmp_path / "a.h5", first=5, count=10, unweight=True)
    run(card, tmp_path / "w.h5")
    with pytest.raises(FileError, match="already exists"):
        run(card, tmp_path / "w.h5", unweight=True)
