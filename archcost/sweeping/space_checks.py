"""Whether a file with a space is right: what it says, its spec, what it varies, its condition. No design is costed.

numpy is not needed for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import ArgumentError, Diagnostic, SpecError, UsageError, suggestion
from archcost.figures import METRICS
from archcost.sweeping.axes import make_space
from archcost.sweeping.space_file import read_space_file
from archcost.sweeping.where_text import PARAM, read_condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.settings import Settings
    from archcost.spec.model import Spec
    from archcost.sweeping.space_file import SpaceFile


def check_space_file(path: str, settings: Settings, load: Callable[[str], Spec]) -> Spec:
    """The spec of a space in a file; raises SpecError for what is wrong with the file, each problem at its place.

    ``load`` reads a spec by its name. What its designs cost, and which of them are invalid, a sweep alone tells.
    """
    file = read_space_file(path)
    spec = load(file.spec)
    try:
        make_space(spec, settings._replace(params={**file.params, **settings.params}), file.wishes, file.name)
        _check_condition(file, spec)
    except ArgumentError as error:
        raise SpecError([_at_condition(file, error.diagnostic)]) from None
    except UsageError as error:
        raise SpecError([Diagnostic(f"{path}: {error.message}", None, error.help)]) from None
    return spec


def _check_condition(file: SpaceFile, spec: Spec) -> None:
    """Raise ArgumentError for a condition that cannot be read, and for a name in it that means nothing."""
    if not file.where:
        return
    expression = read_condition(file.where, METRICS, lambda _: 1).expression
    known = {*METRICS, *spec.params}
    for name in sorted(expression.names):
        written = name.removeprefix(PARAM)
        if name not in known and written not in known:
            hint = suggestion(written, sorted(known), "metrics and params")
            raise ArgumentError(Diagnostic(f"'{written}' is no metric and no param", expression.mark, hint))


def _at_condition(file: SpaceFile, problem: Diagnostic) -> Diagnostic:
    """A problem of the condition by its place in the file; any other has its place already."""
    mark = problem.mark
    if mark is None or mark.source.name == file.path or file.where_at is None:
        return problem
    return problem._replace(mark=file.where_at)
