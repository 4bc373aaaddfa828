"""The document in its page: short as it is, long packed, and nothing in it that ends an element."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest

from archcost.render.page.packed_data import MOST_PLAIN, data_element

ELEMENT = re.compile(r'<script type="([a-z/]+)" id="archcost-data"( data-encoding="gzip")?>([^<>&]*)</script>')


def _read(element: str) -> Any:
    match = ELEMENT.fullmatch(element)
    assert match is not None
    text = gzip.decompress(base64.b64decode(match[3])) if match[2] else match[3]
    return json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["", "</script><script>alert(1)</script>", "<!--", "&lt;", "\u2028\u2029", "##[error]", "\x1b[31m"],
)
@pytest.mark.parametrize("length", [1, 40_000])
def test_any_text_comes_back(text: str, length: int) -> None:
    document = {"text": text, "more": [text] * length}
    assert _read(data_element(document)) == document


def test_short_documents_stand_as_they_are() -> None:
    rest = MOST_PLAIN - len('{"a":""}')
    assert "gzip" not in data_element({"a": "x" * rest})
    assert 'data-encoding="gzip"' in data_element({"a": "x" * (rest + 1)})


def test_packed_twice_it_is_the_same() -> None:
    document = {"a": list(range(40_000))}
    assert data_element(document) == data_element(document)
