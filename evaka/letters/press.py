"""A press: letters are set by processes of their own, so that every core of the machine has a part of them.

Each process runs `main` and nothing else.  It reads sets of letters from its standard input and answers
with their PDFs on its standard output, pickled; it ends when its input does, so that none outlives the program that
started it, however that ends.  What cannot be set comes back as a Fault, and the other letters of the set with it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import IO

from evaka import city
from evaka.letters import pdf
from evaka.letters.letter import Letter

RUN = "import sys; from evaka.letters.press import main; main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)"


@dataclass(frozen=True)
class Fault:
    """Why a letter could not be set: the name of the exception, nothing of the letter."""

    why: str


Paper = bytes | Fault


def cores() -> int:
    """How many processes the machine, or who runs it, allows us."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_letters(letters: Sequence[Letter]) -> list[Paper]:
    """The letters as PDFs, here and now."""
    return [_paper(letter) for letter in letters]


def _paper(letter: Letter) -> Paper:
    try:
        return pdf(letter)
    except Exception as no:  # one letter's trouble must not stop the others
        return Fault(type(no).__name__)


def serve(given: IO[bytes], answers: IO[bytes]) -> None:
    """Set what comes until nothing comes any more."""
    while True:
        try:
            letters = pickle.load(given)
        except EOFError:
            return
        pickle.dump(set_letters(letters), answers)
        answers.flush()


class Press:
    """Processes that set letters; with none, whoever asks sets them.  Used as `with Press(2) as press: …`."""

    def __init__(self, processes: int) -> None:
        self.threads = ThreadPoolExecutor(processes) if processes else None  # each waits for one process
        self.idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for _ in range(processes):
            self.idle.put(_started())

    def __enter__(self) -> Press:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, no: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.threads is not None:
            self.threads.shutdown(cancel_futures=True)
        while not self.idle.empty():
            _ended(self.idle.get())

    def submit(self, letters: Sequence[Letter]) -> Future[list[Paper]]:
        """A promise of their PDFs, in the same order."""
        if self.threads is not None:
            return self.threads.submit(self._by_process, letters)
        done: Future[list[Paper]] = Future()
        done.set_result(set_letters(letters))
        return done

    def _by_process(self, letters: Sequence[Letter]) -> list[Paper]:
        process = self.idle.get()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            pickle.dump(letters, process.stdin)
            process.stdin.flush()
            papers: list[Paper] = pickle.load(process.stdout)
        except (EOFError, OSError):  # it has died: another takes its place, and we set these
            _ended(process)
            process = _started()
            papers = set_letters(letters)
        self.idle.put(process)
        return papers


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, city.chosen()], cwd=city.CONFIG.parent,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def _ended(process: subprocess.Popen[bytes]) -> None:
    for end in (process.stdin, process.stdout):
        assert end is not None
        try:
            end.close()
        except OSError:  # what was still to be written has no reader
            continue
    process.wait()


def main(name: str, given: IO[bytes], answers: IO[bytes]) -> None:
    city.choose(name)
    serve(given, answers)
