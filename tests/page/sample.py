"""A document archcost.page/1 of a model, and the file around it, as small as the page's tests need them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import archcost
from archcost.analysis.tree import Tree, build_tree, stem
from archcost.graph.model import tensor_bytes

PAGE = Path(archcost.__file__).parent / "render" / "page"
METRICS = [
    {"name": "macs", "label": "MACs", "unit": "operations"},
    {"name": "params", "label": "params", "unit": "count"},
    {"name": "weight_bytes", "label": "weights", "unit": "bytes"},
    {"name": "activation_bytes", "label": "activations", "unit": "bytes"},
]


class Nodes:
    """The nodes of a report, equal rounds folded."""

    def __init__(self, report: Any) -> None:
        self.report = report
        self.nodes: list[dict[str, Any]] = []
        self.at: dict[str, int] = {}  # node by path of a layer or scope
        self._add([build_tree(report)], None, 0, 1)
        self._edges()

    def _add(self, same: list[Tree], parent: int | None, depth: int, rounds: int) -> None:
        first, times = same[0], len(same) * rounds
        layer = first.layer
        node = {
            "name": first.name if len(same) == 1 else f"{first.name} … {same[-1].name}",
            "path": first.path,
            "op": layer.op if layer else None,
            "parent": parent,
            "depth": depth,
            "times": len(same),
            "figures": [getattr(first.costs, metric["name"]) * times for metric in METRICS],
            "input": [list(shape) for shape in layer.node.signature.input_shapes] if layer else [],
            "output": [list(shape) for shape in first.output],
            "line": layer.line if layer else None,
            "file": None,
            "detail": None,
            "edges": None if layer else [],
        }
        if parent is None:
            node["name"] = self.report.name
        index = len(self.nodes)
        self.nodes.append(node)
        for tree in same:
            self.at[tree.path] = index
        siblings = list(first.children.values())
        while siblings:
            group = [
                each
                for each in siblings
                if each is siblings[0] or (stem(each.name) == stem(siblings[0].name) and siblings[0].equals(each))
            ]
            group = siblings[: next((i for i, each in enumerate(siblings) if each not in group), len(siblings))]
            self._add(group, index, depth + 1, times)
            siblings = siblings[len(group) :]

    def node_of(self, path: str) -> list[int]:
        """The nodes at and around a path, the innermost first."""
        parts = path.split(".")
        return [self.at[key] for cut in range(len(parts), 0, -1) if (key := ".".join(parts[:cut])) in self.at] + [0]

    def _edges(self) -> None:
        found: dict[int, dict[tuple[int | None, int | None], int]] = {}
        for layer in self.report.layers:
            target = self.node_of(layer.path)
            for source_path, kind in zip(layer.inputs, layer.node.signature.inputs, strict=False):
                source = [0] if source_path in self.report.inputs else self.node_of(source_path)
                common = next(each for each in target if each in source)
                below = target[target.index(common) - 1] if target[0] != common else None
                above = source[source.index(common) - 1] if source[0] != common else None
                if below == above:
                    continue
                edges = found.setdefault(common, {})
                edges[above, below] = max(edges.get((above, below), 0), tensor_bytes(kind))
        for scope, edges in found.items():
            self.nodes[scope]["edges"] = [[a, b, size] for (a, b), size in edges.items()]


def model_of(name: str) -> tuple[dict[str, Any], Nodes]:
    report = archcost.analyze(name)
    nodes = Nodes(report)
    totals = report.totals
    memory = json.loads(json.dumps(archcost.memory(name).to_dict()))
    labels = [nodes.node_of(layer["path"])[0] for layer in memory["layers"]]
    steps = [layer["live_bytes"] for layer in memory["layers"]]
    peak = steps.index(max(steps))
    alive = [[nodes.node_of(each["path"])[0], each["bytes"], each["role"]] for each in memory["at_peak"]]
    fixed = [
        {"label": "weights", "bytes": memory["weight_bytes"]},
        {"label": "KV cache", "bytes": memory["cache_bytes"]},
    ]
    int4 = [{"label": "weights in int4", "bytes": memory["weight_bytes"] // 8}, fixed[1]]
    run = {
        "name": "inference",
        "label": "as it stands",
        "fixed": fixed,
        "steps": steps,
        "peak": peak,
        "alive": {"sets": [alive], "of": [0 if step == peak else None for step in range(len(steps))]},
        "limit": None,
    }
    document = {
        "name": report.name,
        "path": name,
        "source": "",
        "params": {},
        "batch": report.batch,
        "dtype": report.dtype,
        "inputs": [{"name": key, "shape": list(shape)} for key, shape in report.inputs.items()],
        "outputs": [],
        "cards": [
            {
                "label": "params",
                "value": f"{totals.params / 1e6:.1f} M",
                "exact": f"{totals.params:,}",
                "parts": [],
                "state": None,
            },
            {
                "label": "MACs",
                "value": f"{totals.macs / 1e9:.2f} G",
                "exact": f"{totals.macs:,}",
                "parts": [],
                "state": None,
            },
        ],
        "totals": {},
        "metrics": METRICS,
        "nodes": nodes.nodes,
        "details": [],
        "lines": [],
        "timeline": {"labels": labels, "runs": [run, run | {"name": "int4", "label": "int4 weights", "fixed": int4}]},
    }
    return document, nodes


def document_of(*names: str) -> dict[str, Any]:
    """The document of a model, or of two with their nodes paired by path."""
    made = [model_of(name) for name in names]
    comparison = None
    if len(made) == 2:
        before = {node["path"]: index for index, node in enumerate(made[0][0]["nodes"])}
        after = {node["path"] for node in made[1][0]["nodes"]}
        pairs: list[list[int | None]] = [
            [before.get(node["path"]), index] for index, node in enumerate(made[1][0]["nodes"])
        ]
        pairs += [[index, None] for path, index in before.items() if path not in after]
        comparison = {"pairs": pairs}
    return {
        "schema": "archcost.page/1",
        "tool": {},
        "models": [each for each, _ in made],
        "comparison": comparison,
        "device": None,
        "sweep": None,
    }


def html_of(document: dict[str, Any]) -> str:
    """One file with a strict policy."""
    css, vendor, script = [(PAGE / name).read_text(encoding="utf-8") for name in ("page.css", "vendor.js", "page.js")]
    text = json.dumps(document, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    style, *scripts = [
        "sha256-" + base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (css, vendor, script)
    ]
    policy = (
        f"default-src 'none'; style-src '{style}'; script-src {' '.join(repr(each) for each in scripts)}; img-src data:"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>page</title>'
        f"<style>{css}</style></head><body>"
        f'<main id="archcost-page"></main><script type="application/json" id="archcost-data">{text}</script>'
        f"<script>{vendor}</script><script>{script}</script></body></html>"
    )
