"""The figures that an import expects are its own: no message calls them published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost.analysis.sources import SourceKind, parse_source
from archcost.spec.vocabulary import AS_IMPORTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

# 8·4 + 4 params, of which a person has made 8·5 + 5.
EDITED = """archcost: 1
name: net
source: nets:build (torch 2.14.1), input 8
input: [8]
layers:
  - linear: 5
expect: {output: [1, 5], params: 36, source: SOURCE}
"""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("as imported", "params are 45, as imported 36"),
        ("arXiv:1512.03385, Table 1", "params are 45, published 36 (arXiv:1512.03385, Table 1)"),
    ],
)
@pytest.mark.parametrize("command", [["verify"], ["check", "--expect"]])
def test_an_edited_import_is_held_against_what_was_imported(
    command: list[str], source: str, told: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(EDITED.replace("SOURCE", f'"{source}"'))
    result = run(*command, str(path))
    assert result.code == 1
    assert told in result.out
    assert f"({AS_IMPORTED})" not in result.out


def test_nothing_outside_vouches_for_what_was_imported() -> None:
    assert parse_source(AS_IMPORTED).kind is SourceKind.own_count
