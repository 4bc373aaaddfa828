"""Idioms: a few steps of a model, said by the one op or the shorter steps that a person would write.

An idiom is a function that looks at one step and proposes a rewrite, or nothing. It is made only where shapes, params
and MACs stay as they are; see :mod:`archcost.importers.idioms.rewriting`. Nothing here depends on torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.importers.idioms.activations import activation
from archcost.importers.idioms.biases import relative_position_bias
from archcost.importers.idioms.norms import rms_norm
from archcost.importers.idioms.open_sizes import open_size
from archcost.importers.idioms.picks import chunk, unbind
from archcost.importers.idioms.repeats import repeat_interleave
from archcost.importers.idioms.reshapes import merged_reshape, shorter_reshape
from archcost.importers.idioms.rewriting import Rewriter
from archcost.importers.idioms.rotary import rotary_embedding
from archcost.importers.idioms.scales import layer_scale
from archcost.importers.idioms.sight import Sight
from archcost.importers.idioms.tidying import tidied
from archcost.importers.idioms.windows import window_partition, window_reverse

if TYPE_CHECKING:
    from archcost.importers.form import Form
    from archcost.importers.idioms.rewriting import Idiom

# In this order: what is said by one op is looked for before its parts are said shorter.
IDIOMS: tuple[Idiom, ...] = (
    merged_reshape,
    rms_norm,
    rotary_embedding,
    activation,
    relative_position_bias,
    window_partition,
    window_reverse,
    repeat_interleave,
    layer_scale,
    unbind,
    chunk,
    shorter_reshape,
    open_size,
)


def improved(model: Form) -> Form:
    """The same model in idioms; the given one stays as it is."""
    steps = [replace(step, attributes=dict(step.attributes)) for step in model.steps]
    copy = replace(model, values=list(model.values), scopes=list(map(replace, model.scopes)), steps=steps)
    sight = Sight(copy)
    rewriter = Rewriter(sight)
    for idiom in IDIOMS:
        rewriter.apply(idiom)
    rewriter.sweep()
    return tidied(copy, sight.steps, rewriter.changed)
