"""The lock file: a baseline as JSON, one line a layer, sorted and exact, so that the same specs give the same bytes."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from archcost.budget.baseline import Baseline, LockEntry, LockRow, Pace
from archcost.errors import ConfigError, Diagnostic, Mark, Source, UsageError
from archcost.figures import ALWAYS, METRICS, OF_LAYERS, OPTIONAL, TOTALS, telling
from archcost.files import DISK, FileError, decoded, located, read_named
from archcost.version import __version__
from archcost.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.files import Files

SCHEMA = "archcost.lock/1"
ENDING = ".json"
MAX_BYTES = 64 * 2**20
LARGEST = 10**100  # figures are smaller
_CLAIM = "archcost.lock/"
_SHOWN = 60  # characters of a value in a message
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(  # escapes one after the other, so that none begins inside of another; lone halves have a group
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_WAY_OUT = "take either side of a merge conflict, or delete the file; then run `archcost baseline update`"


def read_lock(path: str, files: Files | None = None) -> Baseline:
    """The baseline in a lock file; raises ConfigError, with the way out, for what is no lock file of this schema.

    ``files`` is the tree that the path is bounded by; None where a person named it.
    """
    text = _text_of(path, files)
    source = Source(path, text if _CLAIM in text else "")  # no line of any other file is shown
    document = _document(source, text)
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConfigError([_other_schema(path, schema)])
    try:
        return _baseline(path, document, _lines(text, _table(document["specs"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigError([_problem(path, f"the lock file is damaged: {what}")]) from None


def _text_of(path: str, files: Files | None) -> str:
    try:
        data = _named(path) if files is None else _bounded(files.resolve(path), files)
        return decoded(data)
    except FileError as error:
        raise ConfigError([_problem(path, f"cannot read {path}: {error.reason}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([_problem(path, "the lock file is not UTF-8 text")]) from None


def _named(path: str) -> bytes:
    real, is_linked = located(path)
    return _bounded(real, DISK) if is_linked else read_named(real, MAX_BYTES)


def _bounded(real: str, files: Files) -> bytes:
    data = files.read(real, MAX_BYTES)
    if not real.endswith(ENDING):
        raise FileError(f"it is no lock file: its name does not end in {ENDING}")
    return data


def _document(source: Source, text: str) -> Any:
    """The JSON of a lock file, which is strict: each key once, finite numbers, and text that can be encoded."""
    lone = _lone_surrogate(text)
    if lone is not None:
        message = f"the lock file is not UTF-8 text: {lone[0]} is half of a character"
        raise ConfigError([Diagnostic(message, _mark(source, text, lone.start()), _WAY_OUT)])
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float)
    except RecursionError:
        raise ConfigError(
            [_problem(source.name, "the lock file is not JSON that archcost wrote: it nests too deep")]
        ) from None
    except ValueError as error:
        mark = _mark(source, text, getattr(error, "pos", 0))
        raise ConfigError([Diagnostic(f"the lock file is not JSON: {_reason(error)}", mark, _WAY_OUT)]) from None


def _mark(source: Source, text: str, position: int) -> Mark:
    before = text[:position]
    return Mark(source, before.count("\n"), position - (before.rfind("\n") + 1))


def _lone_surrogate(text: str) -> re.Match[str] | None:
    """The first escape of half of a character in a JSON text."""
    if _ESCAPED_HALF.search(text) is None:
        return None
    return next((match for match in _ESCAPE.finditer(text) if match[1]), None)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        first = list(found)  # in order, up to the key that stands a second time
        twice = next(key for number, (key, _) in enumerate(pairs) if number >= len(first) or first[number] != key)
        raise ValueError(f"the key {_brief(twice)} appears twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{_brief(text)} is too large a number")
    return value


def _brief(value: Any) -> str:
    """A value in a message, cut; of lists and mappings only what they are."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    text = repr(value) if not isinstance(value, int) or abs(value) < LARGEST else "a number of more than 100 digits"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _reason(error: ValueError) -> str:
    message = str(getattr(error, "msg", error))
    if message.startswith("Exceeds the limit"):  # of Python, on digits
        message = "a number has too many digits"
    return message if message.startswith("NaN") else message[:1].lower() + message[1:]


def _problem(path: str, message: str) -> Diagnostic:
    return Diagnostic(message, Mark(Source(path, ""), 0, 0), _WAY_OUT)


def _other_schema(path: str, schema: object) -> Diagnostic:
    if isinstance(schema, str) and schema.startswith(_CLAIM):
        message = f"the lock file has the schema {schema[:_SHOWN]}, and this archcost ({__version__}) reads {SCHEMA}"
        way_out = "use the archcost that wrote it, or delete it and run `archcost baseline update`"
        return Diagnostic(message, Mark(Source(path, ""), 0, 0), way_out)
    found = "another schema" if isinstance(schema, str) else "no schema"  # a word of a file that may be any other
    return _problem(path, f"this is not an archcost lock file: it has {found}, not {SCHEMA}")


def _lines(text: str, specs: Mapping[str, Any]) -> dict[str, int]:
    """The line of each spec, from 0."""
    wanted = {f"    {json.dumps(key, ensure_ascii=False)}: {{": key for key in specs}
    return {wanted[line]: number for number, line in enumerate(text.split("\n")) if line in wanted}


def _baseline(path: str, document: Mapping[str, Any], lines: dict[str, int]) -> Baseline:
    entries = {key: _entry(key, data) for key, data in document["specs"].items()}
    latencies = {
        device: {key: _pace(data) for key, data in specs.items()} for device, specs in document["latency"].items()
    }
    return Baseline(path, True, _word(document["archcost"], "archcost"), entries, latencies, lines)


def _entry(key: str, data: Mapping[str, Any]) -> LockEntry:
    rows = []
    for layer in data["layers"]:
        figures = _figures(layer, OF_LAYERS, key)
        unknown = tuple([_word(name, f"{key}: unknown") for name in layer.get("unknown", ())])
        path, op = [_word(layer[name], f"{key}: {name}") for name in ("path", "op")]
        rows.append(LockRow(path, op, tuple(figures.values()), unknown))
    totals = _figures(data["totals"], TOTALS, key, is_layer=False)
    batch = _whole(data["batch"], f"{key}: batch")
    params, settings = dict(data["params"]), dict(data["set"])
    name, digest = (_word(data[name], f"{key}: {name}") for name in ("name", "sha256"))
    given = {_word(each, f"{key}: inputs"): _shape(shape, key) for each, shape in data.get("inputs", {}).items()}
    dtypes = {_word(each, key): _word(word, f"{key}: {each}") for each, word in data.get("dtypes", {}).items()}
    return LockEntry(name, digest, batch, params, settings, totals, tuple(rows), given, dtypes)


def _shape(value: Any, key: str) -> list[int]:
    if not isinstance(value, list):
        raise TypeError(f"{key}: an input is {_brief(value)}, not a shape")
    return [_whole(size, f"{key}: a size of an input") for size in value]


def _figures(data: Mapping[str, Any], names: Sequence[str], key: str, *, is_layer: bool = True) -> dict[str, int]:
    """Figures that were recorded; an optional one that was not is as usual, and a late one may be missing."""
    found: dict[str, int] = {}
    for name in names:
        metric = METRICS[name]
        lacks = metric.lacks if is_layer else ""
        if lacks:
            found[name] = metric.usual_of(found) - _whole(data.get(lacks, 0), f"{key}: {lacks}")
        elif metric.optional:
            found[name] = _whole(data.get(name, metric.usual_of(found)), f"{key}: {name}")
        elif name in data or not metric.late:
            found[name] = _whole(data[name], f"{key}: {name}")
    return found


def _pace(data: Mapping[str, Any]) -> Pace:
    numbers = [_whole(data[name], name) for name in ("median_ns", "iqr_ns", "batch")]
    return Pace(numbers[0], numbers[1], numbers[2], _word(data["sha256"], "sha256"))


def _whole(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise ValueError(f"{what} is {_brief(value)}, not a whole number")
    return value


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"specs is {_brief(value)}, not a table by path")
    return value


def _word(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {_brief(value)}, not text")
    return value


def lock_text(baseline: Baseline) -> str:
    """The lock file's text: sorted keys, exact integers, a line a layer, a newline at the end."""
    latency = {
        device: {
            key: {"batch": pace.batch, "iqr_ns": pace.spread_ns, "median_ns": pace.median_ns, "sha256": pace.sha256}
            for key, pace in paces.items()
        }
        for device, paces in baseline.latencies.items()
        if paces
    }
    specs = {key: _data(entry) for key, entry in baseline.entries.items()}
    document = {"archcost": __version__, "latency": latency, "schema": SCHEMA, "specs": specs}
    return _text(document, "") + "\n"


def _data(entry: LockEntry) -> dict[str, Any]:
    return {
        "batch": entry.batch,
        **({"dtypes": entry.dtypes} if entry.dtypes else {}),
        **({"inputs": entry.inputs} if entry.inputs else {}),
        "layers": [_row(row) for row in entry.rows],
        "name": entry.name,
        "params": entry.params,
        "set": entry.settings,
        "sha256": entry.sha256,
        "totals": {name: entry.totals[name] for name in telling([entry.totals]) if name in entry.totals},
    }


def _row(row: LockRow) -> dict[str, Any]:
    """What a layer is recorded with: figures that few layers have only where there are any."""
    figures = dict(zip(OF_LAYERS, row.figures, strict=True))
    found: dict[str, Any] = {"path": row.path, "op": row.op, **{name: figures[name] for name in ALWAYS}}
    for metric in [METRICS[name] for name in OPTIONAL if METRICS[name].tells(figures)]:
        value = figures[metric.name]
        found |= {metric.lacks: metric.usual_of(figures) - value} if metric.lacks else {metric.name: value}
    return {**found, "unknown": row.unknown} if row.unknown else found


def _text(value: Any, indent: str) -> str:
    """JSON with mappings over several lines and the items of lists on one each."""
    if not isinstance(value, (dict, list)) or not value:
        return _dumped(value)
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"{inner}{_dumped(item)}" for item in value) + f"\n{indent}]"
    pairs = [f"{_dumped(key)}: {_text(value[key], inner)}" for key in sorted(value)]
    return "{\n" + ",\n".join(f"{inner}{pair}" for pair in pairs) + f"\n{indent}}}"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def write_lock(baseline: Baseline, path: str, root: str | None = None) -> bool:
    """Write the lock file at once or not at all; returns whether its text changed.

    It is written only below ``root`` (None: where a person named it). Raises UsageError if it cannot.
    """
    text = lock_text(baseline)
    if len(text) > MAX_BYTES:
        raise UsageError(f"{path} would be larger than {MAX_BYTES >> 20} MiB", "record fewer specs in one file")
    try:
        return write_whole(path, text, root)
    except FileError as error:
        raise UsageError(f"cannot write {path}: {error.reason}", error.help) from None
