"""The values of options: the settings of an analysis, and shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost import named_specs
from archcost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.named_specs import SpecResult


def settings_of(
    params: Sequence[str] | None,
    *,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
) -> Settings:
    """The settings that options ask for; ``params`` are the words of ``--set``. Raises UsageError."""
    return Settings(parse_params(params or ()), batch, training, dtype, weight_dtype)


def analyze_all(names: Sequence[str], settings: Settings) -> list[SpecResult]:
    """A result for every spec that the names stand for, with a bar for many of them."""
    from archcost.render.progress import progress

    return named_specs.analyze_all(names, settings, lambda paths: progress(paths, "analysing"))


def validate_all(names: Sequence[str], settings: Settings) -> list[SpecResult]:
    """The problems of every spec that the names stand for, with a bar for many of them."""
    from archcost.render.progress import progress

    return named_specs.validate_all(names, settings, lambda paths: progress(paths, "checking"))


def parse_params(words: Sequence[str], option: str = "--set") -> dict[str, Any]:
    """``--set name=value`` with values as YAML reads them; raises UsageError."""
    from archcost.errors import Source, SpecError, UsageError
    from archcost.spec.document import parse_document

    params = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} takes name=value, got '{word}'")
        try:
            value, problems = parse_document(Source(option, text))
        except SpecError as error:
            raise UsageError(f"{option} {word}: {error.diagnostics[0].message}") from None
        if problems:
            raise UsageError(f"{option} {word}: {problems[0].message}")
        params[name.strip()] = value.plain()
    return params


def parse_share(text: str, option: str) -> Any:
    """A relative difference: a percentage, or a fraction of 1; raises UsageError."""
    from archcost.errors import UsageError
    from archcost.quantities import UnitError, parse_count, parse_percent

    try:
        share = parse_percent(text) if text.rstrip().endswith("%") else parse_count(text)
    except UnitError:
        share = None
    if share is None or not 0 <= share <= 1:
        raise UsageError(f"{option} takes a share such as 0.01 or 1%, got '{text}'")
    return share
