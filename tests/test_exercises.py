"""docs/exercises.md answers every question of courses that tests/data/exercises.csv lists, and its sums are right.

That the outputs are those of the commands is tested with the other pages.
"""

from __future__ import annotations

import ast
import csv
import operator
import re
from fractions import Fraction
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
ROWS = list(csv.DictReader((ROOT / "tests" / "data" / "exercises.csv").read_text(encoding="utf-8").splitlines()))
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SUM = re.compile(r"(?<![\w.,·/−+-])([\d,.()]+(?:\s?[·+−/]\s?[\d,.()]+)+) = ([\d,.]*\d)")
SHARE = re.compile(r"([\d,]+) \(([\d.]+) %\)")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def sections() -> dict[tuple[str, str], str]:
    """The text below each heading of a question, by the headings of its course and itself."""
    found = {}
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        course, *questions = re.split(r"^### ", part, flags=re.MULTILINE)
        for question in questions:
            heading, _, text = question.partition("\n")
            found[course.splitlines()[0], heading] = text
    return found


def value(text: str) -> Fraction:
    """What a sum of the page comes to, exactly."""

    def of(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            result: Fraction = OPERATORS[type(node.op)](of(node.left), of(node.right))
            return result
        assert isinstance(node, ast.Constant)
        return Fraction(str(node.value))

    for ours, pythons in ((",", ""), ("·", "*"), ("−", "-")):
        text = text.replace(ours, pythons)
    return of(ast.parse(text.strip(), mode="eval").body)


def prose() -> str:
    """The page without what is computed when it is made, each paragraph on one line."""
    return CONSOLE.sub("", PAGE).replace("\n", " ")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["section"])
def test_every_question_is_answered_by_a_command(row: dict[str, str]) -> None:
    (text,) = [text for (course, heading), text in sections().items() if heading == row["section"]]
    outputs = [line for block in CONSOLE.findall(text) for line in block.splitlines() if not line.startswith("$ ")]
    for answer in row["answer"].split("; "):
        found = re.compile(rf"(?<![\d,.]){re.escape(answer)}(?![\d,]*\d)")
        assert any(found.search(line) for line in outputs), answer


def test_every_question_of_the_page_is_in_the_table() -> None:
    asked = list(sections())
    assert [row["section"] for row in ROWS] == [heading for _, heading in asked]
    assert all(
        course.startswith(("The " + row["course"], row["course"])) for (course, _), row in zip(asked, ROWS, strict=True)
    )


def test_sums_add_up() -> None:
    sums = SUM.findall(prose())
    assert len(sums) >= 30
    assert [(left, right) for left, right in sums if value(left) != value(right)] == []


def test_shares_are_those_of_gpt2_xl() -> None:
    total = 1_753_351_782_400
    shares = SHARE.findall(sections()["CS336: Language Modeling from Scratch", ROWS[-2]["section"]].replace("\n", " "))
    assert [float(share) for _, share in shares] == [57.4, 28.7, 9.2, 4.7]
    assert all(round(100 * value(figure) / total, 1) == Fraction(share) for figure, share in shares)
    assert sum(value(figure) for figure, _ in shares) == total


def test_the_training_run_of_the_cookbook() -> None:
    """QKV, scores, values, output and MLP in 4 passes, the output layer in 3: 51.06 ZFLOPs."""
    width, layers, length, vocabulary, tokens = 6144, 44, 2048, 51_200, 300 * 10**9
    blocks = layers * (2 * 3 * width**2 + 2 * 2 * width * length + 2 * width**2 + 16 * width**2) * tokens * 4
    assert round(2 * 3 * width**2 * layers * tokens * 4 / 1e21, 2) == 11.96
    assert round((blocks + 6 * width * vocabulary * tokens) / 1e21, 2) == 51.06


def test_a_sum_that_is_wrong_is_found() -> None:
    first, second = ("5·5·8 + 8", "209"), ("(224 − 11)/4 + 1", "54.25")
    assert SUM.findall(f"take {first[0]} = 209 of {second[0]} = 54.25") == [first, second]
    assert (value("5·5·8 + 8"), value("(224 − 11)/4 + 1")) == (208, Fraction("54.25"))
