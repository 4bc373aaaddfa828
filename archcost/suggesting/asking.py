"""The command line that asks the same of a model: `archcost suggest` with the settings that a report was made under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.yaml_values import value_text
from archcost.settings import input_text

if TYPE_CHECKING:
    from typing import Any

    from archcost.settings import Settings


def asked_of(settings: Settings, set_by: str = "--set") -> list[str]:
    """The options that make a model another one than its spec: params, inputs, batch and dtypes."""
    words = [word for name, value in settings.params.items() for word in (set_by, f"{name}={_typed(value)}")]
    words += [word for name, shape in settings.inputs.items() for word in ("--input", input_text(name, shape))]
    words += ["--batch", str(settings.batch)] if settings.batch != 1 else []
    return words + [word for name, dtype in settings.dtypes.items() for word in (f"--{name.replace('_', '-')}", dtype)]


def _typed(value: Any) -> str:
    """A value as ``--set`` reads it."""
    return value_text(tuple(value) if isinstance(value, list) else value, flow=False)
