"""The lock file: a baseline as JSON, one line a layer, sorted and exact, so that the same specs give the same bytes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from archcost.budget.baseline import ROW_FIGURES, Baseline, Entry, Pace, Row
from archcost.compare import is_telling
from archcost.errors import ConfigError, Diagnostic, Mark, Source, UsageError
from archcost.spec.limits import TOTALS
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "archcost.lock/1"
_ALWAYS = ("path", "op", *ROW_FIGURES)
_WAY_OUT = "take either side of a merge conflict, or delete the file; then run `archcost baseline update`"


def read_lock(path: str) -> Baseline:
    """The baseline in a lock file; raises ConfigError, with the way out, for what is no lock file of this schema."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except OSError as error:
        raise ConfigError([_problem(path, f"cannot read {path}: {(error.strerror or str(error)).lower()}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([_problem(path, "the lock file is not UTF-8 text")]) from None
    try:
        document = json.loads(text)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1) - 1, getattr(error, "colno", 1) - 1
        mark = Mark(Source(path, text), line, column)
        raise ConfigError([Diagnostic(f"the lock file is not JSON: {_reason(error)}", mark, _WAY_OUT)]) from None
    except RecursionError:
        raise ConfigError(
            [_problem(path, "the lock file is not JSON that archcost wrote: it nests too deep")]
        ) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConfigError([_other_schema(path, schema)])
    try:
        return _baseline(path, document, _lines(text, document["specs"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigError([_problem(path, f"the lock file is damaged: {what}")]) from None


def _reason(error: ValueError) -> str:
    message = str(getattr(error, "msg", error))
    return message[:1].lower() + message[1:]


def _problem(path: str, message: str) -> Diagnostic:
    return Diagnostic(message, Mark(Source(path, ""), 0, 0), _WAY_OUT)


def _other_schema(path: str, schema: object) -> Diagnostic:
    if isinstance(schema, str) and schema.startswith("archcost.lock/"):
        message = f"the lock file has the schema {schema}, and this archcost ({__version__}) reads {SCHEMA}"
        way_out = "use the archcost that wrote it, or delete it and run `archcost baseline update`"
        return Diagnostic(message, Mark(Source(path, ""), 0, 0), way_out)
    found = f"the schema {schema}" if isinstance(schema, str) else "no schema"
    return _problem(path, f"this is no lock file of archcost: it has {found}, not {SCHEMA}")


def _lines(text: str, specs: Mapping[str, Any]) -> dict[str, int]:
    """The line of each spec, from 0."""
    wanted = {f"    {json.dumps(key, ensure_ascii=False)}: {{": key for key in specs}
    return {wanted[line]: number for number, line in enumerate(text.split("\n")) if line in wanted}


def _baseline(path: str, document: Mapping[str, Any], lines: dict[str, int]) -> Baseline:
    entries = {key: _entry(key, data) for key, data in document["specs"].items()}
    latencies = {
        device: {key: _pace(data) for key, data in specs.items()} for device, specs in document["latency"].items()
    }
    return Baseline(path, True, str(document["archcost"]), entries, latencies, lines)


def _entry(key: str, data: Mapping[str, Any]) -> Entry:
    rows = []
    for layer in data["layers"]:
        figures = [_whole(layer[name], f"{key}: {name}") for name in ROW_FIGURES]
        idle, cached = (_whole(layer.get(name, 0), f"{key}: {name}") for name in ("idle_params", "cache_bytes"))
        unknown = tuple(map(str, layer.get("unknown", ())))
        rows.append(Row._make([str(layer["path"]), str(layer["op"]), *figures, idle, cached, unknown]))
    recorded = data["totals"]
    recorded = {"active_params": recorded["params"], "cache_bytes": 0, **recorded}
    totals = {name: _whole(recorded[name], f"{key}: {name}") for name in TOTALS}
    batch = _whole(data["batch"], f"{key}: batch")
    params, settings = dict(data["params"]), dict(data["set"])
    return Entry(str(data["name"]), str(data["sha256"]), batch, params, settings, totals, tuple(rows))


def _pace(data: Mapping[str, Any]) -> Pace:
    numbers = [_whole(data[name], name) for name in ("median_ns", "iqr_ns", "batch")]
    return Pace(numbers[0], numbers[1], numbers[2], str(data["sha256"]))


def _whole(value: Any, what: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{what} is {value!r}, not a whole number")
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


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "batch": entry.batch,
        "layers": [_row(row) for row in entry.rows],
        "name": entry.name,
        "params": entry.params,
        "set": entry.settings,
        "sha256": entry.sha256,
        "totals": {name: value for name, value in entry.totals.items() if is_telling(name, [entry.totals])},
    }


def _row(row: Row) -> dict[str, Any]:
    """What a layer is recorded with: figures that few layers have only where there are any."""
    return {name: value for name, value in row._asdict().items() if value or name in _ALWAYS}


def _text(value: Any, indent: str) -> str:
    """JSON with mappings over several lines and the items of lists on one each."""
    if not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = indent + "  "
    if isinstance(value, list):
        items = [json.dumps(item, ensure_ascii=False, sort_keys=True) for item in value]
        return "[\n" + ",\n".join(f"{inner}{item}" for item in items) + f"\n{indent}]"
    pairs = [f"{json.dumps(key, ensure_ascii=False)}: {_text(value[key], inner)}" for key in sorted(value)]
    return "{\n" + ",\n".join(f"{inner}{pair}" for pair in pairs) + f"\n{indent}}}"


def write_lock(baseline: Baseline, path: str) -> bool:
    """Write the lock file at once or not at all; returns whether its text changed. Raises UsageError if it cannot."""
    text = lock_text(baseline)
    real = os.path.realpath(path)
    temporary = f"{real}.{os.getpid()}.tmp"
    try:
        if os.path.isfile(real):
            with open(real, "rb") as file:
                if file.read() == text.encode():
                    return False
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, real)
    except OSError as error:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    return True
