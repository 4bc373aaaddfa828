"""A short run of the byte mutator; ``python tests/trust/fuzzer.py --minutes 10`` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzzer

GENEROUS = 60  # CPU seconds of a case: a loaded machine must not fail it


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_no_case_ends_in_anything_but_a_verdict(first: int) -> None:
    assert fuzzer.trouble(first, 100, GENEROUS) == []


def test_a_case_is_made_from_its_number_alone() -> None:
    texts = fuzzer.corpus()
    assert [fuzzer.make(number, texts) for number in range(20)] == [fuzzer.make(number, texts) for number in range(20)]
    assert len({str(fuzzer.make(number, texts)) for number in range(50)}) == 50


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

    for main, words in ((crash, "KeyError"), (spin, "CPU seconds"), (write, "control"), (refuse, "exit code 3")):
        monkeypatch.setattr("archcost.cli.main", main)
        assert words in fuzzer.run(case, str(tmp_path), 0.2)
