"""Ops as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from archcost.documents import Count, Envelope, envelope

if TYPE_CHECKING:
    from archcost.explaining.op_reference import OpReference


class OpAttributeData(TypedDict):
    """An attribute; its default as a spec writes it, null where it is required or ``inferred`` from the input.

    ``symbol`` is what formulas call it, if they do.
    """

    name: str
    takes: str
    default: str | None
    symbol: str | None
    about: str
    inferred: bool


class OpFormulaData(TypedDict):
    """A figure of the example, as a formula in plain text and in LaTeX."""

    figure: str
    formula: str
    latex: str


class OpData(Envelope):
    """An op: its reference, an example that can be analysed, and torch's page, null where torch has none.

    ``most_inputs`` is null for any number. ``layout`` is that of the inputs, in words, empty where they are of any.
    """

    kind: str
    family: str
    about: str
    text: str
    least_inputs: Count
    most_inputs: Count | None
    layout: str
    attributes: list[OpAttributeData]
    formulas: list[OpFormulaData]
    example: str
    page: str | None


def op_data(reference: OpReference) -> OpData:
    """The JSON form of an op."""
    op = reference.op
    return {
        **envelope("ops"),
        "kind": reference.kind,
        "family": reference.family,
        "about": reference.about,
        "text": reference.text,
        "least_inputs": op.min_inputs,
        "most_inputs": op.max_inputs,
        "layout": reference.layout,
        "attributes": [
            {
                "name": one.name,
                "takes": one.takes,
                "default": one.default or None,
                "symbol": one.symbol or None,
                "about": one.about,
                "inferred": one.inferred,
            }
            for one in reference.attributes
        ],
        "formulas": [
            {"figure": label, "formula": formula.text(), "latex": formula.latex()}
            for label, formula in reference.formulas
        ],
        "example": reference.example.text(),
        "page": reference.page or None,
    }
