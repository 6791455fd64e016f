"""A process of its own for what strangers wrote: SQL and world files, within bounds of memory and time.

DuckDB has a limit of its own, but text that a function makes, such as ``repeat('x', 3000000000)``, is not counted
there, and a function that runs hears no interrupt. The system can bound a process, and end it.
"""

from __future__ import annotations

import atexit
import os
import pickle
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

_HEAD = struct.Struct(">BQ")
_CALL, _ITEM, _ASK, _END = range(4)
GRACE = 5.0
"""Seconds after its time that a process gets to stop by itself, before it is ended."""
_WATCH = 0.5
"""Seconds between looks at whether the parent is still there."""
SPARE = 256 << 20
"""Bytes in addition to the memory asked for: what DuckDB and Python need for themselves."""
_START = "import sys; sys.path[:] = {path!r}; from toolgym.database.bounded import serve; serve({parent})"


class StoppedError(Exception):
    """The process ended before it had answered."""


class BoundedProcess:
    """Runs functions in a process of its own, one call at a time; the process starts with the first call.

    A function is a generator. What it keeps in its module is there for the next call, until the process is ended. One
    of these lives as long as the program.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes] | None] = []
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=self._forked)
        atexit.register(self.end)

    @property
    def id(self) -> int | None:
        """The process's id; another one means that nothing is kept of earlier calls. None if none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def call(
        self,
        function: str,
        *arguments: Any,
        seconds: float,
        memory: int,
        take: Callable[[Any], None],
        answer: Callable[[Any], Any] | None = None,
        kept: bool = False,
    ) -> None:
        """Run a generator function.

        Args:
            function: ``"module:name"``.
            arguments: What it is given.
            seconds: After that long, and :data:`GRACE`, the process is ended.
            memory: How many bytes the process may use in addition to what is kept, where the system can see to it.
            take: Is given what it yields, in order.
            answer: Answers what it asks; see :func:`ask`.
            kept: Whether what the function makes stays for later calls, and is no part of their memory.

        Raises:
            StoppedError: If the process was ended, or ended by itself.
            Exception: What the function raised.
        """
        whole = pickle.dumps((function, arguments, memory, kept, _folder()))
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            process = self._process
            assert process is not None
            assert process.stdin is not None
            assert process.stdout is not None
            late = threading.Event()

            def stop() -> None:
                late.set()
                process.kill()

            clock = threading.Timer(seconds + GRACE, stop)
            clock.daemon = True
            clock.start()
            done = False
            try:
                _send(process.stdin, _CALL, whole)
                while True:
                    kind, content = _receive(process.stdout)
                    if kind == _ITEM:
                        take(pickle.loads(content))
                    elif kind == _ASK:
                        assert answer is not None
                        _send(process.stdin, _ITEM, pickle.dumps(answer(pickle.loads(content))))
                    else:
                        failed, worn = pickle.loads(content)
                        done = not worn
                        break
            except (EOFError, BrokenPipeError) as error:
                why = f"it took more than {seconds:g} s" if late.is_set() else "it needs more memory than it may use"
                raise StoppedError(why) from error
            finally:
                clock.cancel()
                if not done:  # broken off, by an interrupt or by who takes: what still comes is nobody's; or worn out
                    self.end()
        if failed is not None:
            raise failed

    def end(self) -> None:
        """End the process; the next call starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # of what was to be sent and is not read any more
                        pipe.close()

    def _forked(self) -> None:
        """In a process that was forked from this one: the process is not its own, and another thread had the lock."""
        self._others.append(self._process)  # kept: what is forgotten while it runs is warned of
        self._process, self._lock = None, threading.Lock()

    def _start(self) -> None:
        self.end()
        # A session of its own: an interrupt from the keyboard is for the program, which then ends this one.
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=sys.path, parent=os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def ask(question: Any) -> Any:
    """Ask the caller a question, from a function that runs in the process."""
    _send(_OUT, _ASK, pickle.dumps(question))
    return pickle.loads(_receive(_IN)[1])


_IN: IO[bytes]
_OUT: IO[bytes]


def serve(parent: int) -> None:
    """Be the process: run what is asked for, until nobody can ask any more.

    Args:
        parent: The id of the process that asks; this one ends with it, also while it runs a function.
    """
    global _IN, _OUT
    watched = threading.Event()
    threading.Thread(target=_end_with, args=(parent, watched), daemon=True).start()
    watched.wait()  # the memory of a thread is this process's own
    _IN = os.fdopen(os.dup(0), "rb")
    _OUT = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # whatever prints does not speak to the caller
    sys.modules["pytz"] = import_module("toolgym.database.zones")  # DuckDB asks it for time zones, and it may be absent
    base = _used()
    while True:
        try:
            _, content = _receive(_IN)
        except EOFError:
            return
        before, failed = _used(), b"N."
        memory, kept = 0, False
        try:
            function, arguments, memory, kept, folder = pickle.loads(content)
            if folder is not None:  # paths may be relative
                os.chdir(folder)
            module, _, name = function.partition(":")
            run: Callable[..., Iterator[Any]] = getattr(import_module(module), name)
            _limit(base + memory + SPARE)
            for item in run(*arguments):
                _send(_OUT, _ITEM, pickle.dumps(item))
        except BrokenPipeError:
            return
        except Exception as error:
            failed = _pickled(error)
        if kept:
            base += max(0, _used() - before)
        worn = not kept and _used() - base > memory // 4  # the allocator does not give everything back
        _send(_OUT, _END, pickle.dumps((pickle.loads(failed), worn)))


def _end_with(parent: int, watched: threading.Event) -> None:
    """End this process once its parent is gone: on POSIX it is another's child then."""
    while os.getppid() == parent:
        watched.set()
        time.sleep(_WATCH)
    os._exit(0)


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return None


def _pickled(error: Exception) -> bytes:
    try:
        content = pickle.dumps(error)
        pickle.loads(content)
    except Exception:  # an exception of its own kind that cannot travel: its text can
        content = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return content


def _used() -> int:
    """Bytes of address space that this process has; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _limit(total: int) -> None:
    """Limit the address space of this process."""
    if sys.platform != "linux":  # DuckDB's own limit alone
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (total if hard < 0 else min(total, hard), hard))


def _send(file: IO[bytes], kind: int, content: bytes) -> None:
    data = memoryview(_HEAD.pack(kind, len(content)) + content)
    while data:
        data = data[file.write(data) :]
    file.flush()


def _receive(file: IO[bytes]) -> tuple[int, bytes]:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError
    kind, size = _HEAD.unpack(head)
    content = file.read(size)
    if len(content) < size:
        raise EOFError
    return kind, content
