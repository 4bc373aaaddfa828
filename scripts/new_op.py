"""Begin a new op: its class, and its case. `make op NAME=softshrink_demo` does that, and says what is left to do.

python -m scripts.new_op NAME [FAMILY]
"""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

from archcost.ops import REGISTRY
from archcost.ops.base import SpatialOp
from archcost.ops.facets import FAMILIES, Keeps, Work
from archcost.spec.functions import FUNCTIONS
from archcost.spec.scalars import resolve
from archcost.spec.vocabulary import MODIFIERS, RESERVED, TOP_KEYS
from tests.ops.gaps import CASE_LISTS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SMALLEST = "(2, 6, 5, 4)"
KIND = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def begin(kind: str, family: str) -> list[str]:
    """Write the class and the case of a new op; what was written, as ``path:line``. Raises ValueError."""
    _check_kind(kind)
    if family not in CASE_LISTS:
        raise ValueError(
            f"'{family}' is no family of ops: {', '.join(name for name in FAMILIES if name in CASE_LISTS)}"
        )
    own = [op for op in REGISTRY.values() if op.family == family]
    plain = [op for op in own if op.keeps is not Keeps.OTHER]  # functions of one tensor
    module = _most(op.__module__ for op in plain or own)
    if hasattr(sys.modules[module], _class_name(kind)):
        raise ValueError(f"'{kind}' is no kind: {module} has the name {_class_name(kind)} already")
    path = ROOT / f"{module.replace('.', '/')}.py"
    before = path.read_text(encoding="utf-8").rstrip("\n")
    path.write_text(f"{before}\n\n\n{_class(kind, family, module)}", encoding="utf-8")
    return [_place(path, before.count("\n") + 4), _add_case(kind, family)]


def _check_kind(kind: str) -> None:
    """Raise ValueError for what specs, expressions, Python or YAML read as something else than the kind of an op."""
    if not KIND.fullmatch(kind):
        raise ValueError(f"'{kind}' is no kind: write the torch.nn class in snake case, or the function's name")
    taken = {
        "a step has a modifier of this name": MODIFIERS,
        "a spec has a key of this name": TOP_KEYS,
        "expressions have a value of this name": RESERVED - FUNCTIONS.keys(),  # `max` is a function and an op
        "Python uses this word itself": (*keyword.kwlist, *keyword.softkwlist),
    }
    for reason, words in taken.items():
        if kind in words:
            raise ValueError(f"'{kind}' is no kind: {reason}")
    if resolve(kind) != kind:
        raise ValueError(f"'{kind}' is no kind: YAML reads it as {resolve(kind)}, not as text")


def _class_name(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _most(names: Iterable[str]) -> str:
    return Counter(names).most_common(1)[0][0]


def _class(kind: str, family: str, module: str) -> str:
    """The class: of a function of each element all but what it is called and costs, of others what they have to say."""
    name = _class_name(kind)
    own = [op for op in REGISTRY.values() if op.family == family and op.__module__ == module]
    base = _most(op.__bases__[0].__name__ for op in own)
    if FAMILIES[family].work is Work.ELEMENTWISE:
        doc = '"""TODO: its formula; 1 FLOP per element, no MACs."""'
        return f'class {name}({base}, kind="{kind}", cost=1):\n    {doc}\n'
    spatial = issubclass(own[0], SpatialOp)
    given = f'SpatialOp, kind="{kind}", ndim=2' if spatial else f'Op, kind="{kind}"'
    return (
        f'class {name}({given}, family="{family}"):\n'
        '    """TODO: its output shape, as a formula; MACs, FLOPs."""\n\n'
        "    # TODO: attributes (fields.py); infer, weights, macs and flops if not the defaults of Op; reach\n"
    )


def _add_case(kind: str, family: str) -> str:
    """A case without attributes, at the end of those of the family."""
    path = ROOT / "tests" / "ops" / "cases.py"
    text = path.read_text(encoding="utf-8")
    line = _last_line(ast.parse(text), CASE_LISTS[family])
    lines = text.splitlines(keepends=True)
    indent = re.match(r" *", lines[line - 2])
    lines.insert(line - 1, f'{indent[0] if indent else ""}Case("{kind}", {{}}, ({SMALLEST},)),\n')
    path.write_text("".join(lines), encoding="utf-8")
    return _place(path, line)


def _last_line(module: ast.Module, name: str) -> int:
    """The line that closes the list of a name, or the one that the function of that name returns."""
    found: list[ast.expr] = []
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            found += [part.value for part in node.body if isinstance(part, ast.Return) and part.value]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [node.value] * any(isinstance(each, ast.Name) and each.id == name for each in targets)
    return found[-1].end_lineno or 0


def _place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def main() -> None:
    """What the arguments say; a message and exit code 2 for what cannot be."""
    kind, family = [*sys.argv[1:], "Activation"][:2]
    if kind in REGISTRY:
        print(f"there is an op '{kind}': its pages are renewed, and what it lacks follows")
        return
    try:
        written = begin(kind, family)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print("\n".join(f"wrote {where}" for where in written))


if __name__ == "__main__":
    main()
