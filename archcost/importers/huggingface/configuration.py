"""The text of a configuration → the spec that extends a family of the zoo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import FLOAT_DTYPES
from archcost.errors import Diagnostic, Source, SpecError, shortened, suggestion
from archcost.importers.huggingface.common import HARMLESS
from archcost.importers.huggingface.families import FAMILIES, family_of
from archcost.importers.huggingface.family import KeyValues
from archcost.importers.huggingface.quantized import saved_weights
from archcost.importers.layout import Flat, Text, comment_lines, laid_out
from archcost.importers.sources import title_of
from archcost.spec.document import Mapping, Scalar, Sequence, parse_document
from archcost.spec.vocabulary import VERSION

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import Family, Params
    from archcost.importers.layout import Node

LIBRARY = "transformers 5.24"  # whose configurations and models the tables are held against
_SHOWN = 80  # characters of a name in a message


def spec_text(text: str, path: str) -> str:
    """The text of the spec of a configuration that stands at ``path``, without ``expect``.

    Raises SpecError, with the place of what is not understood in the configuration.
    """
    root, problems = parse_document(Source(path, text))
    if problems:
        raise SpecError(problems)
    if not isinstance(root, Mapping):
        raise SpecError([Diagnostic("a configuration is an object", root.mark)])
    way_out = f"`transformers:{path}` in place of the path has the library build the model, which needs PyTorch"
    model_type, family = _family(root, way_out)
    architecture, head = _head(root, family, way_out)
    values = KeyValues(root, family, HARMLESS, way_out)
    params = family.params(values) | head
    known = ", ".join(part for part in (model_type, architecture) if part)
    saved = saved_weights(root)
    parts: dict[str, Node] = {
        "archcost": VERSION,
        "name": Text(title_of(path, model_type)),
        "source": Text(
            f"a configuration of Hugging Face ({known}), as {LIBRARY} reads it{f'; {saved}' if saved else ''}"
        ),
        "extends": Text(f"zoo:{family.spec}"),
    }
    dtype = _dtype(root)
    if dtype:
        parts["dtype"] = Text(dtype)
    parts["params"] = Flat(params)
    comments = comment_lines(saved.sentence) if saved else []
    return "".join([f"{line}\n" for line in comments]) + laid_out(parts)


def _family(root: Mapping, way_out: str) -> tuple[str, Family]:
    """The model type that a configuration names, and its family."""
    if "model_type" not in root.entries:
        raise SpecError([Diagnostic("the configuration names no 'model_type'", root.mark, way_out)])
    value = root.entries["model_type"][1]
    name = value.value if isinstance(value, Scalar) else None
    family = family_of(name) if isinstance(name, str) else None
    if family is None:
        shown = shortened(str(name), _SHOWN) if isinstance(value, Scalar) else "…"
        close = suggestion(shown, FAMILIES, "model types")
        notes = (close,) if close.startswith("did") else ()
        raise SpecError([Diagnostic(f"the model type '{shown}' is not known here", value.mark, way_out, notes)])
    return str(name), family


def _head(root: Mapping, family: Family, way_out: str) -> tuple[str, Params]:
    """The class that a configuration names first, and the params that it stands for."""
    if "architectures" not in root.entries:
        return next(iter(family.heads.items()))
    value = root.entries["architectures"][1]
    plain = value.plain()
    if plain is None or plain == []:
        return next(iter(family.heads.items()))
    first = value.items[0] if isinstance(value, Sequence) else value
    name = first.value if isinstance(first, Scalar) else None
    if not isinstance(name, str) or name not in family.heads:
        shown = shortened(str(first.plain()), _SHOWN)
        known = ", ".join(family.heads)
        bare = next(iter(family.heads))
        notes = (f"known are {known}; 'architectures': ['{bare}'] in a copy of it has what is common to all",)
        raise SpecError([Diagnostic(f"the class '{shown}' is not known here", first.mark, way_out, notes)])
    return name, family.heads[name]


def _dtype(root: Mapping) -> str:
    """The dtype in which the weights are saved, if the configuration says so."""
    for name in ("dtype", "torch_dtype"):
        value = root.entries[name][1] if name in root.entries else None
        if isinstance(value, Scalar) and value.value in FLOAT_DTYPES:
            return str(value.value)
    return ""
