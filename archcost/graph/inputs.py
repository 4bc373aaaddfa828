"""The inputs of a spec under a caller's settings, which may replace their shapes.

A size that the spec has as a param, ``input: [3, $resolution, $resolution]``, gives the param its value where it is
replaced, so that all else that the spec derives from the param follows. A param that would need two values at once has
none: an expression that asks for it is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import decided, numel
from archcost.errors import CallError, Diagnostic, UsageError, suggestion
from archcost.graph.model import MAX_ELEMENTS, MAX_RANK, TensorType
from archcost.ops.fields import shown, whole_number
from archcost.settings import THE_ONLY, input_text
from archcost.spec.expressions import UNKNOWN, Divided, Expression, ExpressionError
from archcost.spec.vocabulary import GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.settings import InputShape, Settings
    from archcost.spec.expressions import Names
    from archcost.spec.model import InputDeclaration, Spec
    from archcost.spec.problems import Problems


def params_in_inputs(spec: Spec, settings: Settings) -> dict[str, Any]:
    """The params that stand in the shapes of replaced inputs, with the sizes that are given there.

    Raises UsageError for a name that no input has, for a shape that the input cannot have, and for a param that is set
    to something else.
    """
    found: dict[str, list[Any]] = {}
    for name, shape in given_shapes(spec, settings).items():
        for param, value in _sizes_of_params(spec, spec.inputs[name].shape.value, shape):
            found.setdefault(param, []).append(value)
    values: dict[str, Any] = {}
    for param, sizes in found.items():
        different = list(dict.fromkeys(map(shown, sizes)))
        if param in settings.params:
            _check_agreement(param, settings.params[param], sizes)
        reason = f"the input has the sizes {' and '.join(different)} for it"
        way_out = f"this network takes one size for '{param}'; where two would do, give the spec a param for each"
        values[param] = sizes[0] if len(different) == 1 else Divided(param, reason, way_out)
    return values


def _check_agreement(param: str, value: object, sizes: Iterable[Any]) -> None:
    for size in sizes:
        if value != size:
            message = f"the param '{param}' is set to {shown(value)}, and the input has {shown(size)} for it"
            raise UsageError(message, "leave one of them out")


def given_shapes(spec: Spec, settings: Settings) -> dict[str, InputShape]:
    """The shapes that replace those of the spec, by the names of its inputs, without those that cannot be read.

    What an import was asked for stands in the spec already.

    Raises UsageError for a name that no input has, and a shape that the input cannot have.
    """
    found: dict[str, InputShape] = {}
    known = list(spec.inputs)
    for given, shape in settings.inputs.items():
        name = known[0] if given == THE_ONLY and len(known) == 1 else named_input(spec, given)
        if given == THE_ONLY and len(known) > 1:
            hint = f"name one of them: `--input {input_text(known[0], shape)}`"
            raise UsageError(f"{spec.name} has the inputs {', '.join(known)}", hint)
        if name not in spec.inputs:
            raise UsageError(f"{spec.name} has no input '{name}'", suggestion(name, known, "inputs"))
        if given in (spec.imported_with or ()) and not spec.inputs[name].batch:
            continue
        if name in found:
            raise UsageError(f"the input '{name}' of {spec.name} has two shapes", "leave one of them out")
        _check_shape(spec, name, shape)
        if spec.inputs[name].shape.value is not UNKNOWN:
            found[name] = shape
    return found


def inputs_of_each(specs: Sequence[Spec], settings: Settings) -> list[Settings]:
    """Settings for several specs at once: an input that some of them have is given to these; one that none has to all.

    So that whoever looks an input up refuses it where nobody meant it.
    """
    lacking = [
        {name for name in settings.inputs if name != THE_ONLY and named_input(spec, name) not in spec.inputs}
        for spec in specs
    ]
    nowhere = set(settings.inputs).intersection(*lacking)
    return [
        settings._replace(
            inputs={name: shape for name, shape in settings.inputs.items() if name in nowhere or name not in lacks}
        )
        for lacks in lacking
    ]


def named_input(spec: Spec, name: str) -> str:
    """The input that is meant by a name: its own, or that which the source of an import has for it."""
    if name in spec.inputs:
        return name
    own = spec.input_names.get(name, f"{GIVEN}{name}")
    return own if own in spec.inputs else name


def _check_shape(spec: Spec, name: str, shape: tuple[int, ...]) -> None:
    """Raise UsageError for what is no shape, and for one of another number of dims than the spec's own."""
    for size in shape:
        if type(size) is not int or size < 1:
            raise UsageError(f"the sizes of the input '{name}' must be whole numbers ≥ 1, got {shown(size)}")
    own = spec.inputs[name].shape.value
    if isinstance(own, list) and len(own) != len(shape):
        given = input_text(THE_ONLY, shape)
        batch = spec.inputs[name].batch
        dims = f"{len(own)} dim{'s' * (len(own) != 1)}{' without the batch' * batch}"
        with_batch = batch and len(shape) == len(own) + 1
        if with_batch:
            hint = f"--batch gives the batch: `--input {input_text(name, shape[1:])} --batch {shape[0]}`"
        else:
            from archcost.spec.helps.writing import written

            hint = f"the spec's own is {written(own)}"
        raise UsageError(f"the input '{name}' of {spec.name} has {dims}, got {given}", hint)


def _sizes_of_params(spec: Spec, own: Any, shape: tuple[int, ...]) -> Iterable[tuple[str, Any]]:
    """The params that alone are a size, or the whole shape, each with what is given for it."""
    if isinstance(own, Expression):
        return [(own.alone, list(shape))] if own.alone in spec.params else []
    parts = zip(own, shape, strict=True) if isinstance(own, list) else ()
    return [(part.alone, size) for part, size in parts if isinstance(part, Expression) and part.alone in spec.params]


def resolve_inputs(
    spec: Spec, names: Names, settings: Settings, dtype: str, problems: Problems
) -> dict[str, TensorType | None]:
    """The types of the model's inputs, the batch in front; None (and a problem) for a wrong shape.

    Raises UsageError for a size that is given and follows from params that have another value.
    """
    given = given_shapes(spec, settings)
    _check_batch(spec, settings)
    inputs: dict[str, TensorType | None] = {}
    for name, declaration in spec.inputs.items():
        inputs[name] = None
        try:
            shape = _shape(spec, name, given, names)
        except ExpressionError as error:
            if error.diagnostic is not None:
                problems.add(error.diagnostic)
            continue
        problem = _problem(name, declaration, shape, names)
        if problem is None:
            problem = _limit(name, declaration, full := _full(shape, declaration, settings.batch))
        if problem is not None:
            problems.add(problem)
        else:
            inputs[name] = TensorType(full, declaration.dtype or dtype)
            _check_dtype(spec, name, given, declaration.dtype or dtype)
    return inputs


def takes_batch(spec: Spec) -> bool:
    """Whether a batch may be asked of the inputs: one has it in front, or a size that may follow from it."""
    if not spec.inputs or any(given.batch for given in spec.inputs.values()):
        return True
    shapes = [given.shape.value for given in spec.inputs.values()]
    sizes = [size for shape in shapes for size in (shape if isinstance(shape, list) else [shape])]
    return not all(type(size) is int for size in sizes)


def _check_batch(spec: Spec, settings: Settings) -> None:
    """Raise UsageError for a batch that is asked of inputs that have none: their sizes would say nothing of it.

    Raises CallError for one below 1.
    """
    if settings.batch < 1:
        raise CallError(f"a batch is a whole number from 1 up, got {settings.batch}")
    if takes_batch(spec) or settings.batch == 1:
        return
    hint = (
        "leave --batch out: no input has a batch dim (`batch: false`), so all figures are for the shapes as they stand"
    )
    raise UsageError(f"{spec.name} has no batch to be {settings.batch}", hint)


def _check_dtype(spec: Spec, name: str, given: Mapping[str, InputShape], own: str) -> None:
    """Raise UsageError for a dtype that is asked for beside the shape, and is not that of the input."""
    asked = given[name].dtype if name in given else ""
    if asked and asked != own:
        raise UsageError(
            f"the input '{name}' of {spec.name} is {own}, got {asked}",
            "leave the dtype out: it is the spec's, and --dtype that of the whole model",
        )


def _shape(spec: Spec, name: str, given: Mapping[str, tuple[int, ...]], names: Names) -> Any:
    """The shape of an input as given, or as the spec has it."""
    declaration = spec.inputs[name]
    if name not in given:
        return declaration.shape.evaluate(names)
    own, shape = declaration.shape.value, given[name]
    parts = zip(own, shape, strict=True) if isinstance(own, list) else [(own, list(shape))]
    for part, size in parts:
        if isinstance(part, Expression) and part.alone not in spec.params and (value := part.evaluate(names)) != size:
            hint = f"set what it follows from: {', '.join(f'`--set {param}=…`' for param in sorted(part.names))}"
            raise UsageError(f"a size of the input '{name}' is {part.text} = {shown(value)}, got {shown(size)}", hint)
    return shape


def _problem(name: str, declaration: InputDeclaration, shape: Any, names: Names) -> Diagnostic | None:
    """What is wrong with a shape that the spec gives."""
    dims = shape if isinstance(shape, (list, tuple)) else [shape]
    sizes = [whole_number(dim) for dim in dims]
    if all(size is not None and decided(size >= 1) for size in sizes):
        return None
    from archcost.spec.helps.inputs import input_shape_help
    from archcost.spec.ways_out import Surroundings

    mark = declaration.shape.mark
    message = f"the shape of '{name}' must be whole numbers ≥ 1, got {shown(shape)}"
    hint = _set_otherwise(declaration.shape.value, sizes)
    hint = hint or input_shape_help(name, shape, Surroundings((names,), {}, names.meter, mark))
    return Diagnostic(message, mark, hint)


def _set_otherwise(own: Any, sizes: list[Any]) -> str:
    """The help for a size that a param gives, and that is a whole number below 1."""
    parts = zip(own, sizes, strict=True) if isinstance(own, list) and len(own) == len(sizes) else ()
    found = [
        part
        for part, size in parts
        if isinstance(part, Expression) and part.names and size is not None and not decided(size >= 1)
    ]
    return (
        f"set {' and '.join([f'`{name}`' for name in sorted(found[0].names)])} so that it is 1 or more" if found else ""
    )


def _full(shape: Any, declaration: InputDeclaration, batch: int) -> tuple[int, ...]:
    dims = shape if isinstance(shape, (list, tuple)) else [shape]
    return (*((batch,) if declaration.batch else ()), *map(whole_number, dims))


def _limit(name: str, declaration: InputDeclaration, full: tuple[int, ...]) -> Diagnostic | None:
    mark = declaration.shape.mark
    if len(full) > MAX_RANK:
        return Diagnostic(f"'{name}' has {len(full):,} dims, more than the {MAX_RANK} that a tensor may have", mark)
    if not decided(numel(full) <= MAX_ELEMENTS):
        return Diagnostic(f"'{name}' has more than 2⁶³ elements", mark)
    return None
