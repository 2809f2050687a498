"""Style and saving of all pictures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tridentgen.errors import FileError, InputError, TridentgenError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")

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
    """Raise `InputError` for an unknown picture format, `TridentgenError` if drawing is not possible."""
    if path.suffix[1:] not in FORMATS:
        raise InputError(f"--output {path}: unknown picture format; end the name in .{', .'.join(FORMATS)}")
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
    """Write a picture and return its path; raise `FileError` if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # characters of a title that the fonts lack
            figure.savefig(path, dpi=110)
    except OSError as error:
        raise FileError(f"cannot write '{path}': {error.strerror or error}; choose another folder") from error
    return path
