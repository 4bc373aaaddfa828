"""Pages of models of the zoo, made once in a session; what they are made of is for reading."""

from __future__ import annotations

from functools import cache

from archcost.render.page.page import Page
from tests.shared import zoo_report


@cache
def zoo_page(*names: str) -> Page:
    """The page of a model as it is by default, or of two."""
    return Page(list(map(zoo_report, names)))


@cache
def zoo_html(*names: str) -> str:
    """The file of it."""
    return zoo_page(*names).html
