"""Long documents are made and written a piece at a time, and are the same as in one piece."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.indented_json import Stream
from archcost.render import exit as way_out
from archcost.render.exit import write_file, write_out
from archcost.spec.loader import loads
from archcost.strict_json import json_pieces, json_text, plain_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = ["##[error]", "::error::", "\x1b[2K", "\x7f", "é\u202e", "\ud800", "100%", "%s", ""]


def document(values: list[Any]) -> dict[str, Any]:
    return {
        "name": "é##",
        "values": Stream(lambda: iter(values)),
        "more": [{"empty": Stream(lambda: iter([]))}],
        "x": 1,
    }


def whole(values: list[Any]) -> dict[str, Any]:
    return {"name": "é##", "values": values, "more": [{"empty": []}], "x": 1}


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1000])
def test_pieces_are_the_whole(count: int) -> None:
    values = [
        {"path": f"{k}{ODD[k % len(ODD)]}", "sizes": [[k] * (k % 12), {}], ODD[k % len(ODD)]: [1.5, None, True]}
        for k in range(count)
    ]
    text = json_text(document(values))
    assert text == json_text(whole(values))
    assert json.loads(text) == plain_data(whole(values))


def test_what_json_cannot_say_is_mended_where_it_stands() -> None:
    values = [{"x": float("inf")}, {"x": "\ud800"}, {"x": [float("-inf")]}, {"x": 0.5}]
    assert json.loads(json_text(document(values)))["values"] == [
        {"x": ".inf"},
        {"x": "\\ud800"},
        {"x": ["-.inf"]},
        {"x": 0.5},
    ]


def test_a_piece_of_a_report_holds_few_layers() -> None:
    """3,000 layers of 250 to 500 characters: at most 256 in a piece, which is made when it is written."""
    text = "archcost: 1\nname: long\ninput: [8]\nlayers: [{repeat: 3000, linear: {out_features: $(8 + i)}}]\n"
    pieces = list(json_pieces(archcost.analyze(loads(text)).document()))
    assert len("".join(pieces)) > 3000 * 250
    assert max(map(len, pieces)) < 256 * 500


def test_items_are_made_one_after_the_other_while_they_are_written() -> None:
    made = 0

    def items() -> Iterator[dict[str, int]]:
        nonlocal made
        for k in range(10_000):
            made += 1
            yield {"k": k}

    ahead = 0
    written = 0
    for piece in json_pieces({"items": Stream(items)}):
        written += piece.count('"k"')
        ahead = max(ahead, made - written)
    assert made == written == 10_000
    assert ahead == 0


class _Kept(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return super().write(text)


@pytest.mark.parametrize("size", [1, 3, 40, 10_000])
def test_parts_that_leave_are_whole_lines(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a text is cut, a command of a log that lies across a cut is found."""
    monkeypatch.setattr(way_out, "PART", 32)
    text = "line\n::error::no\n  ##[group]x\n" * 20 + "the last line has no end: ##vso[x]"
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    kept = _Kept()
    monkeypatch.setattr(sys, "stdout", kept)
    write_out(text)
    in_one_piece, kept.parts = "".join(kept.parts), []
    write_out(iter(pieces))
    assert "".join(kept.parts) == in_one_piece
    assert "##" not in in_one_piece
    assert "\n::" not in in_one_piece
    assert all(part.endswith("\n") for part in kept.parts[:-1])
    assert max(map(len, kept.parts)) <= max(32, size) + 64
    write_file(iter(pieces), str(tmp_path / "out"), "text")
    assert (tmp_path / "out").read_text(encoding="utf-8") == in_one_piece
