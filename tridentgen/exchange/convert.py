"""Conversion of event files to other formats and back, with the beams from the card of the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tridentgen.errors import InputError
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.beams import beams_of
from tridentgen.exchange.export.convert import Conversion, export_events
from tridentgen.exchange.importing.formats import is_foreign, read_foreign
from tridentgen.progress import Progress


def convert(
    source: str | Path, target: str | Path, *, flavour: str | None = None, recoil: str = "final",
    unweight: bool = False, seed: int = 1, force: bool = False, progress: Progress | None = None,
    weight: str | None = None, tell: Callable[[str], None] | None = None,
) -> Conversion | None:  # fmt: skip
    """Write an event file in the format given by the ending of `target`; see `tridentgen.exchange.export.convert`.

    With a `target` that ends with ``.h5``, read HepMC or HEPEVT of another generator into an event file instead, and
    return None. Of several weights of HepMC that named CV is taken, or the one named `weight`; `tell` is called with
    what is to be said of such a file, which its attribute ``notes`` also has.
    """
    source, target = Path(source), Path(target)
    if is_foreign(source):
        if target.suffix != ".h5":
            raise InputError(f"'{source}' can be converted to an event file only; give a name that ends with .h5")
        events = read_foreign(source, weight)
        events.to_hdf5(target, force=force)
        if tell is not None:
            for note in str(events.attributes.get("notes", "")).splitlines():
                tell(note)
        return None
    if weight is not None:
        raise InputError(f"--weight goes with HepMC, not with '{source}'; leave it out")
    with open_events(source) as file:
        attributes = dict(file.attributes)
    beams = beams_of(attributes)
    return export_events(
        source, target, flavour=flavour, recoil=recoil, unweight=unweight, seed=seed, beams=beams, force=force,
        progress=progress,
    )  # fmt: skip
