"""The command line: `tridentgen COMMAND`, as listed in `_COMMANDS`."""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from tridentgen._version import __version__
from tridentgen.cards import CardError
from tridentgen.commands import (
    bench,
    candle,
    cards,
    convert,
    cut,
    epa,
    figure,
    fit,
    floor,
    flux,
    generate,
    info,
    merge,
    plot,
    rate,
    verify,
    xsec,
)
from tridentgen.commands.common import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, complain
from tridentgen.commands.progress_bar import Clock
from tridentgen.commands.streams import broken, discard, open_missing_streams
from tridentgen.errors import InputError, TridentgenError, one_line
from tridentgen.interrupts import Stopped

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_NO_THREAD = "can't start new thread"
_UNFINISHED = "what was written can be gone on with by --resume"

_COMMANDS = (
    generate,
    xsec,
    epa,
    rate,
    cut,
    candle,
    fit,
    floor,
    info,
    plot,
    figure,
    flux,
    convert,
    merge,
    verify,
    bench,
    cards,
)


def main(arguments: Sequence[str] | None = None, clock: Clock = time.monotonic) -> int:
    """Run the command line and return its exit code: 0, 2 for errors, 130 if interrupted, 143 if terminated.

    `clock` times the progress lines of a log.
    """
    open_missing_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):  # titles and paths may hold characters that the terminal lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments, argparse.Namespace(clock=clock))
        command: Callable[[argparse.Namespace], int] = options.command
        code = command(options)
        sys.stdout.flush()
    except CardError as error:  # one line for each mistake, in the format of editors
        complain(str(error))
        return EXIT_ERROR
    except TridentgenError as error:
        complain(f"tridentgen: {one_line(str(error))}")
        return EXIT_ERROR
    except Stopped as stopped:
        complain(f"tridentgen: {stopped}")
        return stopped.exit_code
    except KeyboardInterrupt:
        complain("tridentgen: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader has left, as in `tridentgen cards | head -1`
        discard(sys.stdout)
        return EXIT_OK
    except OSError as error:
        reason = broken(sys.stdout)
        if reason is not None:
            discard(sys.stdout)
            complain(f"tridentgen: cannot write to standard output: {reason.strerror}; files are complete")
        else:
            complain(f"tridentgen: the system refuses: {one_line(str(error))}; {_UNFINISHED}")
        return EXIT_ERROR
    except MemoryError:
        complain(f"tridentgen: there is not enough memory; use fewer --threads, or another machine; {_UNFINISHED}")
        return EXIT_ERROR
    except RuntimeError as error:
        if _NO_THREAD not in str(error):
            raise
        complain(f"tridentgen: the system starts no more threads; use --threads 1; {_UNFINISHED}")
        return EXIT_ERROR
    return code


class _Parser(argparse.ArgumentParser):
    """A parser that reports errors like the rest of the program: one line, exit code 2."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Print, and let a device that is full be an error: argparse does not say so."""
        if message:
            stream = file or sys.stderr
            stream.write(message)
            sys.stdout.flush()

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tridentgen",
        description="Events and cross sections of tridents, CEvNS, nu-e scattering, inverse beta decay and WIMPs.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tridentgen {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser
