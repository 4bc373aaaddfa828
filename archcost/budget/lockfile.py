"""The lock file: a baseline as JSON, one line a layer, sorted and exact, so that the same specs give the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archcost.budget.baseline import Baseline, LockEntry, LockRow, Pace
from archcost.errors import ConfigError, Diagnostic, Mark, Source, UsageError
from archcost.figures import ALWAYS, METRICS, OF_LAYERS, OPTIONAL, TOTALS, telling
from archcost.files import DISK, FileError, decoded, located, read_named
from archcost.strict_json import LARGEST, StrictJsonError, brief, read_strictly
from archcost.version import __version__
from archcost.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.files import Files

SCHEMA = "archcost.lock/1"
ENDING = ".json"
MAX_BYTES = 64 * 2**20
_CLAIM = "archcost.lock/"
_WITHOUT: dict[str, Any] = {"inputs": {}, "dtypes": {}}  # what an entry may lack
_SHOWN = 60  # characters of a value in a message
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
        return _baseline(path, document, _lines(text, _table(document["specs"], "specs")))
    except KeyError as error:
        what = f"{error} is missing"
    except (TypeError, ValueError) as error:
        what = str(error)
    raise ConfigError([_problem(path, f"the lock file is damaged: {what}")])


def _text_of(path: str, files: Files | None) -> str:
    try:
        data = _named(path) if files is None else _bounded(files.resolve(path), files)
        return decoded(data)
    except FileError as error:
        raise ConfigError([_problem(path, f"cannot read {path}: {error.reason}", error.help)]) from None
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
    """The JSON of a lock file."""
    try:
        return read_strictly(text)
    except StrictJsonError as error:
        message = f"the lock file is {error.reason}"
        if error.position is None:
            raise ConfigError([_problem(source.name, message)]) from None
        mark = Mark(source, *error.line_and_column(text))
        raise ConfigError([Diagnostic(message, mark, _WAY_OUT)]) from None


def _problem(path: str, message: str, way_out: str = _WAY_OUT) -> Diagnostic:
    return Diagnostic(message, Mark(Source(path, ""), 0, 0), way_out)


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
    entries = {key: _entry(key, _table(data, key)) for key, data in document["specs"].items()}
    latencies = {
        device: {key: _pace(_table(data, key)) for key, data in _table(specs, device).items()}
        for device, specs in _table(document["latency"], "latency").items()
    }
    return Baseline(path, True, _word(document["archcost"], "archcost"), entries, latencies, lines)


def _entry(key: str, data: Mapping[str, Any]) -> LockEntry:
    rows = []
    for layer in _list(data["layers"], f"{key}: layers"):
        figures = _figures(_table(layer, f"{key}: a layer"), OF_LAYERS, key)
        unknown = tuple([_word(name, f"{key}: unknown") for name in _list(layer.get("unknown", []), f"{key}: unknown")])
        path, op = [_word(layer[name], f"{key}: {name}") for name in ("path", "op")]
        rows.append(LockRow(path, op, tuple(figures.values()), unknown))
    totals = _figures(_table(data["totals"], f"{key}: totals"), TOTALS, key, is_layer=False)
    batch = _whole(data["batch"], f"{key}: batch")
    tables = {**_WITHOUT, **data}
    params, settings, inputs, dtypes = [
        _table(tables[name], f"{key}: {name}") for name in ("params", "set", "inputs", "dtypes")
    ]
    name, digest = (_word(data[name], f"{key}: {name}") for name in ("name", "sha256"))
    given = {each: _shape(shape, key) for each, shape in inputs.items()}
    words = {each: _word(word, f"{key}: {each}") for each, word in dtypes.items()}
    return LockEntry(name, digest, batch, params, settings, totals, tuple(rows), given, words)


def _shape(value: Any, key: str) -> list[int]:
    return [_whole(size, f"{key}: a size of an input") for size in _list(value, f"{key}: an input")]


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
        raise ValueError(f"{what} is {brief(value)}, not a whole number")
    return value


def _table(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{what} is {brief(value)}, not a table")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{what} is {brief(value)}, not a list")
    return value


def _word(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {brief(value)}, not text")
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
