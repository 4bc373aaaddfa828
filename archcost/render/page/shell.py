"""The file around a page: a policy that lets nothing in, what is seen without a script, the data, and the script."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zlib
from functools import cache
from typing import TYPE_CHECKING

from archcost.errors import shortened
from archcost.figures import BYTES, TIME
from archcost.files import read_named
from archcost.printable import harmless, one_line
from archcost.render.page.page_script import PARTS, joined
from archcost.render.page.page_text import safe_text
from archcost.render.printers.latex import TEXT_SIGNS
from archcost.strict_json import compact_json
from archcost.tex import ACCENTS, LETTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.page.page_data import (
        CardData,
        NodeData,
        PageData,
        PageDeviceData,
        PageMetricData,
        PageModelData,
        PageSweepData,
    )

STYLES = ("page.css",)  # beside this module
_UNSAFE = re.compile("[<>&\u2028\u2029]|#(?=#)")  # and what a log of a CI host takes for a command
_OTHERS = re.compile(r"[^\n\x20-\x7e]")
_MOST_ASSET = 2**22
_MOST_PLAIN = 2**17  # characters of a document that stand there as they are
_COMMENT = re.compile(r"^[ ]*(?:/\*.*?\*/|//[^\n]*)$", re.MULTILINE | re.DOTALL)  # in lines of its own
_MOST_ROWS = 60  # of the table without a script
_WIDE = '<div class="wide" role="region" aria-label="Table" tabindex="0">'  # scrolls by itself on a narrow screen
_MOST_TEXT = 80  # letters of what an axis sets
_COLUMNS = ("params", "macs", "training_macs", "weight_bytes", "activation_bytes", "time_ns")


def html_of(data: PageData, pictures: Sequence[str]) -> str:
    """One file: nothing in it is fetched, and nothing in it runs but the scripts whose hashes it names.

    It is in ASCII, so that no encoding changes a script behind its hash.
    ``pictures`` are SVG of ours, one for each model, or one of a sweep.
    """
    styles = [_asset(name) for name in STYLES]
    scripts = [_asset("vendor.js"), _script()]
    title = _title(data)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hashes(styles)}",
            f"script-src {_hashes(scripts)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<meta name="generator" content="archcost {safe_text(data["tool"]["version"])}">',
        f"<title>{safe_text(title)} · archcost</title>",
        *[f"<style>{text}</style>" for text in styles],
        '</head>\n<body>\n<main id="archcost-page">',
        f"<h1>{safe_text(title)}</h1>",
        *[
            _static(model, name, picture, data["device"])
            for model, name, picture in zip(data["models"], _names(data), pictures[: len(data["models"])], strict=True)
        ],
        *([_static_sweep(data["sweep"], pictures[-1])] if data["sweep"] else []),
        "</main>",
        _data(data),
        *[f"<script>{text}</script>" for text in scripts],
        "</body>\n</html>\n",
    ]
    text = "\n".join(parts)
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode()


def _title(data: PageData) -> str:
    """What the page is of: the names of its models, and what runs where it is no pass over whole inputs."""
    if data["sweep"]:
        return data["sweep"]["name"]
    runs = {model["run"] for model in data["models"]}
    return ", ".join([" → ".join(_names(data)), *filter(None, runs if len(runs) == 1 else ())])


def _names(data: PageData) -> list[str]:
    """What the models are called: two are told apart."""
    return data["comparison"]["labels"] if data["comparison"] else [model["name"] for model in data["models"]]


def _data(data: PageData) -> str:
    """The document in a script that does not run: as JSON, or a long one compressed, in base64."""
    text = compact_json(data)
    if len(text) <= _MOST_PLAIN:
        return f'<script type="application/json" id="archcost-data">{escaped(text)}</script>'
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return f'<script type="application/octet-stream" id="archcost-data" data-packed="deflate">{packed}</script>'


def escaped(text: str) -> str:
    """JSON in ASCII in which there is no end of a script, of a comment or of a line."""
    return in_ascii(_UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def in_ascii(text: str) -> str:
    r"""JSON or a script whose other letters, which are within its strings, are escapes: \u00d7 for a ×."""
    return text if text.isascii() else _OTHERS.sub(lambda match: _escape(match[0]), text)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


@cache
def _asset(name: str) -> str:
    """A file of the page as it leaves: in ASCII, made harmless as all that is printed, and hashes are of that."""
    text = _file(name)
    if name in STYLES:
        return _leaving(_OTHERS.sub(lambda match: f"\\{ord(match[0]):x} ", lean(text)))
    return _leaving(in_ascii(text))


@cache
def _script() -> str:
    """The script of ours as it leaves: its parts, joined."""
    tables = {"LATEX_SIGNS": TEXT_SIGNS, "LATEX_LETTERS": LETTERS, "LATEX_ACCENTS": ACCENTS}
    constants = [f"const {name} = {compact_json(table)};" for name, table in tables.items()]
    return _leaving(in_ascii(lean(joined([*constants, *[_file(f"script/{name}.js") for name in PARTS]]))))


def _file(name: str) -> str:
    folder = os.path.dirname(os.path.realpath(__file__))
    return read_named(os.path.join(folder, *name.split("/")), _MOST_ASSET).decode()


def _leaving(text: str) -> str:
    return harmless("\n" + text)


def lean(text: str) -> str:
    """A script or style sheet of ours without comments in lines of their own and indents; no text in it spans lines."""
    lines = map(str.strip, _COMMENT.sub("", text).splitlines())
    return "\n".join(filter(None, lines)) + "\n"


def _hashes(texts: Sequence[str]) -> str:
    found = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{each}'" for each in found) or "'none'"


def _static(model: PageModelData, name: str, picture: str, device: PageDeviceData | None) -> str:
    """What is seen without a script, and printed: headlines, the picture, and the largest scopes and layers."""
    changed = " ".join(f"{name}={model['params'][name]}" for name in model["set_params"])
    told = [model["run"], *model["about"], device["title"] if device else "", changed]
    about = " · ".join(filter(None, told))
    return "\n".join(
        [
            f'<section class="static" aria-label="{safe_text(name)}">',
            f"<h2>{safe_text(name)}</h2>",
            f'<p class="quiet">{safe_text(about)}</p>',
            f'<p class="quiet source">{safe_text(one_line(model["source"]))}</p>' if model["source"] else "",
            '<div class="cards">',
            *map(_card, model["cards"]),
            "</div>",
            f'<div class="picture">{picture}</div>',
            _table(model, name),
            *[f'<p class="quiet">{safe_text(note)}</p>' for note in (*model["notes"], *model["timeline"]["notes"])],
            "</section>",
        ]
    )


def _card(card: CardData) -> str:
    state = f' data-state="{card["state"]}"' if card["state"] else ""
    parts = "".join(
        f'<li title="{safe_text(part["exact"])}"><span>{safe_text(part["label"])}</span> '
        f"<span>{safe_text(part['value'])}</span></li>"
        for part in card["parts"]
    )
    return (
        f'<div class="card"{state}><div class="card-label">{safe_text(card["label"])}</div>'
        f'<div class="card-value" title="{safe_text(card["exact"])}">{safe_text(card["value"])}</div>'
        + (f'<ul class="card-parts">{parts}</ul>' if parts else "")
        + "</div>"
    )


def _table(model: PageModelData, name: str) -> str:
    """The tree down to the level that stays within some rows."""
    names = [metric["name"] for metric in model["metrics"]]
    shown = [(names.index(name), model["metrics"][names.index(name)]) for name in _COLUMNS if name in names]
    depths = [node["depth"] for node in model["nodes"]]
    fitting = [level for level in set(depths) if sum(depth <= level for depth in depths) <= _MOST_ROWS]
    level = max([1, *fitting])
    heads = "".join(f'<th scope="col" class="num">{_heading(metric)}</th>' for _, metric in shown)
    rows = []
    for node in model["nodes"]:
        if 1 <= node["depth"] <= level:
            times = f" ×{node['times']}" if node["times"] > 1 else ""
            cells = "".join(f'<td class="num">{_known(node, place)}</td>' for place, _ in shown)
            shapes = ", ".join(map(_shape, node["output"]))
            indent = "\u2003" * (node["depth"] - 1)
            rows.append(
                f'<tr><th scope="row">{indent}{safe_text(node["name"])}{times}</th>'
                f"<td>{safe_text(node['op'] or node.get('block', ''))}</td><td>{shapes}</td>{cells}</tr>"
            )
    total = "".join(f'<td class="num">{_known(model["nodes"][0], place)}</td>' for place, _ in shown)
    return (
        f"{_WIDE}<table><caption>{safe_text(name)}, layer by layer</caption>"
        f'<thead><tr><th scope="col">layer</th>'
        f'<th scope="col">op</th><th scope="col">output</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f'<tfoot><tr><th scope="row">total</th><td></td><td></td>{total}</tr></tfoot></table></div>'
    )


def _heading(metric: PageMetricData) -> str:
    """What a column is of, with the unit of its figures where they are no counts."""
    unit = {BYTES: "bytes", TIME: "ns"}.get(metric["unit"], "")
    return safe_text(metric["label"]) + (f" ({unit})" if unit and not metric["label"].endswith(unit) else "")


def _static_sweep(sweep: PageSweepData, picture: str) -> str:
    """The same of a space of designs: its headlines, the picture, and designs, those on the front first."""
    rows = sorted(sweep["rows"], key=lambda row: "front" not in row)[:_MOST_ROWS]
    heads = "".join(f'<th scope="col" class="num">{_heading(metric)}</th>' for metric in sweep["metrics"])
    axes = "".join(f'<th scope="col">{safe_text(name)}</th>' for name in sweep["axes"])
    body = "".join(
        "<tr>"
        + "".join(f"<td>{safe_text(shortened(text, _MOST_TEXT))}</td>" for text in row["at"])
        + "".join(f'<td class="num">{"–" if each is None else _figure(each)}</td>' for each in row["figures"])
        + f"<td>{'●' if 'front' in row else safe_text(row.get('note', ''))}</td></tr>"
        for row in rows
    )
    caption = f"{len(rows):,} of {len(sweep['rows']):,} designs"
    head = f'<thead><tr>{axes}{heads}<th scope="col">front</th></tr></thead>'
    return "\n".join(
        [
            f'<section class="static" aria-label="{safe_text(sweep["name"])}">',
            f'<p class="quiet">{safe_text(sweep["about"])}</p>',
            '<div class="cards">',
            *map(_card, sweep["cards"]),
            "</div>",
            f'<div class="picture">{picture}</div>',
            f"{_WIDE}<table><caption>{caption}</caption>{head}<tbody>{body}</tbody></table></div>",
            *[f'<p class="quiet">{safe_text(note)}</p>' for note in sweep["notes"]],
            "</section>",
        ]
    )


def _known(node: NodeData, place: int) -> str:
    """A figure of a layer or scope, at least that where some of it is not known."""
    return "≥ " * (place in node.get("unknown", ())) + _figure(node["figures"][place])


def _figure(value: int | str | None) -> str:
    return "unknown" if value is None else f"{int(value):,}" if int(value) else "–"


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "scalar"
