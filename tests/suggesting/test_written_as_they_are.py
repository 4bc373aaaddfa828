"""Specs with line ends of other systems, tabs and other odd texts, changed and written; and onto themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

SPEC = """archcost: 1
name: net
source: somebody
input: [192, 28, 28]
layers:
  - {id: wide, conv2d: {out_channels: 32, kernel_size: 5, padding: 2}}
  - relu # a comment
"""
MACS = 28 * 28 * 32 * 5 * 5 * 192
REDUCED = 28 * 28 * 16 * (192 + 5 * 5 * 32)
ODD = {
    "plain": SPEC,
    "CRLF": SPEC.replace("\n", "\r\n"),
    "CR alone": SPEC.replace("\n", "\r"),
    "a tab in a flow": SPEC.replace("wide, ", "wide,\t"),
    "a tab before a comment": SPEC.replace(" #", "\t#"),
    "no last line end": SPEC.rstrip(),
    "a byte order mark, and CRLF": "\ufeff" + SPEC.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_is_written_is_read_again(text: str, run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_bytes(text.encode())
    assert archcost.analyze(tmp_path / "net.yaml").totals.macs == MACS
    assert run("suggest", "net.yaml", "--apply", "1", "-o", "less.yaml", cwd=tmp_path).code == 0
    assert archcost.analyze(tmp_path / "less.yaml").totals.macs == REDUCED
    written = (tmp_path / "less.yaml").read_bytes()
    assert written.count(b"\r\n") == (written.count(b"\n") if "\r\n" in text else 0)
    shown = run("suggest", "net.yaml", "--apply", "1", cwd=tmp_path).out
    (tmp_path / "shown.yaml").write_text(shown, encoding="utf-8")
    assert archcost.analyze(tmp_path / "shown.yaml").totals.macs == REDUCED


def test_a_changed_model_has_the_source_of_another_in_a_comment(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    assert run("suggest", "net.yaml", "--apply", "1", "-o", "net.yaml", cwd=tmp_path).code == 0
    written = (tmp_path / "net.yaml").read_text(encoding="utf-8")
    assert "# made of net: somebody\n" in written
    assert archcost.load(tmp_path / "net.yaml").source == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.yaml"]
