"""Reading budgets, of a spec or a configuration: limits on totals, and on layers and blocks by path pattern.

A scalar is a maximum (``60 k``, ``64 MiB``, ``12 ms``) or, in percent, a growth against the baseline; a mapping takes
``max``, ``increase``, ``floor``, ``level`` and ``message``, and of memory ``device`` and ``reserve``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.figures import BYTES, LIMITED, LIMITED_OF_LAYERS, METRICS, ON_CHIP, PREDICTED, TIME, WHOLE_MODEL
from archcost.quantities import UnitError, parse_reserve
from archcost.spec.budget_limits import (
    LEVELS,
    OF_DEVICES,
    OTHER_NAMES,
    Limit,
    is_percentage,
    parse_amount,
    parse_increase,
)
from archcost.spec.document import Mapping, Scalar
from archcost.spec.value_reader import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.spec.document import Value
    from archcost.spec.value_reader import Reader

MAX_PATTERNS = 1000  # of layers, in one spec
MAX_PATTERN = 1000  # characters
LIMIT_KEYS = ("max", "increase", "floor", "level", "message")
DEVICE_KEYS = ("device", "reserve")
PREDICTED_KEYS = ("device", "max", "level", "message")
_PREDICTED_EXAMPLE = f"write `{PREDICTED}: {{device: rtx4090, max: 8 ms}}`"
METRIC_NAMES = (*LIMITED, *OTHER_NAMES)


class Defaults(NamedTuple):
    """What limits have that do not say it themselves."""

    pattern: str = ""
    level: str = "error"
    message: str = ""


def read_budgets(reader: Reader, value: Value) -> list[Limit]:
    """The limits under ``budgets`` of a spec."""
    mapping = reader.mapping(value, "'budgets'")
    if mapping is None:
        return []
    reader.keys(mapping, (*METRIC_NAMES, "layers"), "budgets")
    limits = read_limits(reader, mapping, Defaults())
    if "layers" in mapping.entries:
        layers = reader.mapping(mapping.entries["layers"][1], "'budgets.layers'")
        if layers is not None and len(layers.entries) > MAX_PATTERNS:
            hint = "let a pattern name several layers: `stage_*`"
            reader.report(f"'budgets.layers' holds more than {MAX_PATTERNS:,} patterns", layers, hint)
            return limits
        for key, inner in layers.entries.values() if layers else ():
            what = f"the limits of '{brief(key)}'"
            metrics = reader.mapping(inner, what)
            if metrics is not None and pattern_is_readable(reader, key):
                reader.keys(metrics, METRIC_NAMES, what)
                if not metrics.entries:
                    reader.report(
                        f"{what} are none, so that nothing is judged", key, "write `{macs: 1 M}`, or remove it"
                    )
                limits += read_limits(reader, metrics, Defaults(key.text))
    return limits


def pattern_is_readable(reader: Reader, value: Scalar) -> bool:
    """Whether text can be a pattern of paths; a problem otherwise."""
    if len(value.text) > MAX_PATTERN:
        reader.report(f"a pattern of layers is longer than {MAX_PATTERN:,} characters", value, "use wildcards")
        return False
    if value.text.strip():
        return True
    reader.report("a pattern of layers is empty", value, "name a layer or a block: `stem`, `inception_*`, `**.conv2d`")
    return False


def read_limits(reader: Reader, mapping: Mapping, defaults: Defaults) -> list[Limit]:
    """The limits of a mapping of metrics; other keys are the caller's to judge."""
    limits = []
    for name, (key, value) in mapping.entries.items():
        metric = OTHER_NAMES.get(name, name)
        if metric not in LIMITED:
            continue
        if defaults.pattern and metric in WHOLE_MODEL:
            hint = f"of layers there are {', '.join(LIMITED_OF_LAYERS)}"
            reader.report(f"'{name}' is a figure of the whole model, not of '{defaults.pattern}'", key, hint)
        elif isinstance(value, Mapping):
            limits += _detailed(reader, metric, key, value, defaults)
        else:
            limit = _plain(reader, metric, key, value, defaults)
            limits += [limit] if limit is not None else []
    return limits


def _plain(reader: Reader, metric: str, key: Scalar, value: Value, defaults: Defaults) -> Limit | None:
    """A scalar: a maximum or, in percent, a growth."""
    if metric == PREDICTED:
        reader.report(f"the limit of {PREDICTED} names no device", key, _PREDICTED_EXAMPLE)
        return None
    text = _amount_text(reader, metric, value)
    if text is None:
        return None
    if is_percentage(text):
        return _growth(reader, metric, key, value, None, defaults)
    return _maximum(reader, metric, key, value, defaults)


def _detailed(reader: Reader, metric: str, key: Scalar, mapping: Mapping, defaults: Defaults) -> list[Limit]:
    """A mapping: a maximum, a growth, or both."""
    entries = mapping.entries
    if metric == PREDICTED:
        return _predicted(reader, key, mapping, defaults)
    reader.keys(mapping, (*LIMIT_KEYS, *DEVICE_KEYS * (metric in OF_DEVICES)), f"the limit of {metric}")
    level, message = read_level_and_message(reader, mapping, defaults.level, defaults.message)
    defaults = defaults._replace(level=level, message=message)
    of_device = _of_device(reader, metric, mapping, defaults) if metric in OF_DEVICES else []
    if "device" in entries and entries.keys().isdisjoint(("max", "increase", "floor")):
        return of_device
    if "max" not in entries and "increase" not in entries:
        hint = f"write `{metric}: {_example(metric)}`, or `{{max: …}}` or `{{increase: 5%}}`"
        if "floor" in entries:
            hint = "write `floor` beside `increase`: growth must exceed both"
        reader.report(f"the limit of {metric} has neither `max` nor `increase`", key, hint)
        return []
    if "floor" in entries and "increase" not in entries:
        reader.report("write `floor` beside `increase`: growth must exceed both", entries["floor"][0])
    found: list[Limit | None] = [*of_device]
    if "max" in entries:
        found.append(_maximum(reader, metric, *entries["max"], defaults))
    if "increase" in entries:
        floor = entries["floor"][1] if "floor" in entries else None
        found.append(_growth(reader, metric, *entries["increase"], floor, defaults))
    return [limit for limit in found if limit is not None]


def _predicted(reader: Reader, key: Scalar, mapping: Mapping, defaults: Defaults) -> list[Limit]:
    """A time on a device, which is found where limits are judged; there is no baseline of predictions."""
    entries = mapping.entries
    reader.keys(mapping, PREDICTED_KEYS, f"the limit of {PREDICTED}")
    level, message = read_level_and_message(reader, mapping, defaults.level, defaults.message)
    lacking = [name for name in ("device", "max") if name not in entries]
    if lacking:
        reader.report(f"the limit of {PREDICTED} has no `{lacking[0]}`", key, _PREDICTED_EXAMPLE)
        return []
    device = reader.text(entries["device"][1], "a device")
    limit = _maximum(reader, PREDICTED, *entries["max"], defaults._replace(level=level, message=message))
    return [limit._replace(device=device, text=f"{limit.text} on {device}")] if limit and device else []


def _of_device(reader: Reader, metric: str, mapping: Mapping, defaults: Defaults) -> list[Limit]:
    """What a device has room for, besides a reserve; which device it is, is found out where limits are judged."""
    entries = mapping.entries
    if "device" not in entries:
        if "reserve" in entries:
            hint = f"write `{metric}: {{device: rtx4090, reserve: 1 GiB}}`"
            reader.report("`reserve` is what is kept free of a `device`", entries["reserve"][0], hint)
        return []
    key, value = entries["device"]
    device, reserve = reader.text(value, "a device"), ""
    if "reserve" in entries:
        kept = entries["reserve"][1]
        reserve = _amount_text(reader, metric, kept) or ""
        if reserve and _parsed(reader, kept, lambda: parse_reserve(reserve), "write it like `1 GiB` or `5%`") is None:
            return []
    if not device:
        return []
    text = f"{device}, reserve {reserve}" if reserve else device
    return [
        Limit(
            *(metric, defaults.pattern, None, None, 0, defaults.level, defaults.message, text, key.mark),
            device=device,
            reserve=reserve,
        )
    ]


def read_level_and_message(reader: Reader, mapping: Mapping, level: str, message: str) -> tuple[str, str]:
    """The two keys that a limit has itself, or takes from around it."""
    if "level" in mapping.entries:
        value = mapping.entries["level"][1]
        if isinstance(value, Scalar) and value.text in LEVELS:
            level = value.text
        else:
            reader.report(f"a level is {' or '.join(LEVELS)}, got {brief(value)}", value)
    if "message" in mapping.entries:
        message = reader.text(mapping.entries["message"][1], "a message") or ""
    return level, message


def _maximum(reader: Reader, metric: str, key: Scalar, value: Value, defaults: Defaults) -> Limit | None:
    text = _amount_text(reader, metric, value)
    if text is None:
        return None
    if is_percentage(text):
        reader.report(f"`max` is an absolute amount, got '{text}'", value, f"`increase: {text}` limits the growth")
        return None
    amount = _parsed(reader, value, lambda: parse_amount(metric, text), _unit_help(metric, text))
    if amount is None:
        return None
    return Limit(metric, defaults.pattern, amount, None, 0, defaults.level, defaults.message, text, key.mark)


def _growth(
    reader: Reader, metric: str, key: Scalar, value: Value, floor: Value | None, defaults: Defaults
) -> Limit | None:
    if metric in ON_CHIP:
        hint = f"write what the microcontroller has: `{metric}: 320 KiB`; `peak_activation_bytes` has a baseline"
        reader.report(f"no baseline has the {METRICS[metric].label} of a microcontroller", key, hint)
        return None
    text = _amount_text(reader, metric, value)
    if text is None:
        return None
    hint = "write it like 5%; `floor` takes an absolute amount"
    increase = _parsed(reader, value, lambda: parse_increase(text), hint)
    amount = 0
    if floor is not None:
        floor_text = _amount_text(reader, metric, floor)
        if floor_text is None:
            return None
        least = _parsed(reader, floor, lambda: parse_amount(metric, floor_text), _unit_help(metric, floor_text))
        if least is None:
            return None
        amount = least
        text += f", floor {floor_text}"
    if increase is None:
        return None
    return Limit(metric, defaults.pattern, None, increase, amount, defaults.level, defaults.message, text, key.mark)


def _amount_text(reader: Reader, metric: str, value: Value) -> str | None:
    """The text of a scalar amount; expressions, nulls and booleans are none."""
    if isinstance(value, Scalar) and value.value is not None and not isinstance(value.value, bool):
        text = value.text.strip()
        if text and not text.startswith("$"):
            return text
    hint = "expressions are not read in budgets" if isinstance(value, Scalar) and value.text.startswith("$") else ""
    example = f"{_example(metric)}, or 5% of growth"
    reader.report(f"a limit of {metric} is an amount such as {example}, got {brief(value)}", value, hint)
    return None


def _parsed(reader: Reader, value: Value, parse: Callable[[], Any], hint: str) -> Any:
    try:
        return parse()
    except UnitError as error:
        reader.report(str(error), value, hint)
    return None


def _example(metric: str) -> str:
    return {BYTES: "64 MiB", TIME: "12 ms"}.get(METRICS[metric].unit, "4.1 G")


def _unit_help(metric: str, text: str) -> str:
    """For a number that lacks its unit: the same number with one."""
    if not text.replace(".", "", 1).isdigit():
        return ""
    hints = {BYTES: f"write `{text} MiB` if mebibytes are meant", TIME: f"write `{text} ms`"}
    return hints.get(METRICS[metric].unit, "")
