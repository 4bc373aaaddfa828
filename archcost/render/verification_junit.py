"""Verifications as JUnit XML: a suite for each spec, a case for each layer and one for the model as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from archcost.render.times import time_cell
from archcost.render.verdict_junit import xml_text
from archcost.render.verification_clock import clock_remarks
from archcost.render.verification_rows import count_cell, rate_cell
from archcost.render.verification_words import verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.verification import LayerCheck, Verification, VerificationOutcome

_MODEL = "the model"


def to_junit(outcomes: Sequence[VerificationOutcome]) -> str:
    """The document; what is only declared is skipped, and says so."""
    root = ET.Element("testsuites", name="archcost verify")
    for outcome in outcomes:
        suite = ET.SubElement(root, "testsuite", name=outcome.name)
        if outcome.verification is None:
            _case(suite, outcome.name, _MODEL, [diagnostic.message for diagnostic in outcome.diagnostics])
        else:
            _cases(suite, outcome.name, outcome.verification)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return xml_text(root)


def _cases(suite: ET.Element, name: str, verification: Verification) -> None:
    messages: dict[str, list[str]] = {_MODEL: [], **{layer.path: [] for layer in verification.layers}}
    for mismatch in verification.mismatches:
        messages[mismatch.path if mismatch.path in messages else _MODEL].append(str(mismatch))
    whole = _case(suite, name, _MODEL, messages[_MODEL])
    said = [verdict(verification)] if verification.ok and not verification.proved else []
    said += clock_remarks(verification.clock) if verification.clock is not None else []
    if said:
        ET.SubElement(whole, "system-out").text = "\n".join(said)
    if not verification.agreeing and not messages[_MODEL]:
        ET.SubElement(whole, "skipped", message=verdict(verification))
    if verification.clock is not None:
        seconds = verification.clock.latency.total.median
        suite.set("time", f"{seconds:.9f}")
        whole.set("time", f"{seconds:.9f}")
    unproved = verification.against.unproved if verification.against is not None else {}
    for layer in verification.layers:
        case = _case(suite, name, layer.path, messages[layer.path])
        if layer.declared and not layer.mismatches:
            ET.SubElement(case, "skipped", message="declared: nothing verifies it")
        elif layer.path in unproved and not messages[layer.path]:
            ET.SubElement(case, "skipped", message=unproved[layer.path])
        if layer.time is not None:
            case.set("time", f"{layer.time.timing.median:.9f}")
            ET.SubElement(case, "system-out").text = _figures(layer)


def _case(suite: ET.Element, classname: str, name: str, messages: list[str]) -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=classname, name=name)
    if messages:
        ET.SubElement(case, "failure", message=messages[0]).text = "\n".join(messages)
    return case


def _figures(layer: LayerCheck) -> str:
    """The three counts, and the clock beside them."""
    seconds = layer.time.timing.median if layer.time else None
    reason = f", {layer.time.reason}" if layer.time and layer.time.reason else ""
    fvcore, torch = (count_cell(macs).text for macs in (layer.fvcore_macs, layer.torch_macs))
    counts = f"MACs {layer.macs:,}, fvcore {fvcore}, torch {torch}"
    rate = f", {rate_cell(layer.macs, seconds)} GMAC/s" if layer.macs else ""
    return f"{counts}, {time_cell(seconds)}{rate}{reason}"
