"""Suggestions as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict, cast

from archcost.analysis.data import ReceptiveFieldData, spec_data
from archcost.documents import Count, Envelope, Positive, SpecData, envelope
from archcost.suggesting.goals import figure_names
from archcost.timing.data import PredictedData, predicted_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.suggesting.goals import Saved
    from archcost.suggesting.rewrite import Rewrite
    from archcost.suggesting.suggestion import Suggestion, Suggestions, Together

Bold = Literal["exact", "gentle", "bold"]


class RewriteData(Envelope):
    """A rewrite: what it does, where it was shown, and what is reported of its accuracy, if anything is."""

    name: str
    title: str
    does: str
    boldness: Bold
    training: str
    paper: str
    accuracy: str | None


class SavedData(TypedDict):
    """Figures of a model, or what is saved of each, below 0 of what is added; a time only with a device."""

    params: int
    macs: int
    run_bytes: int
    predicted_latency: NotRequired[int]


class AlternativeData(TypedDict):
    """What may stand in the place of a suggestion."""

    number: str
    rewrite: str
    title: str
    path: str
    places: Positive
    boldness: Bold
    saved: SavedData


class SuggestionData(AlternativeData):
    """A rewrite at the layers of ``paths``, and the model with it alone; fields are null where there are none."""

    does: str
    note: str | None
    paths: list[str]
    training: str
    paper: str
    accuracy: str | None
    after: SavedData
    receptive_field: list[ReceptiveFieldData | None]
    alternatives: list[AlternativeData]


class TogetherData(TypedDict):
    """Several suggestions at once, by their numbers; ``left_out`` are those that do not go with the others."""

    numbers: list[str]
    left_out: list[str]
    after: SavedData
    saved: SavedData


class TargetData(TypedDict):
    """What may be left of the goal's figure, and whether it is come to."""

    asked: str
    allowed: Count
    reached: bool


class AlreadyData(TypedDict):
    """What the model has already of a rewrite, in words of the first of so many places."""

    rewrite: str
    title: str
    text: str
    places: Positive


class SuggestionsData(Envelope):
    """What would make a model cheaper, the largest saving first; ``together`` are all, or those of the target.

    ``found`` counts the suggestions, of which ``suggestions`` may be the first. Of ``places`` that rewrites apply to
    so many were ``tried``. ``small`` counts those that save so little of the goal that they are not told of.
    """

    spec: SpecData
    batch: Positive
    dtype: str
    goal: str
    device: str | None
    before: SavedData
    predicted: NotRequired[PredictedData]
    target: TargetData | None
    places: Count
    tried: Count
    found: Count
    small: Count
    suggestions: list[SuggestionData]
    together: Annotated[TogetherData | None, "Null where nothing is suggested."]
    already: list[AlreadyData]


def suggestions_data(found: Suggestions) -> SuggestionsData:
    """The JSON form."""
    goal, target = found.goal, found.target
    document: dict[str, Any] = {
        **envelope("suggest"),
        "spec": spec_data(found.report),
        "batch": found.report.batch,
        "dtype": found.report.dtype,
        "goal": goal.word,
        "device": None if goal.device is None else goal.device.name,
        "before": saved_data(found.before),
        **({} if goal.device is None else {"predicted": predicted_data(goal.predicted(found.report))}),
        "target": None
        if target is None
        else {"asked": target.text, "allowed": target.allowed, "reached": found.reached},
        "places": found.looked.found,
        "tried": found.looked.tried,
        "found": len(found.found),
        "small": found.looked.small,
        "suggestions": [suggestion_data(one) for one in found.listed],
        "together": _together(found.plan, found) if found.found else None,
        "already": [
            {"rewrite": one.rewrite.name, "title": one.rewrite.title, "text": one.text, "places": one.places}
            for one in found.already
        ],
    }
    return cast("SuggestionsData", document)


def suggestion_data(one: Suggestion) -> SuggestionData:
    """A suggestion with its alternatives."""
    rewrite = one.rewrite
    return {
        **brief_data(one),
        "does": rewrite.does,
        "note": one.site.note or None,
        "paths": list(one.site.paths),
        "training": rewrite.boldness.value,
        "paper": rewrite.paper,
        "accuracy": rewrite.accuracy or None,
        "after": saved_data(one.after),
        "receptive_field": list(map(_field, one.fields)),
        "alternatives": list(map(brief_data, one.alternatives)),
    }


def brief_data(one: Suggestion) -> AlternativeData:
    """What a suggestion is, where, and what it saves."""
    return {
        "number": one.number,
        "rewrite": one.rewrite.name,
        "title": one.title,
        "path": one.path,
        "places": one.times,
        "boldness": _bold(one.rewrite),
        "saved": saved_data(one.saved),
    }


def rewrites_data(rewrites: Sequence[type[Rewrite]]) -> list[RewriteData]:
    """All rewrites."""
    return [
        {
            **envelope("rewrites"),
            "name": one.name,
            "title": one.title,
            "does": one.does,
            "boldness": _bold(one),
            "training": one.boldness.value,
            "paper": one.paper,
            "accuracy": one.accuracy or None,
        }
        for one in rewrites
    ]


def saved_data(figures: Saved) -> SavedData:
    """Figures, or what is saved of them."""
    return cast("SavedData", {name: figures.of(name) for name in figure_names(figures)})


def _bold(rewrite: type[Rewrite]) -> Bold:
    return cast("Bold", rewrite.boldness.name.lower())


def _field(field: ReceptiveField | None) -> ReceptiveFieldData | None:
    return None if field is None else cast("ReceptiveFieldData", field.to_dict())


def _together(plan: Together, found: Suggestions) -> TogetherData:
    return {
        "numbers": [one.number for one in plan.suggestions],
        "left_out": [one.number for one in plan.left_out],
        "after": saved_data(plan.after),
        "saved": saved_data(found.before.less(plan.after)),
    }
