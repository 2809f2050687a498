"""Style and saving of all pictures."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tridentgen.errors import FileError, InputError, TridentgenError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FORMATS = MappingProxyType({"png": (b"\x89PNG",), "pdf": (b"%PDF",), "svg": (b"<svg", b"<?xml")})
"""Formats of pictures, and what stands at the beginning of such a file."""

_HEAD_BYTES = 5

Dashes = str | tuple[int, tuple[float, ...]]

# Colours of Okabe and Ito, distinguishable for colour-blind readers; dashes and markers for greyscale prints.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C510A")
DASHES: tuple[Dashes, ...] = (
    "-", "--", "-.", (0, (6, 1.5, 1.5, 1.5, 1.5, 1.5)), (0, (1, 1.2)), (0, (8, 2)), (0, (4, 2, 1, 2)),
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_SHORT = 300.0
"""Maximum ratio of the limits of an axis that leaves room for 2 and 5 between powers of ten."""


@contextmanager
def style() -> Iterator[None]:
    """Use the style of high-energy physics inside the ``with`` block, and restore matplotlib afterwards."""
    try:
        import matplotlib as mpl
        import mplhep
    except ImportError as error:
        raise TridentgenError(f'plots need {error.name}: pip install "tridentgen[plot]"') from error
    changes: dict[str, Any] = {
        # Only installed fonts: the first comes with mplhep, the second with matplotlib for missing glyphs.
        "font.sans-serif": ["TeX Gyre Heros", "DejaVu Sans"],
        "font.size": 22,
        "axes.formatter.use_mathtext": True,
    }
    with mpl.rc_context({**mplhep.style.ROOT, **changes}):  # type: ignore[dict-item]
        yield


def check_picture(path: Path) -> None:
    """Raise `InputError` for an unknown picture format, `TridentgenError` if drawing is not possible.

    Raise `FileError` if something else is in the place of the picture.
    """
    if path.suffix[1:] not in FORMATS:
        raise InputError(f"--output {path}: unknown picture format; end the name in .{', .'.join(FORMATS)}")
    _require_replaceable(path)
    with style():
        pass


def plain_ticks(axis: Axis) -> None:
    """Label a logarithmic axis at 0.5, 1, 2, 5 and so on, or only at 0.1, 1, 10 if it is long."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < _SHORT * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def shared_legend(figure: Figure, axes: Axes, columns: int = 4) -> None:
    """Place the legend of one panel below all panels, with at most `columns` columns."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), columns), fontsize=24)


def save(figure: Figure, path: Path) -> Path:
    """Write a picture and return its path; raise `FileError` if that fails or would destroy something else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _require_replaceable(path)
        picture = BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # characters of a title that the fonts lack
            figure.savefig(picture, format=path.suffix[1:], dpi=110)
        path.unlink(missing_ok=True)
        with path.open("xb") as file:  # nothing that was put there in the meantime
            file.write(picture.getbuffer())
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot write '{path}': {error.strerror or error}; choose another folder") from error
    return path


def _require_replaceable(path: Path) -> None:
    """Raise `FileError` for a link, a pipe, or a file that is no picture of this format: only pictures are replaced."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"'{path}' is a link, a folder or a pipe; remove it, or choose another name")
    with path.open("rb") as file:
        begins = file.read(_HEAD_BYTES)
    if begins and not begins.startswith(FORMATS[path.suffix[1:]]):
        raise FileError(f"'{path}' is not a picture of tridentgen; move it away, or choose another name")
