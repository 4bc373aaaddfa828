"""A short run of the byte mutator; ``python tests/trust/fuzzer.py --minutes 10`` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzzer

GENEROUS = 60  # CPU seconds of a case: a loaded machine must not fail it


@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.long) for first in (100, 200, 300))])
def test_no_case_ends_in_anything_but_a_verdict(first: int) -> None:
    assert fuzzer.trouble(first, 100, GENEROUS) == []


def test_a_case_is_made_from_its_number_alone() -> None:
    texts = fuzzer.corpus()
    assert [fuzzer.make(number, texts) for number in range(20)] == [fuzzer.make(number, texts) for number in range(20)]
    assert len({str(fuzzer.make(number, texts)) for number in range(50)}) == 50


def test_what_a_case_may_take_grows_with_the_layers_of_valid_models() -> None:
    """5 s for any input, 30 s for 900,000 layers, and what lies between in proportion."""
    assert fuzzer.allowed(0) == 5
    assert fuzzer.allowed(900_000) == 30
    assert fuzzer.allowed(450_000) == 5 + 25 / 2
    assert fuzzer.allowed(2 * 900_000, 10) == 10 + 2 * 50


def test_layers_of_what_is_wrong_give_no_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beside a file that is no text, 90,000 layers of a valid model are counted; those of a wrong one are not."""
    valid = b"archcost: 1\ninput: [3]\nlayers: [{repeat: 90000, relu: }]\n"
    found = []
    monkeypatch.setattr(fuzzer, "allowed", lambda layers, seconds: found.append(layers) or seconds)
    for text in (valid, valid + b"outputs: [x]\n"):
        case = fuzzer.Case({"a.yaml": text, "b.yaml": b"\xff"}, ["analyze", "a.yaml", "b.yaml"])
        assert fuzzer.run(case, str(tmp_path), 60) == ""
    assert [layers for layers in found if layers != fuzzer.MOST_MODELS * fuzzer.LONG_LAYERS] == [90_000, 0]


def test_the_fuzzer_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    case = fuzzer.make(1, fuzzer.corpus())

    def crash() -> None:
        raise KeyError("lost")

    def spin() -> None:
        while True:
            pass

    def write() -> None:
        sys.stdout.write("\x1b[31m")

    def refuse() -> None:
        sys.exit(3)

    for main, words in ((crash, "KeyError"), (write, "control"), (refuse, "exit code 3")):
        monkeypatch.setattr("archcost.cli.main", main)
        assert words in fuzzer.run(case, str(tmp_path), 0.2)
    monkeypatch.setattr("archcost.cli.main", spin)
    assert "CPU seconds" in fuzzer.run(case, str(tmp_path), 0.02)
