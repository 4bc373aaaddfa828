"""The text of one step, changed: its kind, its attributes, its modifiers. All else about it stays as it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.yaml_values import quoted, text
from archcost.suggesting.yaml_text import MAPPING, SCALAR, Splice, UnwritableError

if TYPE_CHECKING:
    from archcost.suggesting.yaml_text import StepText, TextNode, YamlText

_MAX_KEY = 1000  # characters of a kind: YAML reads no longer key in a line
_ENDS_IN_FLOW = frozenset(",[]{}:?#\"'")


class StepEdit(NamedTuple):
    """What becomes of a step: ``kind`` as it is meant, an expression begins with ``$``; empty, it stays.

    ``attributes`` are new values as YAML, None for one that goes; ``alone`` is what a value in place of attributes is
    called. ``empties``: all of the attributes go. ``modifiers`` are further ones; those that are there stay.
    """

    kind: str = ""
    attributes: tuple[tuple[str, str | None], ...] = ()
    alone: str = ""
    empties: bool = False
    modifiers: tuple[tuple[str, str], ...] = ()


def step_splices(document: YamlText, step: StepText, edit: StepEdit) -> list[Splice]:
    """The parts of a text that change with a step; raises UnwritableError where they cannot be written."""
    _check(step, edit)
    if step.mapping is None:
        return [Splice(step.kind.start, step.kind.end, _bare(step, edit))]
    assert step.value is not None
    writer = _StepWriter(document, step, edit)
    return writer.splices()


def _check(step: StepText, edit: StepEdit) -> None:
    if len(edit.kind) > _MAX_KEY:
        raise UnwritableError("the kind would be an expression that is too long for a key of YAML")
    if step.kind.anchored or (step.value is not None and step.value.anchored):
        raise UnwritableError("it has an anchor of YAML")


def _bare(step: StepText, edit: StepEdit) -> str:
    """A step that was a kind alone."""
    kind = text(edit.kind or step.kind.text, flow=True)
    given = [f"{name}: {value}" for name, value in edit.attributes if value is not None]
    first = f"{kind}: {{{', '.join(given)}}}" if given else kind
    parts = [first, *[f"{name}: {value}" for name, value in edit.modifiers]]
    if len(parts) == 1 and not given:
        return kind
    return "{" + ", ".join(parts) + "}"


class _StepWriter:
    """Writes a step that is a mapping."""

    def __init__(self, document: YamlText, step: StepText, edit: StepEdit) -> None:
        assert step.mapping is not None
        assert step.value is not None
        self.document = document
        self.key, self.value, self.mapping = step.kind, step.value, step.mapping
        self.edit = edit

    def splices(self) -> list[Splice]:
        """All parts that change."""
        edit, key = self.edit, self.key
        found: list[Splice] = []
        after = behind(self.document.text, key, self.value)
        kind = self._kind(edit.kind) if edit.kind else ""
        if edit.empties:
            kind = kind or self.document.text[key.start : key.end]
            colon = "" if self.mapping.flow else ":"
            found.append(Splice(key.start, after, kind + colon))
        else:
            if kind:
                found.append(Splice(key.start, key.end, kind))
            found += self._attributes(after)
        return [*found, *self._modifiers(after)]

    def _kind(self, kind: str) -> str:
        """The kind as a key: in quotes where it had some, as JSON has no space behind the colon."""
        return text(kind, flow=self.mapping.flow) if self.key.plain else quoted(kind)

    def _modifiers(self, after: int) -> list[Splice]:
        there = {key.text for key, _ in self.mapping.pairs}
        added = [f"{name}: {value}" for name, value in self.edit.modifiers if name not in there]
        if not added:
            return []
        if not self.mapping.flow:
            line = self.document.newline + " " * self.mapping.column
            end = self.document.line_end(after)
            return [Splice(end, end, "".join([line + one for one in added]))]
        written = "".join([f", {one}" for one in added])
        if self.mapping.is_braced(self.document.text):
            return [Splice(after, after, written)]
        return [Splice(self.key.start, self.key.start, "{"), Splice(after, after, written + "}")]

    # --- attributes -------------------------------------------------------------------------------------------------

    def _attributes(self, after: int) -> list[Splice]:
        if not self.edit.attributes:
            return []
        if self.value.is_null:
            return self._first_ones(after)
        if self.value.says_null:
            given = [f"{name}: {value}" for name, value in self.edit.attributes if value is not None]
            return [Splice(self.value.start, self.value.end, f"{{{', '.join(given)}}}")]
        if self.value.kind == MAPPING:
            return self._in_braces() if self.value.flow else self._in_lines()
        return self._beside_alone()

    def _first_ones(self, after: int) -> list[Splice]:
        given = [f"{name}: {value}" for name, value in self.edit.attributes if value is not None]
        if not given:
            return []
        colon = "" if self.document.text[after - 1 : after] == ":" else ":"
        return [Splice(after, after, f"{colon} {{{', '.join(given)}}}")]

    def _in_braces(self) -> list[Splice]:
        changed = dict(self.edit.attributes)
        whole, parts, replaced = self.document.text, [], []
        for key, value in self.value.pairs:
            if key.text not in changed:
                parts.append(whole[key.start : max(key.end, value.end)])
            elif (new := changed.pop(key.text)) is not None:
                parts.append(f"{whole[key.start : key.end]}: {new}")
                replaced.append(_replaced(whole, key, value, new))
        added = [f"{name}: {new}" for name, new in changed.items() if new is not None]
        if len(parts) == len(self.value.pairs) and parts:
            end = max(self.value.pairs[-1][0].end, self.value.pairs[-1][1].end)
            return [*replaced, *([Splice(end, end, "".join([f", {one}" for one in added]))] if added else [])]
        return [Splice(self.value.start, self.value.end, "{" + ", ".join(parts + added) + "}")]

    def _in_lines(self) -> list[Splice]:
        changed = dict(self.edit.attributes)
        document, found = self.document, []
        for key, value in self.value.pairs:
            if key.text not in changed:
                continue
            new = changed.pop(key.text)
            if new is not None:
                found.append(_replaced(document.text, key, value, new))
                continue
            start = document.line_start(key.start)
            before = document.line_end(start - 1) if start else 0
            found.append(Splice(before, document.line_end(max(key.end, value.end)), ""))
        line = document.newline + " " * self.value.column
        added = "".join([f"{line}{name}: {new}" for name, new in changed.items() if new is not None])
        if added:
            end = document.line_end(self.value.end)
            found.append(Splice(end, end, added))
        return found

    def _beside_alone(self) -> list[Splice]:
        """A value in place of attributes: it gets its name where others come beside it."""
        changed = dict(self.edit.attributes)
        name, value = self.edit.alone, self.value
        if not name:
            raise UnwritableError("its value has no name that could be written beside others")
        own = changed.pop(name, self._alone())
        others = [f"{one}: {new}" for one, new in changed.items() if new is not None]
        if not others and own is not None:
            return [Splice(value.start, value.end, own)] if name in dict(self.edit.attributes) else []
        given = [f"{name}: {own}"] if own is not None else []
        return [Splice(value.start, value.end, "{" + ", ".join([*given, *others]) + "}")]

    def _alone(self) -> str:
        value = self.value
        written = self.document.text[value.start : value.end]
        if value.kind == SCALAR and value.plain and not _ENDS_IN_FLOW.isdisjoint(written):
            return quoted(value.text)
        if value.folded or (value.kind != SCALAR and not value.flow):
            raise UnwritableError("its value goes over several lines")
        return written


def _replaced(whole: str, key: TextNode, value: TextNode, new: str) -> Splice:
    """A value of a mapping, replaced; also where nothing stands."""
    if not value.is_null:
        return Splice(value.start, value.end, new)
    after = behind(whole, key, value)
    return Splice(after, after, f" {new}" if whole[after - 1] == ":" else f": {new}")


def behind(whole: str, key: TextNode, value: TextNode) -> int:
    """Where a key and its value end; of a value that is not there, behind the colon, if there is one."""
    if not value.is_null:
        return value.end
    colon = whole[key.end : value.start].find(":")
    return key.end if colon < 0 else key.end + colon + 1
