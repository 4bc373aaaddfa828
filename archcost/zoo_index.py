"""What is known of the zoo without analysing it: the models, their families and figures, from an index that ships.

The index is a file among the specs, ``index.json``, a row a model. A model that it lacks is analysed; one whose spec is
gone is no model. A test recomputes every row.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar

from archcost import model_zoo
from archcost.displays import in_line
from archcost.documents import Count, Shape
from archcost.errors import SpecError, UsageError, suggestion
from archcost.settings import AS_IT_STANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.analysis.report import Report
    from archcost.errors import Diagnostic
    from archcost.settings import Settings

INDEX = "index.json"
_MOST_BYTES = 16 << 20
_NO_FAMILY = "Others"

T = TypeVar("T")


class ZooInputData(TypedDict):
    """An input of a model of the zoo, with the batch."""

    name: str
    shape: Shape
    dtype: str


class ZooModelData(TypedDict):
    """A model of the zoo: its figures, its inputs, the params that can be set, and where it is described."""

    name: str
    family: str
    params: Count
    macs: Count
    weight_bytes: Count
    buffer_bytes: Count
    cache_bytes: Count
    peak_activation_bytes: Count
    run_bytes: Count
    inputs: list[ZooInputData]
    settings: dict[str, Any]
    source: str


class ZooModel(NamedTuple):
    """A model of the zoo as its spec stands; ``settings`` are its params with their values."""

    name: str
    family: str
    params: int
    macs: int
    weight_bytes: int
    buffer_bytes: int
    cache_bytes: int
    peak_activation_bytes: int
    run_bytes: int
    inputs: list[ZooInputData]
    settings: dict[str, Any]
    source: str

    def __repr__(self) -> str:
        return in_line(self, self.name, params=self.params, macs=self.macs)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, :class:`ZooModelData`."""
        return self._asdict()

    @property
    def about(self) -> list[str]:
        """The comment at the head of its spec, line by line."""
        path = model_zoo.find(self.name)
        return head_comment(_text(path)) if path else []


def model_of(report: Report) -> ZooModel:
    """What the index has of a report."""
    totals = report.totals
    return ZooModel(
        name=report.name,
        family=report.spec.family,
        params=totals.params,
        macs=totals.macs,
        weight_bytes=totals.weight_bytes,
        buffer_bytes=totals.buffer_bytes,
        cache_bytes=totals.cache_bytes,
        peak_activation_bytes=totals.peak_activation_bytes,
        run_bytes=totals.run_bytes,
        inputs=[
            {"name": name, "shape": list(tensor.shape), "dtype": tensor.dtype}
            for name, tensor in report.graph.inputs.items()
        ],
        settings=dict(report.params),
        source=report.spec.source,
    )


def index_text(models: Iterable[ZooModel]) -> str:
    """The index as a file: a line a model, by name, so that a change of one is a change of a line."""
    rows = [json.dumps(model.to_dict(), ensure_ascii=False) for model in models]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def head_comment(text: str) -> list[str]:
    """The lines of the comment that a spec begins with."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" ").rstrip())
    return lines


def shipped() -> dict[str, ZooModel]:
    """The rows of the index by name; none where there is no index."""
    from archcost.files import MissingFileError

    try:
        text = _text(os.path.join(model_zoo.folder(), INDEX))
    except MissingFileError:
        return {}
    return {row["name"]: ZooModel(**row) for row in json.loads(text)}


def model_names(pattern: str | None = None, family: str | None = None) -> list[str]:
    """The names of the models that fit, and of those that cannot be read: they may be of any family.

    A ``pattern`` with wildcards fits names, a model's name that model, and any other text what has it in its name or
    family. Case does not
    matter, and ``-`` is ``_``. Raises UsageError for an unknown family, and a pattern that fits nothing.
    """
    rows = shipped()
    names = model_zoo.names()
    families = {name: _family(name, rows) for name in names} if pattern is not None or family is not None else {}
    found = names if family is None else _of_family(names, families, family)
    if pattern is None:
        return found
    fits = _fitting(pattern) if pattern not in names else lambda name, _: name == pattern
    found = [name for name in found if families[name] is None or fits(name, families[name] or "")]
    if not found:
        hint = suggestion(pattern, names, "models") or "`archcost zoo` lists them"
        if pattern in model_zoo.libraries():
            hint = f"it is a file of blocks, for `include: [zoo:{pattern}]` in a spec"
        raise UsageError(f"the zoo has no model '{pattern}'{f' of the family {family}' if family else ''}", hint)
    return found


def models(
    names: Sequence[str],
    settings: Settings = AS_IT_STANDS,
    track: Callable[[Sequence[str]], Iterable[str]] = list,
) -> tuple[list[ZooModel], list[Diagnostic]]:
    """The models of these names, and the problems of those that cannot be analysed.

    The index has them as they stand; under other settings each is analysed, as ``track`` gives out the names. Raises
    UsageError for settings that a spec cannot have.
    """
    rows = shipped() if settings == AS_IT_STANDS else {}
    found: list[ZooModel] = []
    problems: list[Diagnostic] = []
    for name in track(names) if not rows else names:
        try:
            found.append(rows[name] if name in rows else _analysed(name, settings))
        except SpecError as error:
            problems += error.diagnostics
    return found, problems


def families(members: Iterable[T], family_of: Callable[[T], str]) -> dict[str, list[T]]:
    """What is of families, by these, in the order of their names; what has none comes last."""
    groups: dict[str, list[T]] = {}
    for one in members:
        groups.setdefault(family_of(one) or _NO_FAMILY, []).append(one)
    return dict(sorted(groups.items(), key=lambda item: (item[0] == _NO_FAMILY, item[0].casefold())))


def _text(path: str) -> str:
    from archcost.files import read_named

    return read_named(os.path.realpath(path), _MOST_BYTES).decode()


def _analysed(name: str, settings: Settings) -> ZooModel:
    from archcost.analysis.report import analyze
    from archcost.spec.loader import read

    return model_of(analyze(read(name), settings))


def _family(name: str, rows: dict[str, ZooModel]) -> str | None:
    """The family of a model; None where its spec cannot be read."""
    if name in rows:
        return rows[name].family
    from archcost.spec.loader import read

    try:
        return read(name).family
    except SpecError:
        return None


def _of_family(names: Sequence[str], families: dict[str, str | None], family: str) -> list[str]:
    known = sorted({own for own in families.values() if own is not None})
    if family.casefold() not in map(str.casefold, known):
        hint = suggestion(family, known, "families") or "`archcost zoo` lists them"
        raise UsageError(f"the zoo has no family '{family}'", hint)
    return [name for name in names if (own := families[name]) is None or own.casefold() == family.casefold()]


def _fitting(pattern: str) -> Callable[[str, str], bool]:
    """Whether a name and a family fit a pattern."""
    from archcost.patterns import compiled, is_literal

    wanted = _plain(pattern)
    if is_literal(pattern):
        return lambda name, family: wanted in _plain(name) or wanted in _plain(family)
    matches = compiled(wanted).matches
    return lambda name, _: matches(_plain(name))


def _plain(text: str) -> str:
    return text.casefold().replace("-", "_").replace(" ", "_")
