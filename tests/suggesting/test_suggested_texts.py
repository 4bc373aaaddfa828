"""The text of changed specs, to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost.analysis.report import analyze
from archcost.spec.loader import loads
from archcost.suggesting.edits import LocalChange
from archcost.suggesting.grounds import grounded
from archcost.suggesting.places import JointChange
from archcost.suggesting.rewrites.convolutions import Reduction
from archcost.suggesting.rewriting import rewritten
from archcost.suggesting.yaml_text import UnwritableError
from tests.suggesting.text_cases import CASES, CONV, PREFIX, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.suggesting.edits import Edit

GONE = {  # lines that go, where more do than there are changed layers
    "attributes in lines": 2,
    "blocks in braces": 3,
    "a block in a block": 1,
    "figures that it expects": 4,
    "no blocks": 2,
    "recursion, the innermost": 3,
}
COMMENT = f"# {Reduction.title}: {Reduction.paper}\n"


def changed(text: str, edits: dict[str, Edit]) -> str:
    """The text of a spec with layers changed, by their paths; it is read again, and all others have their shapes."""
    graph = analyze(loads(text)).graph
    index = {node.path: number for number, node in enumerate(graph.nodes)}
    change = LocalChange({index[path]: edit for path, edit in edits.items()})
    return rewritten(grounded(graph), [JointChange(Reduction, (change,))]).text


def outcome(name: str) -> str:
    """What becomes of a case: the text below its first lines, or why there is none."""
    case = CASES[name]
    try:
        text = changed(PREFIX + case.body, case.edits)
    except UnwritableError as error:
        return f"refused: {error}\n"
    head = COMMENT + PREFIX
    assert text.startswith(head)
    return text.removeprefix(head).replace(COMMENT, "# the paper\n")


def test_steps_are_changed_where_they_stand(golden: Callable[[str, str], None]) -> None:
    parts = [f"==== {name}\n{case.body.rstrip()}\n----\n{outcome(name)}" for name, case in CASES.items()]
    golden("suggested_texts.txt", "\n".join(parts))


@pytest.mark.parametrize("name", CASES)
def test_lines_that_no_change_touches_stay_as_they_are(name: str) -> None:
    text = outcome(name)
    if text.startswith("refused"):
        return
    before, after = CASES[name].body.splitlines(), text.splitlines()
    gone = [line for line in before if line.strip() not in {other.strip() for other in after}]
    assert len(gone) <= GONE.get(name, len(CASES[name].edits)), gone


def test_line_ends_stay_as_they_are() -> None:
    text = changed((PREFIX + f"layers:\n  - {CONV}\n  - relu\n").replace("\n", "\r\n"), {"conv2d": SMALL})
    written = text.removeprefix(COMMENT)
    assert written.count("\n") == written.count("\r\n") > PREFIX.count("\n") + 3


def test_a_spec_in_braces_is_written_in_lines() -> None:
    text = '{"archcost":1,"input":[3,8,8],"blocks":{"unit":{"layers":["relu"]}},"layers":["unit",{"linear":4}]}'
    made = changed(text, {"linear": CASES["a value alone is the param of a block"].edits["linear"]})
    assert made.removeprefix(COMMENT).splitlines()[:6] == [
        "archcost: 1",
        'name: "<string>"',
        "input: [3,8,8]",
        "blocks:",
        '  unit: {"layers":["relu"]}',
        "",
    ]
