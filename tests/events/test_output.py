from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tridentgen.errors import FileError
from tridentgen.events.output import part_path, reason, uninterrupted, writing


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C interrupt, also where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_ctrl_c_waits_for_the_end_of_the_block() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            with uninterrupted():
                signal.raise_signal(signal.SIGINT)
            done.append("all of it")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_need_no_protection() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGINT)]


def test_any_failure_to_write_is_one_line() -> None:
    with (
        pytest.raises(FileError, match=r"^cannot write 'e.h5': No space left on device; free some space"),
        writing(Path("e.h5")),
    ):
        raise OSError(28, "No space left on device")
    long = (
        "write failed (file write failed:\n filename = 'x', errno = 5, error message = 'Input/output error', buf = 0)"
    )
    assert reason(RuntimeError(long)) == "Input/output error"
    assert reason(RuntimeError("two\nlines")) == "two lines"
    assert reason(RuntimeError()) == "RuntimeError"


def test_the_part_file_lies_beside_the_file() -> None:
    assert part_path(Path("a/b.h5")) == Path("a/b.h5.part")
