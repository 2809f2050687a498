"""Formats and writers by the ending of the file name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tridentgen.errors import InputError
from tridentgen.exchange.export.hepevt import HepevtWriter
from tridentgen.exchange.export.lhe import LheWriter
from tridentgen.exchange.export.lheh5 import Lheh5Writer
from tridentgen.exchange.export.nuhepmc import NuHepmcWriter
from tridentgen.exchange.export.parquet import ParquetWriter
from tridentgen.exchange.export.rootracker import RootrackerWriter
from tridentgen.exchange.export.writer import Writer


@dataclass(frozen=True)
class Format:
    """A file format: its name, its writer, and whether it stores weights."""

    name: str
    writer: type[Writer]
    has_weights: bool = True


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        ".hepmc3": Format("NuHepMC", NuHepmcWriter),
        ".hepmc3.gz": Format("NuHepMC", NuHepmcWriter),
        ".hepevt": Format("HEPEVT", HepevtWriter, has_weights=False),
        ".rootracker.root": Format("gRooTracker", RootrackerWriter),
        ".lhe": Format("LHE", LheWriter),
        ".lheh5": Format("LHEH5", Lheh5Writer),
        ".parquet": Format("Parquet", ParquetWriter),
    }
)
"""Formats by ending."""


_NAMES_OF_OTHERS: Mapping[str, str] = MappingProxyType(
    {
        ".hepmc": "HepMC",
        ".hepmc3": "HepMC",
        ".hepevt": "HEPEVT",
        ".root": "ROOT",
        ".lhe": "LHE",
        ".lheh5": "LHEH5",
        ".parquet": "Parquet",
    }
)
"""Format that readers infer from the ending of a file name, also if ``.gz`` follows."""


def refuse_names_of_others(path: Path) -> None:
    """Raise `InputError` if the name of an event file has the ending of another format."""
    kind = _NAMES_OF_OTHERS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if kind is not None:
        article = "an" if kind.startswith("L") else "a"
        raise InputError(
            f"'{path}' is the name of {article} {kind} file, and this writes an event file in HDF5; give a name ending "
            "in .h5, and use 'tridentgen convert' afterwards"
        )


def format_of(path: Path) -> Format:
    """Return the format of a file by the ending of its name; raise `InputError` for an unknown one."""
    for ending in sorted(FORMATS, key=len, reverse=True):
        if path.name.endswith(ending) and path.name != ending:
            return FORMATS[ending]
    raise InputError(f"'{path}' has no known ending; use one of {', '.join(FORMATS)}")
