"""What was measured of a device as the table ``measured`` of its file: whole numbers, each key with its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import FLOAT_DTYPES
from archcost.hardware.figures import MOST
from archcost.hardware.measured import (
    BASE_PRODUCT,
    BASE_SWEEP,
    MEASURED_NUMBERS,
    PAGE_FAULT,
    PRODUCT_KEYS,
    Calibration,
    PassRate,
    ProductRate,
)
from archcost.spec.document import Scalar, Sequence
from archcost.spec.value_reader import brief

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.spec.document import Mapping as Table
    from archcost.spec.document import Value
    from archcost.spec.value_reader import Reader

MAX_CLASSES = 200
MAX_LEVELS = 100
_KEYS = ("torch", "threads", "dtype", *MEASURED_NUMBERS, "products", "passes")
_PASS = ("call_ns", "levels")
_SHARE = "share_thousandths"  # of nothing a kernel would take no time
_WAY = "`archcost calibrate` writes it"


def measured_text(measured: Calibration) -> str:
    """The table as TOML."""
    return "\n".join(_lines(measured)) + "\n"


def _lines(measured: Calibration) -> Iterator[str]:
    yield "[measured]"
    yield f'torch = "{measured.torch}"'
    yield f"threads = {measured.threads}"
    yield f'dtype = "{measured.dtype}"'
    yield from [f"{key} = {value}" for key, value in zip(MEASURED_NUMBERS, measured[3:7], strict=True)]
    if measured.page_fault_ns:
        yield f"{PAGE_FAULT} = {measured.page_fault_ns}"
    for name, product in measured.products.items():
        yield f"\n[measured.products.{name}]"
        yield from [f"{key} = {value}" for key, value in zip(PRODUCT_KEYS, product, strict=True)]
    for name, one in measured.passes.items():
        yield f"\n[measured.passes.{name}]"
        yield f"call_ns = {one.call_ns}"
        yield f"levels = {[list(level) for level in one.levels]}"


def read_measured(reader: Reader, value: Value) -> Calibration | None:
    """The table; None, and the problems, where it cannot be read."""
    before = len(reader.problems)
    table = _table(reader, value, "'measured'", (*_KEYS, PAGE_FAULT))
    if table is None or not _has_all(reader, table, _KEYS, "'measured'"):
        return None
    inner = {key: entry for key, (_, entry) in table.entries.items()}
    products = {
        name: _product(reader, name, each)
        for name, each in _classes(reader, inner["products"], "products", BASE_PRODUCT)
    }
    passes = {
        name: one
        for name, each in _classes(reader, inner["passes"], "passes", BASE_SWEEP)
        if (one := _pass(reader, name, each)) is not None
    }
    words = [reader.text(inner[key], f"'{key}'") or "" for key in ("torch", "dtype")]
    numbers = [_whole(reader, inner[key], key, least=int(key == _SHARE)) for key in ("threads", *MEASURED_NUMBERS)]
    fault = _whole(reader, inner[PAGE_FAULT], PAGE_FAULT, least=1) if PAGE_FAULT in inner else 0
    if words[1] not in FLOAT_DTYPES:
        reader.report(f"'dtype' is one of {', '.join(FLOAT_DTYPES)}, got {brief(inner['dtype'])}", inner["dtype"], _WAY)
    if len(reader.problems) > before:
        return None
    threads, spread, load, share, each = numbers
    return Calibration(words[0], threads, words[1], spread, load, share, each, products, passes, fault)


def _table(reader: Reader, value: Value, what: str, keys: tuple[str, ...] = ()) -> Table | None:
    found = reader.mapping(value, what, lambda: _WAY)
    if found is not None and keys:
        reader.keys(found, keys, what)
    return found


def _has_all(reader: Reader, table: Table, keys: tuple[str, ...], what: str) -> bool:
    lacking = [key for key in keys if key not in table.entries]
    if lacking:
        reader.report(f"{what} has no '{lacking[0]}'", table, _WAY)
    return not lacking


def _classes(reader: Reader, value: Value, what: str, needed: str) -> Iterator[tuple[str, Table]]:
    """The tables of the classes of products or passes."""
    table = _table(reader, value, f"'{what}'")
    if table is None:
        return
    if len(table.entries) > MAX_CLASSES:
        reader.report(f"'{what}' holds at most {MAX_CLASSES} classes, got {len(table.entries):,}", value)
        return
    _has_all(reader, table, (needed,), f"'{what}'")
    keys = PRODUCT_KEYS if what == "products" else _PASS
    for key, inner in table.entries.values():
        found = _table(reader, inner, f"the class '{brief(key)}'", keys)
        if found is not None and _has_all(reader, found, keys, f"the class '{brief(key)}'"):
            yield key.text, found


def _product(reader: Reader, name: str, table: Table) -> ProductRate:
    return ProductRate(*[_whole(reader, table.entries[key][1], f"{name}.{key}") for key in PRODUCT_KEYS])


def _pass(reader: Reader, name: str, table: Table) -> PassRate | None:
    call = _whole(reader, table.entries["call_ns"][1], f"{name}.call_ns")
    value = table.entries["levels"][1]
    rows = value.items if isinstance(value, Sequence) else []
    pairs = [_pair(reader, row, name) for row in rows[:MAX_LEVELS]]
    levels = [pair for pair in pairs if pair is not None]
    sizes = [size for size, _ in levels]
    if not levels or len(rows) > MAX_LEVELS or sizes != sorted(set(sizes)):
        message = f"'{name}.levels' is a list of up to {MAX_LEVELS} pairs: a size and a rate, smallest size first"
        reader.report(message, value, _WAY)
        return None
    return PassRate(call, tuple(levels))


def _pair(reader: Reader, row: Value, name: str) -> tuple[int, int] | None:
    items = row.items if isinstance(row, Sequence) else []
    if len(items) != len(("size", "rate")):
        return None
    size, rate = [_whole(reader, item, f"{name}.levels", least=1) for item in items]
    return size, rate


def _whole(reader: Reader, value: Value, what: str, least: int = 0) -> int:
    """A whole number within bounds; ``least`` where it is none, and a problem."""
    if isinstance(value, Scalar) and type(value.value) is int and least <= value.value <= MOST:
        return value.value
    reader.report(f"'{what}' is a whole number of at least {least}, got {brief(value)}", value, _WAY)
    return least
