"""A verdict as JUnit XML: a suite for each spec, a case for each limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from archcost.budget.verdict_sentences import sentence, what
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.printable import one_line
from archcost.render.verdict_text import full_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.budget.verdict import Finding, Verdict
    from archcost.errors import Diagnostic

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPED = (Status.INCONCLUSIVE, Status.NOT_MEASURED, Status.NEW, Status.RENAMED, Status.GONE)


def to_junit(verdict: Verdict) -> str:
    """The document; what could not be judged is an error, a warning or stale baseline passes with its words."""
    root = ET.Element("testsuites", name="archcost check")
    for spec in verdict.specs:
        _suite(root, spec.name, spec.path, spec.findings, spec.diagnostics, verdict=verdict)
    for path in verdict.left_out:
        suite = ET.SubElement(root, "testsuite", name=_clean(one_line(path)))
        ET.SubElement(_case(suite, path, "can be judged", {}), "skipped", message="it holds only blocks")
        _count(suite)
    if verdict.findings or verdict.diagnostics:
        _suite(root, "archcost", "archcost", verdict.findings, verdict.diagnostics, verdict=verdict)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    return xml_text(root)


def _suite(
    root: ET.Element,
    name: str,
    path: str,
    findings: Sequence[Finding],
    diagnostics: Sequence[Diagnostic],
    *,
    verdict: Verdict,
) -> None:
    suite = ET.SubElement(root, "testsuite", name=_clean(path))
    names: dict[str, int] = {}
    for diagnostic in diagnostics:
        place = f"{diagnostic.mark}: " if diagnostic.mark else ""
        case = _case(suite, name, "can be judged", names)
        text = "\n".join(part for part in (f"{place}{diagnostic.message}", diagnostic.help) if part)
        ET.SubElement(case, "error", message=_clean(diagnostic.message), type="error").text = _clean(text)
    for finding in findings:
        _judged(_case(suite, name, _name(finding), names), finding, verdict=verdict)
    if not findings and not diagnostics:
        ET.SubElement(_case(suite, name, "has limits", names), "skipped", message="there are no limits to judge")
    _count(suite)


def _count(suite: ET.Element) -> None:
    """Write how many cases a suite has, and how they ended."""
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")


def _case(suite: ET.Element, model: str, name: str, names: dict[str, int]) -> ET.Element:
    """A case; a name that appears twice in a suite gets a number, because readers tell cases apart by their names."""
    names[name] = names.get(name, 0) + 1
    number = f" ({names[name]})" if names[name] > 1 else ""
    return ET.SubElement(suite, "testcase", classname=_clean(one_line(model)), name=_clean(name + number), time="0")


def _name(finding: Finding) -> str:
    """What is judged, without its result."""
    if finding.rule is Rule.BASELINE:
        return f"baseline of {finding.name}"
    if finding.rule is Rule.EXPECT:
        return f"expected {what(finding)}" if finding.metric else "expected figures"
    if finding.rule is Rule.UNUSED or finding.limit is None:
        return "budgets are of use"
    growth = "growth of " if finding.rule is Rule.GROWTH else ""
    level = ", warning" if finding.limit.level == "warn" else ""
    return one_line(f"{growth}{what(finding)} ≤ {finding.limit.text}{level}")


def _judged(case: ET.Element, finding: Finding, *, verdict: Verdict) -> None:
    text = sentence(finding)
    full = full_text(finding, verdict=verdict) + (f"\n--> {finding.mark}" if finding.mark else "")
    if finding.status is Status.FAIL:
        ET.SubElement(case, "failure", message=_clean(text), type=finding.rule.value).text = _clean(full)
    elif finding.status in _SKIPPED or finding.lacks_baseline or finding.cause is Cause.NOT_ASKED:
        ET.SubElement(case, "skipped", message=_clean(text))
    elif finding.status is not Status.OK:
        ET.SubElement(case, "system-out").text = _clean(full)


def xml_text(root: ET.Element) -> str:
    """A document that says it is in UTF-8, whatever the machine's encoding: elsewhere it leaves in ASCII."""
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _clean(text: str) -> str:
    """Text without the characters that XML has no way to write."""
    return _NOT_XML.sub("\ufffd", text)
