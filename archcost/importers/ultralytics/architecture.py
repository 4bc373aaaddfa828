"""The text of a model YAML of Ultralytics → the spec that says its rows in blocks of the zoo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import Diagnostic, Source, SpecError, shortened, suggestion
from archcost.importers.form import Worded
from archcost.importers.keys import SIZE
from archcost.importers.layout import Label, Spread, Tall, Text, laid_out
from archcost.importers.sources import title_of
from archcost.importers.ultralytics.modules import HEADS, KERNELS
from archcost.importers.ultralytics.rows import COPIES, FileFacts, ModuleRow, step
from archcost.importers.ultralytics.scaling import FACTOR, Scaling
from archcost.importers.ultralytics.values import WAY_OUT, fitting, meant, refused
from archcost.spec.document import Mapping, Sequence, parse_document
from archcost.spec.vocabulary import VERSION

if TYPE_CHECKING:
    from archcost.importers.layout import Node
    from archcost.spec.document import Value

_KEYS = (
    "nc", "scales", "scale", "depth_multiple", "width_multiple", "anchors", "kpt_shape", "activation", "ch", "channels",
    "backbone", "head",
)  # fmt: skip
_HARMLESS = ("names", "task", "yaml_file", "stride")  # which change no figure
_FACTORS = ("depth_multiple", "width_multiple")
_ACTIVATIONS = (None, "nn.SiLU()", "torch.nn.SiLU()")
_SIDE = {"Classify": 224}  # of the image that models of a task are published for
_USUAL_SIDE = 640
_SHOWN = 60  # characters of a name in a message
_MOST_ROWS = 10_000
_MOST_MODULES = 10_000  # in all rows: each may have dozens of layers, and a spec a million
_ROW = "it is a list of rows, such as [-1, 1, Conv, [64, 3, 2]]"
_ABSENT = {"nc": "say how many classes it tells apart: `nc: 80`", "backbone": _ROW, "head": _ROW}  # keys of each file


def spec_text(text: str, path: str) -> str:
    """The text of the spec of a model YAML that stands at ``path``, without ``expect``.

    Raises SpecError, with the places of all that is not understood in the file.
    """
    root, problems = parse_document(Source(path, text))
    if problems:
        raise SpecError(problems)
    if not isinstance(root, Mapping):
        raise SpecError([Diagnostic("a model YAML is a mapping", root.mark)])
    _check_keys(root)
    values = {name: value for name, (_, value) in root.entries.items()}
    rows = _rows(values)
    if rows[-1].name not in HEADS:
        raise refused("the last row is no head that is known here", rows[-1].module, f"heads are {', '.join(HEADS)}")
    anchors = _anchors(values.get("anchors"))
    scaling = _scaling(values, path, "nc" if anchors is None else f"{anchors[0]} * (nc + 5)")
    facts = FileFacts(scaling, [row.name for row in rows], anchors, _points(values.get("kpt_shape")))
    _need_few(rows, scaling.deepest)
    layers = Tall([step(row, facts) for row in rows])
    classes = fitting(values["nc"], SIZE, "'nc'", _ABSENT["nc"])
    side = _SIDE.get(rows[-1].name, _USUAL_SIDE)
    resolution = Worded("resolution")
    parts: dict[str, Node] = {
        "archcost": VERSION,
        "name": Text(title_of(path, "model")),
        "source": Text("a model YAML of Ultralytics"),
        "include": Text("zoo:blocks/yolo"),
        "params": Spread({"nc": classes, "resolution": side} | scaling.all_params),
        "input": (_channels(values), resolution, resolution),
        "layers": Tall([{"id": Label("model"), "layers": layers}]),
    }
    return laid_out(parts)


def _check_keys(root: Mapping) -> None:
    """Raise SpecError for keys that are not known, or that mean what has no blocks."""
    problems = []
    for name, (written, _) in root.entries.items():
        if name not in _KEYS and name not in _HARMLESS:
            message = f"the key '{shortened(name, _SHOWN)}' is not known here, and may change the architecture"
            close = suggestion(shortened(name, _SHOWN), _KEYS, "keys")
            notes = (close,) if close.startswith("did you mean") else ()
            problems.append(Diagnostic(message, written.mark, WAY_OUT, notes))
    missing = {name: hint for name, hint in _ABSENT.items() if name not in root.entries}
    if not problems:  # else it may be what is misspelt
        problems = [Diagnostic(f"the model YAML has no '{name}'", root.mark, hint) for name, hint in missing.items()]
    if problems:
        raise SpecError(problems)
    if "activation" in root.entries:
        value = root.entries["activation"][1]
        if meant(value) not in _ACTIVATIONS:
            raise refused("an activation other than nn.SiLU() is not known here", value)


def _rows(values: dict[str, Value]) -> list[ModuleRow]:
    """The rows of backbone and head; raises SpecError with the places of all that are none."""
    rows: list[ModuleRow] = []
    problems: list[Diagnostic] = []
    index = 0
    for part in ("backbone", "head"):
        listed = values[part]
        if not isinstance(listed, Sequence):
            raise refused(f"'{part}' is a list of rows", listed, "such as [-1, 1, Conv, [64, 3, 2]]")
        for value in listed.items:
            if index == _MOST_ROWS:
                raise refused(f"the model has more than {_MOST_ROWS:,} rows", value)
            try:
                rows.append(ModuleRow(value, index))
            except SpecError as error:
                problems += error.diagnostics
            index += 1
    if problems:
        raise SpecError(problems)
    if not rows:
        raise refused("the model has no rows", values["backbone"], "such as [-1, 1, Conv, [64, 3, 2]]")
    return rows


def _need_few(rows: list[ModuleRow], deepest: float) -> None:
    """Raise SpecError at the row that makes them too many modules, at the scale that has the most."""
    modules = 0.0
    for row in rows:
        modules += row.number * deepest
        if modules > _MOST_MODULES:
            words = f"the rows down to this one have more than {_MOST_MODULES:,} modules"
            raise refused(words, row.how_many, COPIES)


def _scaling(values: dict[str, Value], path: str, fixed: str) -> Scaling:
    """How sizes are scaled; what is not scaled is the text of an expression."""
    scaling = Scaling(fixed)
    factors = [name for name in _FACTORS if name in values]
    if "scales" in values:
        if factors:
            raise refused("a file has 'scales', or factors for one scale", values[factors[0]], "leave one out")
        scaling.by_scale(values["scales"], values.get("scale"), path)
    elif factors:
        scaling.by_factors(
            *[fitting(values[name], FACTOR, f"'{name}'") if name in values else 1.0 for name in _FACTORS]
        )
    return scaling


def _channels(values: dict[str, Value]) -> int:
    """The channels of the image."""
    given = [fitting(values[name], SIZE, f"'{name}'") for name in ("ch", "channels") if name in values]
    return int(given[0]) if given else 3


def _anchors(value: Value | None) -> list[int] | None:
    """How many anchors each map has, or all of them; None without."""
    if value is None or meant(value) is None:
        return None
    plain = meant(value)
    if SIZE.fits(plain):
        return [plain]
    pairs = isinstance(plain, list) and all(isinstance(each, list) and each and len(each) % 2 == 0 for each in plain)
    if not pairs or not plain:
        raise refused("'anchors' takes their number, or a list of widths and heights for each map", value)
    return [len(each) // 2 for each in plain]


def _points(value: Value | None) -> int:
    """The numbers of a pose: of key points, times those of each."""
    if value is None:
        return 0
    points, numbers = fitting(value, KERNELS, "'kpt_shape'")
    return int(points * numbers)
