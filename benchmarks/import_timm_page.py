"""docs/import-coverage.md: what came of each model of timm, from the results of benchmarks/import_timm.py."""

from __future__ import annotations

from statistics import median
from textwrap import wrap
from typing import Any

INTRODUCTION = """
Every model of timm {timm} is imported at the input of its configuration, as `archcost analyze timm:NAME` does, and
analysed. Its params and MACs are held against a count without archcost: a fresh model is run on the meta device under
torch {torch}, whose FlopCounterMode counts the products, and the elements of the parameters that any function takes are
added up; at batch 1, and the products at batch 2 again. *Exact* is equal to the unit. That every layer is the model's,
with its shapes, is a part of [each import](import.md#how-it-works-and-why-it-can-be-trusted). `python -m
benchmarks.import_timm` makes this page: it goes on where it stopped, and runs models again whose names or patterns
stand behind it.
"""
UNEQUAL = ("wrong", "differs", "not counted", "refused")  # verdicts that need a reason

Result = dict[str, Any]


def verdict(result: Result) -> str:
    """One word for what came of a model."""
    if "refused" in result:
        return "refused"
    if "uncounted" in result:
        return "not counted"
    if result["our_params"] != result["params"]:
        return "wrong" if not result["customs"] else "differs"
    if result["our_macs"] != result["macs"]:
        return "differs" if result["lower_bound"] or _is_blind(result) else "wrong"
    return "exact"


def _is_blind(result: Result) -> bool:
    """Whether the importer says itself that the counter does not see all products."""
    return any("counter" in remark for remark in result["remarks"])


def page(found: dict[str, Result]) -> str:
    """docs/import-coverage.md."""
    import timm
    import torch

    by: dict[str, list[Result]] = {}
    for result in found.values():
        by.setdefault(verdict(result), []).append(result)
    exact, imported = by.get("exact", []), [each for each in found.values() if "refused" not in each]
    also = [each for each in exact if each["our_macs_of_2"] == each["macs_of_2"]]
    rows = [
        (f"models that have a result, of {len(timm.list_models()):,}", len(found)),
        ("params and MACs equal an independent count, to the unit", len(exact)),
        ("the same at batch 2", len(also)),
        ("every step is an op (no `custom`)", sum(not each["customs"] for each in imported)),
        ("in blocks, with the figures of the flat form", sum(each["folded"] for each in imported)),
        ("silently wrong", len(by.get("wrong", []))),
        ("refused, with the reason", len(by.get("refused", []))),
    ]
    lines = [
        "# What of timm is imported",
        "",
        *_paragraph(INTRODUCTION.strip().format(timm=timm.__version__, torch=torch.__version__.partition("+")[0])),
        "| what | models |",
        "| :-- | --: |",
        *[f"| {what} | {number:,} |" for what, number in rows],
        "",
    ]
    if imported:
        size, steps = (median(each[what] for each in imported) for what in ("lines", "steps"))
        lines += _paragraph(f"A spec has {size:g} lines in the median, for {steps:g} steps.")
    lines += _apart(by, also)
    lines += [
        "## Every model",
        "",
        "| model | input | params | MACs | lines | steps | |",
        "| :-- | :-- | --: | --: | --: | --: | :-- |",
    ]
    for name, result in found.items():
        if "refused" in result:
            lines.append(f"| {name} | | | | | | refused |")
            continue
        macs = f"{'≥ ' * result['lower_bound']}{result['our_macs']:,}"
        cells = [name, result["input"], f"{result['our_params']:,}", macs, result["lines"], result["steps"]]
        lines.append(f"| {' | '.join(map(str, cells))} | {verdict(result)} |")
    return "\n".join(lines) + "\n"


def _paragraph(text: str) -> list[str]:
    return [*wrap(text, 120, break_long_words=False, break_on_hyphens=False), ""]


def _apart(by: dict[str, list[Result]], also: list[Result]) -> list[str]:
    """What is not exact, and why."""
    rows = [(each["model"], word, _why(each)) for word in UNEQUAL for each in by.get(word, [])]
    held = {each["model"] for each in also}
    rows += [
        (each["model"], "at batch 1 alone", f"{each['our_macs_of_2']} for {each['macs_of_2']}")
        for each in by.get("exact", [])
        if each["model"] not in held
    ]
    if not rows:
        return []
    cells = [f"| {model} | {word} | {why.replace('|', '/')} |" for model, word, why in rows]
    return ["## What is not exact", "", "| model | | what |", "| :-- | :-- | :-- |", *cells, ""]


def _why(result: Result) -> str:
    if told := result.get("refused") or result.get("uncounted"):
        return str(told)
    pairs = [f"{name} {result[f'our_{name}']:,} of {result[name]:,}" for name in ("params", "macs")]
    return f"{', '.join(pairs)}; custom: {', '.join(result['customs']) or 'none'}"
