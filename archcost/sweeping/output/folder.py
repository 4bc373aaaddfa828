"""A folder of parts: what it is for, what is in it, and what an interrupted run left behind.

::

    DIR/manifest.json          what decides the rows, from the start; the parts, once all are there
    DIR/rows/part-00000.parquet …
    DIR/unfinished/            gone once all parts are there
        notes/                 what the manifest will say of each part
        0-of-1/                files that are not whole yet, by shard; locked while its process is at work

Whoever finds all notes writes the parts into the manifest. It holds no trace of who made which part, or when.
"""

# long: all that lies in the folder, and what a killed run may have left of it

from __future__ import annotations

import json
import os
import re
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.files import FileError, MissingFileError, read_named
from archcost.printable import visible
from archcost.strict_json import compact_json, json_text
from archcost.sweeping.output.part import PartMaker, unwritten
from archcost.sweeping.output.plan import Shard, differences, versions
from archcost.sweeping.values import shown
from archcost.writing import UNFINISHED, alone, hash_of, is_unfinished, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.sweeping.output.plan import PartPlan
    from archcost.sweeping.space import Axis

MANIFEST = "manifest.json"
_TRIES = 20
_SHOWN = 5  # differences that an error names
_SHOWN_LENGTH = 60
_MOST_BYTES = 1 << 30  # of a manifest


@dataclass(frozen=True)
class OutputFolder:
    """A folder whose parts this process may make, those of its shard."""

    path: str
    plan: PartPlan
    shard: Shard

    @property
    def maker(self) -> PartMaker:
        """What makes the parts."""
        rows, notes = (
            os.path.abspath(self.rows),
            os.path.abspath(self._notes),
        )  # for workers with another folder to be in
        return PartMaker(self.plan, rows, self._aside, notes, versions())

    @property
    def rows(self) -> str:
        """The folder of the parts, which holds nothing else."""
        return os.path.join(self.path, "rows")

    def missing(self) -> list[int]:
        """The parts of the shard that are still to be made: those whose file is not there, or not what it was."""
        listed = self._listed()
        return [part for part in self.shard.parts(self.plan) if not self._is_whole(part, listed)]

    def safe(self) -> int:
        """The number of parts that are there, of all shards."""
        listed = self._listed()
        return sum(self._note(part, listed) is not None for part in range(self.plan.parts))

    def complete(self) -> int | None:
        """Write the parts into the manifest if all of them are there, of all shards; their rows, else None."""
        with _alone(self._manifest):
            listed = self._listed()
            notes: list[dict[str, Any]] = []
            for part in range(self.plan.parts):
                note = self._note(part, listed)
                if note is None:
                    return None
                notes.append(note)
            self._write(_with_parts(self.plan, notes))
        rows: int = sum(note["rows"] for note in notes)
        return rows

    def _note(self, part: int, listed: dict[str, Any]) -> dict[str, Any] | None:
        """What is known of a part whose file has the size that it should have."""
        name = self.plan.file_of(part)
        note = self.maker.note_of(part) or listed.get(name)
        with suppress(OSError):
            if note and os.stat(os.path.join(self.rows, name)).st_size == note["bytes"]:
                return note
        return None

    def _is_whole(self, part: int, listed: dict[str, Any]) -> bool:
        note = self._note(part, listed)
        with suppress(OSError):
            path = os.path.join(self.rows, self.plan.file_of(part))
            if note and hash_of(path) == (note["bytes"], note["sha256"]):
                return True
        self.maker.forget(part)
        return False

    @property
    def _aside(self) -> str:
        return os.path.join(os.path.abspath(self._unfinished), str(self.shard))

    @property
    def _unfinished(self) -> str:
        return os.path.join(self.path, "unfinished")

    @property
    def _notes(self) -> str:
        return os.path.join(self._unfinished, "notes")

    @property
    def _manifest(self) -> str:
        return os.path.join(self.path, MANIFEST)

    def _begin(self) -> None:
        """Write the manifest, or hold this plan against the one that is there; raises UsageError."""
        with _alone(self._manifest):
            if not self.is_begun():
                self._write(self.plan.to_dict() | {"complete": False})
            for name in filter(_is_unfinished_manifest, _names_in(self.path)):
                with suppress(OSError):  # nobody else writes one now: its process was killed
                    os.unlink(os.path.join(self.path, name))

    def is_begun(self) -> bool:
        """Whether the manifest is there, and of this plan; raises UsageError where the folder is something else's."""
        found = self._read()
        if found is None:
            self._refuse_others_files()
            return False
        then = {name: value for name, value in found.items() if name not in _OUTCOME}
        changed = list(differences(then, json.loads(json_text(self.plan.to_dict()))))
        if changed:
            raise UsageError(_difference_text(self.path, changed, self.plan.source.axes), _ways_out(self.path))
        return True

    def _refuse_others_files(self) -> None:
        there = {name for name in _names_in(self.path) if not _is_unfinished_manifest(name)}
        others = sorted(there - {"rows", "unfinished", f"{MANIFEST}.lock"})
        if others or _names_in(self.rows):
            name = others[0] if others else "rows"
            raise UsageError(
                f"{self.path} has files of something else, such as {visible(name)}, and no {MANIFEST}",
                "give a folder that is not there yet, or an empty one",
            )

    def _listed(self) -> dict[str, Any]:
        """The parts by their files, as the manifest has them once it is complete."""
        return {part["file"]: part for part in (self._read() or {}).get("parts", ())}

    def _read(self) -> dict[str, Any] | None:
        try:
            found = json.loads(read_named(os.path.realpath(self._manifest), _MOST_BYTES))
        except MissingFileError:
            return None
        except (FileError, ValueError) as error:
            if not os.path.isdir(self.path):
                return None
            reason = error.reason if isinstance(error, FileError) else "it is not JSON"
            raise UsageError(f"cannot read {self._manifest}: {reason}", _ways_out(self.path)) from None
        if not isinstance(found, dict) or not isinstance(found.get("parts", []), list):
            raise UsageError(f"{self._manifest} is not a manifest of a sweep", _ways_out(self.path))
        return found

    def _write(self, data: dict[str, Any]) -> None:
        try:
            write_whole(self._manifest, json_text(data))
        except FileError as error:
            raise unwritten(self._manifest, error) from None

    def _clear(self) -> None:
        """Remove what other processes that are gone left; once all parts are listed, all that is not for users."""
        with suppress(OSError):
            for name in os.listdir(self._unfinished):
                folder = os.path.join(self._unfinished, name)
                if os.path.abspath(folder) not in {os.path.abspath(self._notes), self._aside}:
                    with suppress(FileError, OSError), alone(os.path.join(folder, "files"), patience=0):
                        _remove_unfinished(folder)
                        os.rmdir(folder)
        if self._listed():
            with suppress(OSError):
                for name in os.listdir(self._notes):
                    os.unlink(os.path.join(self._notes, name))
                os.rmdir(self._notes)

    def _close(self) -> None:
        """Take away what is of this process alone, and the folder around if no other has anything in it."""
        _remove_unfinished(self._aside)
        self._clear()
        with suppress(OSError):
            os.rmdir(self._aside)
            os.rmdir(self._unfinished)


@contextmanager
def opened(path: str, plan: PartPlan, shard: Shard) -> Iterator[OutputFolder]:
    """A folder to write a shard's parts to, made if it is not there, and no other process's at the same time.

    Raises UsageError if it is of another sweep, or another process is at work on this shard.
    """
    folder = OutputFolder(path, plan, shard)
    if os.path.isdir(path):  # it is refused before anything is made in it
        with _alone(folder._manifest):  # noqa: SLF001 - of this module
            folder.is_begun()
    with ExitStack() as stack:
        _lock(folder, stack)
        folder._begin()  # noqa: SLF001
        _remove_unfinished(folder.maker.aside)
        folder._clear()  # noqa: SLF001
        try:
            yield folder
        finally:
            folder._close()  # noqa: SLF001


def _is_unfinished_manifest(name: str) -> bool:
    return is_unfinished(name, MANIFEST)


def _names_in(path: str) -> list[str]:
    """What a folder holds: nothing where it is not there, or is a file, of which its maker tells."""
    try:
        return os.listdir(path)
    except OSError:
        return []


def _lock(folder: OutputFolder, stack: ExitStack) -> None:
    aside = folder.maker.aside
    try:
        for attempt in range(_TRIES):
            os.makedirs(folder.rows, exist_ok=True)
            os.makedirs(aside, exist_ok=True)
            try:
                stack.enter_context(alone(os.path.join(aside, "files"), patience=0))
            except FileError:
                if os.path.isdir(aside) or attempt == _TRIES - 1:
                    raise
            if os.path.isdir(aside):  # else a process that ended took it away just now
                return
    except FileError as error:
        help_ = "wait until it is done; processes that share a folder have a --shard each"
        if os.path.exists(os.path.join(aside, "files.lock")):  # where the file system has no better locks
            help_ = error.help
        raise UsageError(f"{folder.path}: {error.reason.replace('writing it', 'sweeping into it')}", help_) from None
    except OSError as error:
        raise unwritten(folder.path, error) from None


@contextmanager
def _alone(path: str) -> Iterator[None]:
    try:
        with alone(path):
            yield
    except FileError as error:
        raise unwritten(path, error) from None


def _remove_unfinished(folder: str) -> None:
    for name in os.listdir(folder):
        if name.endswith(UNFINISHED):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))


# --- the manifest -----------------------------------------------------------------------------------------------------

_VALUES = re.compile(r"axes\[(\d+)\]\.values")
_OUTCOME = {"complete", "rows", "invalid", "min", "max", "front", "parts"}


def _with_parts(plan: PartPlan, notes: list[dict[str, Any]]) -> dict[str, Any]:
    from archcost.sweeping.output.summary import merged_front, ranges_of

    found = plan.to_dict() | {
        "complete": True,
        "rows": sum(note["rows"] for note in notes),
        "invalid": sum(note["invalid"] for note in notes),
        **ranges_of(notes, plan.metrics),
    }
    if plan.objectives:
        found["front"] = merged_front(((note["file"], note["front"]) for note in notes), plan.objectives)
    return found | {"parts": notes}


def _difference_text(path: str, changed: list[tuple[str, Any, Any]], axes: Sequence[Axis]) -> str:
    told = [_change_text(*change, axes) for change in changed[:_SHOWN]]
    if len(changed) > _SHOWN:
        told.append(f"and {len(changed) - _SHOWN} more")
    return f"{path} has parts of another sweep: {'; '.join(told)}"


def _change_text(name: str, old: Any, new: Any, axes: Sequence[Axis]) -> str:
    """What a plan has otherwise; the values of an axis by the names of what it sets: ``width was 0.5,1 and is 0.5``."""
    axis = _VALUES.fullmatch(name)
    if axis is None:
        return f"{name} was {_short(compact_json(old))} and is {_short(compact_json(new))}"
    names = ",".join(map(str, axes[int(axis[1])].targets))
    return f"{visible(names)} was {_values_text(old)} and is {_values_text(new)}"


def _values_text(values: Any) -> str:
    """``0.5,1``, of several names ``1/10,2/20``, as options have them; what is no such list as it is."""
    if not isinstance(values, list) or not all(isinstance(each, list) for each in values):
        return _short(compact_json(values))
    return _short(",".join(["/".join(map(shown, each)) for each in values]))


def _ways_out(path: str) -> str:
    return f"give another folder, or remove {path} to begin anew"


def _short(text: str) -> str:
    text = "nothing" if text == "null" else visible(text)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 1]}…"
