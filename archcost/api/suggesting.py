"""What would make a model cheaper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.api.hardware import device_in
from archcost.api.models import report_of
from archcost.errors import CallError
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.hardware.device import Device
    from archcost.suggesting.goals import Goal
    from archcost.suggesting.suggestion import Suggestions


def suggest(
    spec: AnySpec | Report,
    *,
    goal: str = "macs",
    target: str | None = None,
    at: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    boldness: str | None = None,
    device: str | os.PathLike[str] | Device | None = None,
    top: int | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
) -> Suggestions:
    """What would make a model cheaper: rewrites known from papers, where they apply, and what each saves.

    ``goal`` is what is to become less: ``macs``, ``params``, ``memory`` (to run), or ``latency@4090``, the time that is
    predicted on a device. With a ``target``, what is to be left (``"50%"``, ``"5 M"``, ``"64 MiB"``, ``"8 ms"``), the
    plan of the result comes to it, if suggestions can. ``at`` are patterns of paths, ``only`` names of rewrites;
    ``boldness`` is how far they may go: ``exact``, ``gentle`` or ``bold``; without it all are told of, and ``"all"``
    are those that are not bold. A ``device`` adds the predicted time to what
    is told. ``top`` is how many are listed. All else is as of :func:`archcost.analyze`.

    ``suggest("inception_naive").apply([1])`` is the text of the spec with the first of them. No shape outside of what
    is rewritten changes, and all figures are those that ``analyze`` has of the rewritten spec.
    Raises UsageError for words, patterns and devices that there are not, and what :func:`archcost.analyze` raises.
    """
    from archcost.suggesting.making import SuggestionFilter, suggestions_of

    wanted = SuggestionFilter(_several(at, "at"), _several(only, "only"), boldness)
    settings = Settings(params or {}, batch, False, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype)
    asked = _goal(goal, device)
    return suggestions_of(report_of(spec, settings), asked, wanted, target=target, shown=top)


def _goal(word: str, device: str | os.PathLike[str] | Device | None) -> Goal:
    from archcost.suggesting.goals import Goal as GoalType
    from archcost.suggesting.goals import read_goal

    chosen = None if device is None else device_in(device)
    metric, name = read_goal(word, chosen)
    named = device_in(name) if name else chosen
    if chosen is not None and named is not None and named.name != chosen.name:
        raise CallError(f"the goal is a latency on {named.name}, and the device is {chosen.name}", "name one of them")
    return GoalType(metric, named)


def _several(given: str | Sequence[str], option: str) -> tuple[str, ...]:
    """Words with commas between them, or one each; raises CallError for one that is empty."""
    words = [given] if isinstance(given, str) else given
    found = tuple([part.strip() for word in words for part in word.split(",")])
    if not all(found):
        raise CallError(f"--{option} got an empty name", "leave the option out to look at all")
    return found
