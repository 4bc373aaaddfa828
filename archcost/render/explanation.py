"""Explanations and stories as documents: a field for every figure, with its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.explaining.data import explanation_data
from archcost.explaining.overview_data import story_data
from archcost.render import explanation_sentences as sentences
from archcost.render.cell_text import known_total, layers_text, shape_cell, unknown_notes
from archcost.render.document import Field, Gap, Heading, Line, Records, branches_of
from archcost.render.explanation_records import ExplanationRecord, explanation_records, story_records
from archcost.render.suggestion_words import cheaper_command, cheaper_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archcost.explaining.equations import Equation, Explanation, FieldView, Part
    from archcost.explaining.overview import Share, Story
    from archcost.render.document import Block, TreeLine

_MOST_PARTS = 12  # where the reader's patience has a limit


class ExplanationDocument(NamedTuple):
    """A layer, or a scope as the sum of its parts."""

    explanation: Explanation

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A heading, and a field for every figure."""
        explanation = self.explanation
        yield Heading(explanation.path, sentences.details(explanation))
        if explanation.about:
            yield Line(explanation.about, indent=0)
        yield Gap()
        parts = sentences.working_parts(explanation)
        shown = parts if most is None else parts[:_MOST_PARTS]
        yield from map(_part, shown)
        if len(shown) < len(parts):
            yield Line(f"… and {len(parts) - len(shown)} more")
        if parts:
            yield Gap()
        for equation in explanation.equations:
            yield _equation(equation, named=sentences.names_parts(explanation, equation))
        yield from map(_seen, explanation.seen)
        if explanation.suggestion is not None:
            yield Field("cheaper", cheaper_text(explanation.suggestion, explanation))
            yield Field("see", cheaper_command(explanation.suggestion, explanation), level=2)

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row a figure: of the layer or scope itself, then of its parts."""
        return Records(ExplanationRecord._fields, explanation_records(self.explanation))

    def data(self) -> object:
        """What programs read."""
        return explanation_data(self.explanation)


class StoryDocument(NamedTuple):
    """A model: where its costs are."""

    story: Story

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A heading, and a field for each topic; where there is no limit, the sums of the largest params as well."""
        story, report = self.story, self.story.report
        shapes = f"{shape_cell(tuple(report.inputs.values()))} → {shape_cell(tuple(report.outputs.values()))}"
        yield Heading(report.name, f"{shapes} · {layers_text(report.totals.layers)}")
        yield Gap()
        macs, flops = (known_total(report, metric) for metric in ("macs", "flops"))
        yield Field("MACs", f"{macs}; FLOPs, with all other arithmetic, {flops}")
        for note in unknown_notes(report):
            yield Field("unknown", note, level=2)
        for share in story.macs:
            yield _share(share, sentences.macs_share(share, story))
        yield from _params(story, most)
        yield Field("memory", sentences.memory_text(story))
        if story.peak.path:
            yield Field("held there", sentences.holders_text(story), level=2)
        yield Field("memory-bound", sentences.bound_text(story))
        if story.counted:
            yield Field("depth", sentences.depth_text(story))
        yield Field("receptive field", sentences.seen_story(story))

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row a figure: of the model, and of the parts that it tells of."""
        return Records(ExplanationRecord._fields, story_records(self.story))

    def data(self) -> object:
        """What programs read."""
        return story_data(self.story)


def _part(part: Part) -> Field:
    return Field(part.name, sentences.part_text(part), sentences.part_formula(part), sentences.part_note(part))


def _equation(equation: Equation, *, named: bool) -> Field:
    text = sentences.equation_text(equation, named=named)
    formula = sentences.equation_formula(equation, named=named)
    return Field(equation.label, text, formula, sentences.equation_note(equation))


def _seen(seen: FieldView) -> Field:
    note = sentences.seen_note(seen)
    return Field("receptive field", sentences.seen_text(seen), sentences.seen_formula(seen), note)


def _params(story: Story, most: int | None) -> Iterator[Field]:
    """The params, and their largest parts: in a line where there is a limit, else each with its sum."""
    text, shares = sentences.params_text(story), sentences.params_shares(story)
    if most is None:
        yield Field("params", text)
        for share in story.params:
            yield _share(share, sentences.params_share(share, story))
    else:
        yield Field("params", f"{text}: {shares}" if shares else text)


def _share(share: Share, part: str) -> Field:
    """A part with its share of the whole, and the sum of its figure."""
    return Field(share.path, f"{part}: {sentences.share_text(share)}", sentences.share_formula(share), part, level=2)
