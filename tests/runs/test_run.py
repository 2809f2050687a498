from __future__ import annotations

import math
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tridentgen
from tests.run_cards import assert_same, columns_of, write_card
from tridentgen.analysis.summary import summary
from tridentgen.cards import CardError, read_card
from tridentgen.errors import FileError, InputError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.processes.trident.trident import Trident
from tridentgen.runs import production
from tridentgen.runs.run import Run, run

run_module = sys.modules["tridentgen.runs.run"]  # the package's own `run` is the function

ARGON_NUCLEUS_GEV = 37.2155  # 39.9623831 u less 18 electrons
ARGON_ATOM_G_PER_MOL = 39.9623831
AVOGADRO = 6.02214076e23
COUNT = 4000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run of the card as it is."""
    folder = tmp_path_factory.mktemp("whole")
    return run(write_card(folder), folder / "events.h5")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return write_card(tmp_path)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """A Ctrl-C raises KeyboardInterrupt, also where whoever started the tests ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupting(when: str, after: int = 1) -> Callable[[str, float], None]:
    """Return a progress function that is a Ctrl-C at the `after`-th report of something."""
    seen = []

    def progress(what: str, _share: float) -> None:
        seen.append(what)
        if sum(word.startswith(when) for word in seen) == after:
            raise KeyboardInterrupt

    return progress


def attributes_of(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        return dict(file.attrs)


def test_the_file_has_every_promised_attribute(whole: Run, tmp_path: Path) -> None:
    found, weight = attributes_of(whole.path), columns_of(whole.path)["weight"]
    text = write_card(tmp_path).read_text(encoding="utf-8")
    exact = {
        "format": "tridentgen-events",
        "format_version": 1,
        "generator": "tridentgen",
        "version": tridentgen.__version__,
        "seed": 3,
        "engine": "numpy",
        "card": text,
        "title": "Dimuons",
        "sigma_units": "cm2",
        "weight_rule": "sum(weight) = flux-averaged cross section",
        "n_trials": COUNT,
        "n_requested": COUNT,
        "n_events": COUNT,
        "complete": 1,
        "beam_pdg": 14,
        "target_pdg": 1000180400,
        "neutrino": "numu",
        "neutrino_out": "numu",
        "neutrino_out_pdg": 14,
        "target": "Ar40",
        "lepton_minus": "mu-",
        "lepton_plus": "mu+",
        "regimes": "coherent,diffractive",
    }
    assert {name: found[name] for name in exact} == exact
    sum_w, sum_w2 = math.fsum(weight), math.fsum(weight**2)
    assert found["sigma"] == pytest.approx(sum_w, rel=1e-13, abs=0.0)
    assert found["sum_w"] == pytest.approx(sum_w, rel=1e-13, abs=0.0)
    assert found["sum_w2"] == pytest.approx(sum_w2, rel=1e-13, abs=0.0)
    # The error of N times the mean of N weights: N sqrt(variance / N).
    assert found["sigma_error"] == pytest.approx(math.sqrt(COUNT) * np.std(weight, ddof=1), rel=1e-10, abs=0.0)
    assert found["target_mass_GeV"] == pytest.approx(ARGON_NUCLEUS_GEV, abs=1e-4)
    created = datetime.fromisoformat(found["created"])
    assert timedelta(0) <= datetime.now(UTC) - created < timedelta(hours=1)
    assert isinstance(found["device"], str)
    assert len(found["map_hash"]) == 64
    int(found["map_hash"], 16)


def test_the_run_says_what_is_in_the_file(whole: Run) -> None:
    found, weight = attributes_of(whole.path), columns_of(whole.path)["weight"]
    assert (whole.events, whole.trials, whole.complete, whole.engine) == (COUNT, COUNT, True, "numpy")
    assert (whole.sigma, whole.error) == (found["sigma"], found["sigma_error"])
    assert whole.effective_share == pytest.approx(np.sum(weight) ** 2 / (COUNT * np.sum(weight**2)), rel=1e-12)
    assert whole.expected_events is None
    with h5py.File(whole.path) as file:
        largest = file["sampling"].attrs["max_weight"]
    assert whole.unweighting_efficiency == pytest.approx(np.sum(weight) / largest, rel=1e-12)


def test_the_map_is_in_the_file(whole: Run) -> None:
    with h5py.File(whole.path) as file:
        sampling = file["sampling"]
        channels = sampling.attrs["channels"].split(",")
        assert len(channels) == 6
        for name in channels:
            grid = sampling[name]["map"][()]
            assert grid.shape[0] == 6
            np.testing.assert_array_equal(grid[:, [0, -1]], [[0.0, 1.0]] * 6)
            assert np.all(np.diff(grid, axis=1) > 0.0)
        assert np.sum(sampling["channel_share"][()]) == pytest.approx(1.0, abs=1e-12)


def test_the_card_in_the_file_makes_the_same_events(whole: Run, tmp_path: Path) -> None:
    card = tmp_path / "again.toml"
    card.write_text(attributes_of(whole.path)["card"], encoding="utf-8")
    assert_same(columns_of(run(card, tmp_path / "again.h5").path), columns_of(whole.path))


def test_overrides_are_in_the_card_of_the_file(card: Path, tmp_path: Path) -> None:
    first = run(card, tmp_path / "a.h5", overrides=["process.target=C12", "sampling.events=500"])
    assert (first.events, attributes_of(first.path)["target_pdg"]) == (500, 1000060120)
    again = tmp_path / "again.toml"
    again.write_text(attributes_of(first.path)["card"], encoding="utf-8")
    assert_same(columns_of(run(again, tmp_path / "b.h5").path), columns_of(first.path))


def test_overrides_do_not_go_with_a_card_object(card: Path) -> None:
    with pytest.raises(InputError, match="overrides go with a card's path or name"):
        run(read_card(card), overrides=["sampling.events=5"])


def test_threads_do_not_change_a_bit(whole: Run, card: Path, tmp_path: Path) -> None:
    for threads in (1, 2, 3):
        again = run(card, tmp_path / f"{threads}.h5", overrides=[f"sampling.threads={threads}"])
        assert_same(columns_of(again.path), columns_of(whole.path))
        assert attributes_of(again.path)["map_hash"] == attributes_of(whole.path)["map_hash"]


@pytest.mark.usefixtures("small_batches")
def test_batches_do_not_change_a_bit(whole: Run, card: Path, tmp_path: Path) -> None:
    longer = run(card, tmp_path / "a.h5", overrides=["sampling.events=9000"])
    shorter = columns_of(whole.path)
    for name, values in columns_of(longer.path).items():
        scale = COUNT / 9000 if name.startswith("weight") else 1
        np.testing.assert_allclose(values[:COUNT], shorter[name] * scale, rtol=1e-15, err_msg=name)


def test_another_seed_makes_other_events_of_the_same_cross_section(whole: Run, card: Path, tmp_path: Path) -> None:
    other = run(card, tmp_path / "a.h5", overrides=["sampling.seed=4"])
    assert not np.any(columns_of(other.path)["q2"] == columns_of(whole.path)["q2"])
    assert abs(other.sigma - whole.sigma) < 4.0 * math.hypot(other.error, whole.error)


def test_a_map_makes_the_events_of_its_own_run(whole: Run, card: Path, tmp_path: Path) -> None:
    def no_training(what: str, _share: float) -> None:
        assert what == "generating"

    again = run(card, tmp_path / "a.h5", map_file=whole.path, progress=no_training)
    assert_same(columns_of(again.path), columns_of(whole.path))
    assert attributes_of(again.path)["map_hash"] == attributes_of(whole.path)["map_hash"]
    assert again.unweighting_efficiency == whole.unweighting_efficiency


@pytest.mark.parametrize("override", ["process.target=C12", "flux.energy_GeV=6", "process.form_factor=helm"])
def test_a_map_of_another_process_is_refused(whole: Run, card: Path, tmp_path: Path, override: str) -> None:
    with pytest.raises(InputError, match="VEGAS map was trained for a different process or flux; leave --map out"):
        run(card, tmp_path / "a.h5", map_file=whole.path, overrides=[override])
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


CUTS = "[cuts]\nm2_ll_max_GeV2 = 0.2\ndelta_theta_max_deg = 10\nenergy_plus_min_GeV = 0.5\n"


def test_cuts_are_those_made_by_hand(whole: Run, tmp_path: Path) -> None:
    cut = run(write_card(tmp_path, ("[output]", CUTS + "[output]")), tmp_path / "a.h5")
    uncut = columns_of(whole.path)
    kept = (
        (uncut["m2_ll"] <= 0.2)
        & (np.degrees(uncut["delta_theta"]) <= 10.0)
        & (uncut["p4_plus"][:, 0] >= 0.5)
    )  # fmt: skip
    passed = int(kept.sum())
    assert 100 < passed < COUNT - 100
    assert_same(columns_of(cut.path), {name: values[kept] for name, values in uncut.items()})
    found = attributes_of(cut.path)
    assert (cut.events, cut.trials, found["n_events"], found["n_trials"]) == (passed, COUNT, passed, COUNT)
    assert found["complete"] == 1
    # All trials count: those cut have weight zero.
    weight = np.where(kept, uncut["weight"], 0.0)
    assert cut.sigma == pytest.approx(np.sum(weight), rel=1e-13, abs=0.0)
    assert cut.error == pytest.approx(math.sqrt(COUNT) * np.std(weight, ddof=1), rel=1e-10, abs=0.0)
    assert cut.effective_share == pytest.approx(np.sum(weight) ** 2 / (COUNT * np.sum(weight**2)), rel=1e-12)
    assert summary(cut.path)["sum_weight_over_sigma"] == pytest.approx(1.0, rel=1e-13)


def test_a_file_without_events_is_valid(tmp_path: Path) -> None:
    none = run(write_card(tmp_path, ("[output]", "[cuts]\nq2_min_GeV2 = 1e6\n[output]")), tmp_path / "a.h5")
    assert (none.events, none.trials, none.sigma, none.error, none.complete) == (0, COUNT, 0.0, 0.0, True)
    found = summary(none.path)
    assert (found["events"], found["sum_weight"], found["effective_share"]) == (0, 0.0, 0.0)
    assert (found["unweighting_efficiency"], found["regimes"]) == (0.0, {})
    assert all(len(values) == 0 for values in columns_of(none.path).values())
    assert len(tridentgen.read(none.path)) == 0


@pytest.mark.usefixtures("small_batches")
def test_the_name_appears_when_the_file_is_complete(card: Path, tmp_path: Path) -> None:
    seen = []

    def progress(what: str, _share: float) -> None:
        seen.append((what, sorted(path.name for path in tmp_path.iterdir() if path.name != "card.toml")))

    run(card, tmp_path / "a.h5", overrides=["sampling.events=9000"], progress=progress)
    assert {tuple(files) for what, files in seen if what.startswith("training")} == {("a.h5.part",)}
    assert [files for what, files in seen if what == "generating"] == [["a.h5.part"]] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "card.toml"]


def test_an_existing_file_is_kept_without_force_and_until_the_end_with_it(card: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.h5"
    output.write_text("precious")
    with pytest.raises(FileError, match=r"a\.h5' already exists; choose another output or overwrite it with --force"):
        run(card, output)
    with pytest.raises(KeyboardInterrupt):
        run(card, output, force=True, progress=interrupting("training"))
    assert output.read_text() == "precious"
    assert run(card, output, force=True).events == COUNT
    assert len(columns_of(output)["weight"]) == COUNT


def test_outputs_that_cannot_be_written(card: Path, tmp_path: Path) -> None:
    for output, reason in (
        (card / "a.h5", "there is no directory"),
        (tmp_path / "nowhere/a.h5", "there is no directory"),
        (tmp_path, "is a directory"),
        (Path("/"), "is a directory"),
        (Path("/dev/null"), "is not an ordinary file"),
    ):
        with pytest.raises(FileError, match=reason):
            run(card, output, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


def test_the_working_directory_is_no_output(card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=r"'\.' is a directory; give the name of a file"):
        run(card, ".")


def test_the_output_of_the_card_is_in_the_working_directory(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert run(card, overrides=["sampling.events=10"]).path == Path("events.h5")
    assert (folder / "events.h5").exists()


@pytest.mark.usefixtures("small_batches")
def test_ctrl_c_leaves_a_file_that_sums_to_the_cross_section(card: Path, tmp_path: Path) -> None:
    long = ["sampling.events=30000"]
    unbroken = run(card, tmp_path / "unbroken.h5", overrides=long)
    broken = run(card, tmp_path / "broken.h5", overrides=long, progress=interrupting("generating", 2))
    assert (broken.events, broken.trials, broken.complete) == (8192, 8192, False)
    found, first = columns_of(broken.path), {n: v[:8192] for n, v in columns_of(unbroken.path).items()}
    weights = ("weight", "weight_ll", "weight_rr", "weight_lr", "weight_t", "weight_l")
    assert_same(found, first, leave_out=weights)
    for name in weights:
        np.testing.assert_allclose(found[name], first[name] * (30000 / 8192), rtol=1e-14)
    attributes = attributes_of(broken.path)
    assert (attributes["complete"], attributes["n_trials"], attributes["n_requested"]) == (0, 8192, 30000)
    assert attributes["sigma"] == pytest.approx(np.sum(found["weight"]), rel=1e-13, abs=0.0)
    assert attributes["sum_w2"] == pytest.approx(np.sum(found["weight"] ** 2), rel=1e-12, abs=0.0)
    assert attributes["sigma_error"] == pytest.approx(
        math.sqrt(8192) * np.std(found["weight"], ddof=1), rel=1e-10, abs=0.0
    )
    # The two share events, which makes the difference smaller than its error if anything.
    assert abs(broken.sigma - unbroken.sigma) < 4.0 * math.hypot(broken.error, unbroken.error)
    assert broken.error == pytest.approx(unbroken.error * math.sqrt(30000 / 8192), rel=0.1, abs=0.0)
    assert not (tmp_path / "broken.h5.part").exists()


@pytest.mark.usefixtures("small_batches")
def test_ctrl_c_with_cuts_counts_the_trials(tmp_path: Path) -> None:
    card = write_card(tmp_path, ("[output]", CUTS + "[output]"), ("events = 4000", "events = 30_000"))
    unbroken = run(card, tmp_path / "unbroken.h5")
    broken = run(card, tmp_path / "broken.h5", progress=interrupting("generating", 3))
    assert broken.trials == 3 * 4096
    assert broken.events == np.sum(columns_of(unbroken.path)["event_id"] < 3 * 4096) < broken.trials
    assert broken.sigma == pytest.approx(np.sum(columns_of(broken.path)["weight"]), rel=1e-13, abs=0.0)
    assert abs(broken.sigma - unbroken.sigma) < 4.0 * math.hypot(broken.error, unbroken.error)


@pytest.mark.usefixtures("small_batches", "ctrl_c")
def test_a_second_ctrl_c_waits_until_the_file_is_right(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescale = EventWriter.rescale

    def impatient(writer: EventWriter, *arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        rescale(writer, *arguments)

    monkeypatch.setattr(EventWriter, "rescale", impatient)
    with pytest.raises(KeyboardInterrupt):
        run(card, tmp_path / "a.h5", overrides=["sampling.events=30000"], progress=interrupting("generating", 1))
    found = attributes_of(tmp_path / "a.h5")
    assert (found["complete"], found["n_trials"]) == (0, 4096)
    assert np.sum(columns_of(tmp_path / "a.h5")["weight"]) == pytest.approx(found["sigma"], rel=1e-13, abs=0.0)


def test_ctrl_c_before_the_first_event_leaves_nothing(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(card, tmp_path / "a.h5", progress=interrupting("training"))
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]

    def interrupted(*_arguments: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    for module, name in ((production, "event_batches"), (run_module, "proposal_groups")):  # the file is open by then
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(module, name, interrupted)
            run(card, tmp_path / "a.h5")
        assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


MUON_DECAY = (
    'kind = "monochromatic"\nenergy_GeV = 5.0',
    'kind = "muon-decay"\nmuon = "mu-"\nmuon_energy_GeV = 5\ndistance_m = 50',
)
ABSOLUTE = (
    'kind = "monochromatic"\nenergy_GeV = 5.0',
    'kind = "histogram"\nedges_GeV = [2, 5, 6]\nvalues = [1e-9, 2e-9]\narea = "cm2"',
)
EXPOSURE = ("[output]", "[exposure]\nmass_t = 50\npot = 1e21\n[output]")


def test_expected_events_are_flux_times_cross_section_times_nuclei(tmp_path: Path) -> None:
    found = run(write_card(tmp_path, ABSOLUTE, EXPOSURE), tmp_path / "a.h5")
    nuclei = 50 * 1e6 / ARGON_ATOM_G_PER_MOL * AVOGADRO
    per_cm2 = (3 * 1e-9 + 1 * 2e-9) * 1e21
    assert found.expected_events == pytest.approx(found.sigma * per_cm2 * nuclei, rel=1e-8)


def test_expected_events_of_muon_decays(tmp_path: Path) -> None:
    card = write_card(tmp_path, MUON_DECAY, EXPOSURE)
    found = run(card, tmp_path / "a.h5")
    # On the axis dN/dOmega = (1/4 pi) / w0^2 with w0 = gamma (1 - beta), unpolarised muons.
    gamma = 5 / 0.1056583755
    w0 = 1.0 / (gamma + math.sqrt(gamma**2 - 1.0))
    per_cm2 = 1e21 / (4 * math.pi * w0**2 * 5000.0**2)
    nuclei = 50 * 1e6 / ARGON_ATOM_G_PER_MOL * AVOGADRO
    assert found.expected_events == pytest.approx(found.sigma * per_cm2 * nuclei, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            [EXPOSURE],
            r":20: exposure needs an absolute flux, and this is only a shape \(single energy, 5 GeV\); give a flux "
            r"file, flux\.area for a histogram, or a source, or leave \[exposure\] out$",
        ),
        (
            [ABSOLUTE, ("[output]", "[exposure]\nmass_t = 50\npot = 1e21\nyears = 2\n[output]")],
            r":25: exposure\.years = 2 does not go with a flux per proton or per decay; give the total",
        ),
        (
            [ABSOLUTE, ("[output]", "[exposure]\nmass_t = 50\n[output]")],
            r":22: exposure needs both mass_t and pot for a flux per proton or decay; give both$",
        ),
    ],
)
def test_exposures_that_give_no_rate(tmp_path: Path, changes: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(CardError, match=message):
        run(write_card(tmp_path, *changes), tmp_path / "a.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


def test_a_flux_below_the_threshold_names_its_key(tmp_path: Path) -> None:
    card = write_card(tmp_path, ("= 5.0", "= 0.2"))
    with pytest.raises(CardError, match=r"card\.toml:12: flux\.energy_GeV: no flux above the threshold: .* 0\.211917 "):
        run(card, tmp_path / "a.h5")


def test_flux_files_are_reported_with_card_and_line(tmp_path: Path) -> None:
    flux = ('kind = "monochromatic"\nenergy_GeV = 5.0', 'kind = "file"\npath = "flux.dat"')
    card = write_card(tmp_path, flux)
    with pytest.raises(FileError, match=r"card\.toml:12: flux\.path: .*flux\.dat: no such flux file; put one there or"):
        run(card, tmp_path / "a.h5")
    for numbers, message in (
        ("1 0 1\n2 0 nan\n", r"flux\.dat:2: numu: flux nan is not a finite number"),
        ("1 0 1\n2 0 -1\n", r"flux\.dat:2: numu: flux -1 is negative"),
        ("2 0 1\n1 0 1\n", r"flux\.dat:2: energy 1 does not exceed the one before it, 2; sort the energies"),
        ("1 0 1\n2 0\n", r"flux\.dat:2: 2 columns, but line 1 has 3"),
        ("0.1 0 1e-9\n0.2 0 1e-9\n", r"no flux above the threshold: the process needs more than 0\.211917 GeV"),
    ):
        (tmp_path / "flux.dat").write_text(numbers)
        with pytest.raises((FileError, CardError), match=rf"card\.toml:12: flux\.path: .*{message}"):
            run(card, tmp_path / "a.h5")
    (tmp_path / "flux.dat").write_text("1 0 1\n2 0 1\n")
    with pytest.raises(CardError, match=r"^--set flux.area=km2: flux\.area = 'km2' is not known; use 'cm2' or 'm2'$"):
        run(card, tmp_path / "a.h5", overrides=["flux.area=km2"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.toml", "flux.dat"]


def test_the_model_of_the_card_is_that_of_the_process(tmp_path: Path) -> None:
    """With V = A = 1/2 the cross section is that of the left-handed part alone, c_L = 1 and c_R = 0."""
    left = run(
        write_card(tmp_path), tmp_path / "a.h5", overrides=["model.vector_coupling=0.5", "model.axial_coupling=0.5"]
    )
    found = columns_of(left.path)
    np.testing.assert_allclose(found["weight"], found["weight_ll"], rtol=1e-12)
    trident = read_card(
        write_card(tmp_path),
        ["model.zprime={mass_GeV=0.1, coupling=0.01, neutrino_charge=2, lepton_charge=-3}", "model.sin2_theta_w=0.25"],
    ).reaction
    assert isinstance(trident, Trident)
    assert trident.zprime is not None
    assert trident.zprime.product == pytest.approx(-6e-4, rel=1e-14)
    assert (trident.zprime.mass_GeV, trident.sin2_theta_w) == (0.1, 0.25)
