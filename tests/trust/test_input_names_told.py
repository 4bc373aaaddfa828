"""Who gives shapes without names to a model of several inputs is told the names, or where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

TWO = """archcost: 1
name: two
inputs: {ids: {shape: [8], dtype: int64}, mask: [8]}
layers:
  - {embedding: {num_embeddings: 9, embedding_dim: 4}, from: ids}
  - {linear: 4, from: mask}
  - {add, from: [embedding, linear]}
"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--input", "16"), "two has the inputs ids, mask\nhelp: name one of them: `--input ids=16`"),
        (
            ("--input", "16", "--input", "16"),
            "`--input image=3x224x224 --input ids=128:int64`; `archcost analyze MODEL`",
        ),
        (("--input", "idz=16"), "did you mean 'ids'?"),
    ],
)
def test_a_shape_without_a_name(words: tuple[str, ...], told: str, run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    result = run("analyze", str(path), *words)
    assert result.code == 2
    assert told in result.err.replace("\n  ", " ")


def test_the_table_shows_the_names(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    assert "ids 1×8 int64, mask 1×8" in run("analyze", str(path)).out
