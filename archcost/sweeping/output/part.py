"""One part: its file, renamed into place once it is whole, and the note of what is in it."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, Protocol

from archcost.errors import UsageError
from archcost.files import FileError, failed, read_named
from archcost.strict_json import json_text
from archcost.sweeping.output.plan import versions
from archcost.writing import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from archcost.sweeping.output.plan import PartPlan
    from archcost.sweeping.output.summary import Summary
    from archcost.sweeping.tables import DesignChunk

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MOST_BYTES = 1 << 24  # of a note


class UnwrittenError(UsageError):
    """A file of rows could not be written."""


class NoRoomError(UnwrittenError):
    """The disk is full, or what one may have of it."""


def unwritten(path: str, error: OSError | FileError) -> UnwrittenError:
    """What the system said of a file, as an error to raise."""
    reason = (failed(error) if isinstance(error, OSError) else error).reason
    is_full = isinstance(error, OSError) and error.errno in _FULL
    return (NoRoomError if is_full else UnwrittenError)(f"cannot write {path}: {reason}")


class Rows(Protocol):
    """A file that grows by chunks."""

    def add(self, chunk: DesignChunk) -> None:
        """Append the rows of a chunk."""

    def close(self) -> None:
        """Write what is left."""

    def give_up(self) -> None:
        """Write nothing more."""


class HashedFile:
    """A file that knows the SHA-256 of what was written to it, and its size."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        """Append."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Leave nothing in memory."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class PartMaker:
    """Makes parts of a plan in a folder; other processes get it by pickle.

    ``aside`` is the folder for files that are not whole yet, and ``notes`` that for what is in those that are.
    """

    plan: PartPlan
    rows: str
    aside: str
    notes: str
    written_with: Mapping[str, str]

    def make(self, part: int, tick: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
        """Write a part and its note, and return the note; a part that has one stays as it is.

        ``tick`` hears of designs that were gone through. Raises UnwrittenError, and leaves nothing behind then.
        """
        from archcost.sweeping.output.summary import Summary

        here = versions()
        if here != self.written_with:
            raise UsageError(
                f"a process has {_named(here)}, where the sweep has {_named(self.written_with)}",
                "install the same versions everywhere: others may write other bytes",
            )
        if note := self.note_of(part):
            tick(self.plan.designs_of(part))
            return note
        name = self.plan.file_of(part)
        summary = Summary(self.plan)
        size, digest = write_parquet(
            os.path.join(self.rows, name), self.plan, self._chunks(part, summary, tick), self.aside
        )
        note = {"file": name, **summary.to_dict(), "bytes": size, "sha256": digest}
        self._write_note(name, note)
        return note

    def note_of(self, part: int) -> dict[str, Any] | None:
        """The note of a part whose file is there in the size that it says."""
        name = self.plan.file_of(part)
        try:
            note: dict[str, Any] = json.loads(read_named(os.path.realpath(self._note(name)), _MOST_BYTES))
            there = os.stat(os.path.join(self.rows, name)).st_size
            return note if there == note["bytes"] else None
        except (OSError, FileError, ValueError, KeyError, TypeError):
            return None

    def forget(self, part: int) -> None:
        """Drop the note of a part, which is made again then."""
        with suppress(FileNotFoundError):
            os.unlink(self._note(self.plan.file_of(part)))

    def _note(self, name: str) -> str:
        return os.path.join(self.notes, f"{name}.json")

    def _write_note(self, name: str, note: dict[str, Any]) -> None:
        path = self._note(name)
        try:
            os.makedirs(self.notes, exist_ok=True)
            with whole_file(path, self.aside) as file:
                file.write(json_text(note).encode())
        except (FileError, OSError) as error:
            raise unwritten(path, error) from None

    def _chunks(self, part: int, summary: Summary, tick: Callable[[int], None]) -> Iterator[DesignChunk]:
        for number in self.plan.chunks_of(part):
            chunk = self.plan.source.chunk(number)
            summary.add(chunk)
            yield chunk
            tick(self.plan.designs_of_chunk(number))


def write_parquet(
    path: str, plan: PartPlan, chunks: Iterable[DesignChunk], aside: str | None = None
) -> tuple[int, str]:
    """Write chunks to a Parquet file, whole or not at all; its size and SHA-256. Raises UnwrittenError."""
    from archcost.sweeping.output.parquet import ParquetRows

    return write_rows(path, lambda file: ParquetRows(file, plan), chunks, aside)


def write_rows(
    path: str, start: Callable[[Any], Rows], chunks: Iterable[DesignChunk], aside: str | None = None
) -> tuple[int, str]:
    """Write chunks to a file, whole or not at all; its size and SHA-256. Raises UnwrittenError."""
    try:
        with whole_file(path, aside) as plain:
            file = HashedFile(plain)
            rows = start(file)
            try:
                for chunk in chunks:
                    rows.add(chunk)
                rows.close()
            except BaseException:
                rows.give_up()
                raise
    except (FileError, OSError) as error:
        raise unwritten(path, error) from None
    return file.size, file.sha256


def _named(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
