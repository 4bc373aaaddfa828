"""Spaces of designs that are hard to walk at once, each with a spec and the values of its axes.

Many designs are invalid: the walk has to say of each whether it is. An axis of ``depths[0]`` is an element of a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import archcost
from archcost.settings import Settings
from archcost.sweeping.space import Axis, AxisTarget, Space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HEAD = "archcost: 1\nname: adv\n"

KINDS = """\
input: [8, 16, 16]
params: {act: relu, k: 3, groups: 1, p: 0.1, out: 8}
layers:
  - conv2d: {out_channels: $out, kernel_size: $k, groups: $groups}
  - $act
  - dropout: {p: $p}
  - flatten
  - linear: 10
"""

ROUNDS = """\
input: [8, 16, 16]
params: {n: 2, pick: stage.0, w: 8}
layers:
  - {id: stage, repeat: $n, conv2d: {out_channels: $(w * (i + 1)), kernel_size: 3, padding: 1}}
  - {conv2d: {out_channels: 4, kernel_size: 1}, from: stage.1}
  - {id: j, conv2d: {out_channels: 4, kernel_size: 1}, from: $pick}
  - {concat: {dim: 1}, from: stage.*}
"""

SHARE = """\
input: [8, 16, 16]
params: {a: 1, b: 1, c: 8}
layers:
  - id: first
    layers:
      - {when: $(a > 0), conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}
      - {when: $(a > 1), batch_norm2d: }
      - {id: last, conv2d: {out_channels: 8, kernel_size: 1, bias: $(b > 1)}}
  - id: second
    share: first
    layers:
      - {when: $(a > 0), conv2d: {out_channels: $c, kernel_size: 3, padding: 1}}
      - {when: $(a > 1), batch_norm2d: }
      - {conv2d: {out_channels: 8, kernel_size: 1, bias: $(b > 1)}}
  - {share: first.last, conv2d: {out_channels: 8, kernel_size: 1, bias: $(b > 2)}}
"""

NAMES = """\
input: [8, 16, 16]
params: {act: relu, n: 1, ref: 1}
layers:
  - $act
  - conv2d: {out_channels: 16, kernel_size: 1}
  - relu
  - {repeat: $n, gelu: }
  - conv2d: {out_channels: 4, kernel_size: 1}
  - gelu
  - {when: $(ref == 1), add: , from: [relu, relu]}
  - {when: $(ref == 2), conv2d: {out_channels: 3, kernel_size: 1}, from: relu_1}
  - {when: $(ref == 3), conv2d: {out_channels: 3, kernel_size: 1}, from: gelu_1}
"""

OUTS = """\
input: [6, 16, 16]
params: {n: 2, deep: 1, names: [a], d: 1}
blocks:
  multi:
    params: {n: }
    outputs: $(["x", "y"] if n > 1 else ["x"])
    layers:
      - {id: x, conv2d: {out_channels: 6, kernel_size: 1}}
      - {id: y, conv2d: {out_channels: $(6 * n), kernel_size: 3, padding: 1}, from: input}
outputs: $names
layers:
  - {id: m, multi: {n: $n}}
  - {id: a, concat: {dim: 1}, from: m.*}
  - {id: b, chunk: {chunks: $d, dim: 1}, from: m.0}
  - {id: c, sum: {dim: [2, 3]}, from: b.0}
"""

RES = """\
input: [$ch, 16, 16]
params: {ch: 8, out: 8, frozen: false, e: [1, 2, 3], depth: 3, kinds: [relu, gelu, silu]}
layers:
  - repeat: $depth
    residual:
      - conv2d: {out_channels: "$(out * e[i])", kernel_size: 3, padding: 1}
      - "$(kinds[i])"
      - {requires_grad: $(not frozen), conv2d: {out_channels: $out, kernel_size: 1}}
  - add:
    branches:
      a: [{when: "$(e[0] > 1)", conv2d: {out_channels: $in_channels, kernel_size: 1}}]
      b: [{when: "$(e[1] > 1)", batch_norm2d: }]
"""

SELF = """\
input: [4, 16, 16]
params: {levels: 2, w: 4}
blocks:
  unet:
    params: {levels: , width: }
    layers:
      - conv2d: {out_channels: $width, kernel_size: 3, padding: 1}
      - when: $(levels > 0)
        concat: {dim: 1}
        branches:
          skip: []
          down:
            - max_pool2d: 2
            - unet: {levels: $(levels - 1), width: $(width * 2)}
            - conv_transpose2d: {out_channels: $width, kernel_size: 2, stride: 2}
layers:
  - unet: {levels: $levels, width: $w}
"""

SEQ = """\
input: {shape: [$t], dtype: int64}
params: {t: 16, d: 32, heads: 4, kv: 4, layers: 2, ff: 4, tied: true, vocab: 100, flag: "x"}
blocks:
  blk:
    params: {d: , h: 4}
    layers:
      - residual:
          - layer_norm
          - multihead_attention: {num_heads: $h}
      - residual:
          - layer_norm
          - linear: $(d * ff)
          - gelu
          - linear: $d
layers:
  - {id: emb, embedding: {num_embeddings: $vocab, embedding_dim: $d}}
  - {repeat: $layers, blk: {d: $d, h: $heads}}
  - {when: '$(flag in ["x", "y"])', layer_norm: }
  - {when: $tied, linear: {out_features: $vocab, bias: false}, share: emb}
  - {when: $(not tied), linear: {out_features: $vocab, bias: false}}
"""

FLOATS = """\
input: [3, $r, $r]
params:
  r: 32
  w: 1.0
  div: 8
  base: [16, 32, 64]
  d: $(max(1, round(r * w / 16)))
  mode: $("nearest" if r > 40 else "bilinear")
layers:
  - repeat: 3
    conv2d:
      out_channels: "$(int(base[i] * w))"
      kernel_size: 3
      padding: 1
      stride: "$(2 if r > 33 and i == 1 else 1)"
  - upsample: {scale_factor: $w, mode: $mode}
  - adaptive_avg_pool2d: $d
  - flatten
  - linear: $(make_divisible(100 * w, div))
"""

LISTS = """\
input: [3, 32, 32]
params: {stages: [[8, 1], [16, 2]], k: [3, 3], q: 1, acts: [relu]}
layers:
  - repeat: $stages
    as: st
    layers:
      - repeat: "$(st[1])"
        conv2d: {out_channels: "$(st[0])", kernel_size: $k, padding: "$([k[0] // 2, k[1] // 2])"}
      - {repeat: $acts, as: act, dropout: 0.5}
  - linear: $(stages[-1][0] + len(stages) * q)
"""

BIG = """\
input: {shape: [$t, $d], batch: false}
params: {t: 2, d: 4, h: 8}
layers:
  - linear: $h
  - linear: $d
  - gelu
"""

IFS = """\
input: [$c, 16, 16]
params: {c: 8, a: 1, b: 2, l: [1, 2, 3], t: "abc", n: null}
layers:
  - conv2d: {out_channels: "$(l[a] * 8 if a < 3 else 100 // (a - 3))", kernel_size: 1}
  - {when: "$(0 < a < b or b == 7)", relu: }
  - {when: "$(n and a)", gelu: }
  - conv2d: {out_channels: "$((a and b) + (n or 3))", kernel_size: "$(1 if t == 'abc' else 2)"}
  - conv2d: {out_channels: "$(len(t) + max(a, b, 1))", kernel_size: "$(index(l, b))"}
  - conv2d: {out_channels: "$(2 ** a + sum(l))", kernel_size: 1}
"""

VIEWS = """\
input: [$c, 8, 8]
params: {c: 8, p: 2, h: 2, s: 1, m: 1}
layers:
  - {id: x, permute: [0, 2, 3, 1]}
  - {when: $(s == 1), relu: }
  - {id: y, reshape: ["$(batch)", -1, "$(c * p)"]}
  - {id: z, transpose: {dim0: 1, dim1: 2}}
  - {when: $(m > 0), softmax: {dim: -1}}
  - {when: $(m > 1), add: , from: [z, z]}
  - {id: w, reshape: ["$(batch)", "$(c * p * h)", -1]}
  - {add: , from: [w, w]}
"""

ALIAS = """\
input: [8, 8, 8]
params: {a: 0, b: 0, heads: 2, k: 0}
layers:
  - {id: t, flatten: {start_dim: 2}}
  - {id: q, transpose: {dim0: 1, dim1: 2}}
  - {id: u, when: $(a == 1), linear: 8}
  - {id: v, when: $(b == 1), linear: 8, from: u}
  - {id: w, when: $(k == 1), layer_norm: , from: q}
  - {multihead_attention: {num_heads: $heads}, from: [u, v, w]}
  - {concat: {dim: 1}, from: [u, v, q]}
"""

CUSTOM = """\
input: [8, 8, 8]
params: {a: 0, p: 10, f: 5}
layers:
  - {when: $(a > 0), custom: {name: thing, output: ["$batch", 8, 8, 8], params: $p, macs: $f, flops: 20}}
  - {when: $(a > 1), custom: {name: other, output: ["$batch", "$(8*a)", 8, 8]}}
  - conv2d: {out_channels: 3, kernel_size: 1}
"""

MACRO = """\
input: [3, 32, 32]
params: {choices: [0,0,0,0,0,0,0,0]}
blocks:
  ir:
    params: {out: , expand: , kernel: , stride: 1}
    layers:
      - conv2d: {out_channels: $(in_channels * expand), kernel_size: 1, bias: false}
      - batch_norm2d
      - relu6
      - conv2d:
          out_channels: $in_channels
          kernel_size: $kernel
          stride: $stride
          padding: $(kernel // 2)
          groups: $in_channels
          bias: false
      - batch_norm2d
      - relu6
      - conv2d: {out_channels: $out, kernel_size: 1, bias: false}
      - batch_norm2d
  choice:
    params: {out: , stride: 1, c: }
    layers:
      - when: $(c == 0 and (stride > 1 or in_channels != out))
        conv2d: {out_channels: $out, kernel_size: 1, stride: $stride}
      - {when: $(c == 1), ir: {out: $out, expand: 3, kernel: 3, stride: $stride}}
      - {when: $(c == 2), ir: {out: $out, expand: 6, kernel: 5, stride: $stride}}
layers:
  - conv2d: {out_channels: 32, kernel_size: 3, padding: 1, bias: false}
  - batch_norm2d
  - relu6
  - repeat: 8
    choice:
      out: "$([64,64,128,128,128,256,256,256][i])"
      stride: "$(2 if i in [0, 2, 5] else 1)"
      c: "$(choices[i])"
  - conv2d: {out_channels: 1280, kernel_size: 1}
  - adaptive_avg_pool2d: 1
  - flatten
  - linear: 10
"""

ONCE_FOR_ALL = """\
input: [3, $resolution, $resolution]
params:
  resolution: 224
  depths: [4, 4, 4, 4, 4]
  kernels: [7,7,7,7, 7,7,7,7, 7,7,7,7, 7,7,7,7, 7,7,7,7]
  expands: [6,6,6,6, 6,6,6,6, 6,6,6,6, 6,6,6,6, 6,6,6,6]
  widths: [24, 40, 80, 112, 160]
  strides: [2, 2, 2, 1, 2]
blocks:
  mbconv:
    params: {out: , kernel: , expand: , stride: }
    layers:
      - id: body
        conv2d: {out_channels: $(in_channels * expand), kernel_size: 1, bias: false}
      - batch_norm2d
      - relu6
      - conv2d:
          out_channels: $in_channels
          kernel_size: $kernel
          stride: $stride
          padding: $(kernel // 2)
          groups: $in_channels
          bias: false
      - batch_norm2d
      - hardswish
      - conv2d: {out_channels: $out, kernel_size: 1, bias: false}
      - id: last
        batch_norm2d:
      - {when: $(stride == 1), add: , from: [last, last]}
  stage:
    params: {s: }
    layers:
      - repeat: "$(depths[s])"
        mbconv:
          out: "$(widths[s])"
          kernel: "$(kernels[4*s+i])"
          expand: "$(expands[4*s+i])"
          stride: "$(strides[s] if i == 0 else 1)"
layers:
  - {conv2d: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}}
  - {id: stages, repeat: 5, as: s, stage: {s: $s}}
  - adaptive_avg_pool2d: 1
  - flatten
  - linear: 1000
"""

RESIDUAL_NETS = """\
input: [3, $resolution, $resolution]
params: {width: 64, depth: 2, ratio: 4, resolution: 224}
blocks:
  stage:
    params: {s: }
    layers:
      - repeat: $(depth + (s == 2))
        bottleneck: {out: $(width * 2 ** s * 2), stride: "$(2 if i == 0 and s > 0 else 1)"}
  bottleneck:
    params: {out: , stride: 1}
    layers:
      - add:
        branches:
          body:
            - conv2d: {out_channels: $(out // ratio), kernel_size: 1, bias: false}
            - batch_norm2d
            - relu
            - conv2d: {out_channels: $(out // ratio), kernel_size: 3, padding: 1, stride: $stride, bias: false}
            - batch_norm2d
            - relu
            - conv2d: {out_channels: $out, kernel_size: 1, bias: false}
            - batch_norm2d
          shortcut:
            - when: $(stride > 1 or in_channels != out)
              conv2d: {out_channels: $out, kernel_size: 1, stride: $stride, bias: false}
            - when: $(stride > 1 or in_channels != out)
              batch_norm2d:
      - relu
layers:
  - conv2d: {out_channels: $width, kernel_size: 7, stride: 2, padding: 3}
  - max_pool2d: {kernel_size: 3, stride: 2, padding: 1}
  - {repeat: 4, as: s, stage: {s: $s}}
  - adaptive_avg_pool2d: 1
  - flatten
  - linear: 1000
"""

SPACES: dict[str, tuple[str, dict[str, list[Any]]]] = {
    "kinds": (
        KINDS,
        {
            "act": ["relu", "gelu", "rleu", "max_pool2d"],
            "k": [1, 3, 0, 17, "x"],
            "groups": [1, 2, 8, 3, 0],
            "p": [0.1, 0, True, 1.5, None],
            "out": [8, 16, 12, 0],
        },
    ),
    "rounds": (
        ROUNDS,
        {
            "n": [0, 1, 2, 3],
            "pick": ["stage", "stage.0", "stage.2", "j"],
            "w": [8, 16],
        },
    ),
    "share": (
        SHARE,
        {
            "a": [0, 1, 2],
            "b": [1, 2, 3],
            "c": [8, 4],
        },
    ),
    "names": (
        NAMES,
        {
            "act": ["relu", "gelu", "silu"],
            "n": [0, 1, 2],
            "ref": [0, 1, 2, 3],
        },
    ),
    "outs": (
        OUTS,
        {
            "n": [1, 2, 3],
            "names": [["a"], ["a", "b"], ["c", "a"], ["zz"], []],
            "d": [1, 2, 4, 6, 0],
        },
    ),
    "res": (
        RES,
        {
            "ch": [8, 12],
            "out": [8, 12, 0],
            "frozen": [False, True, 2],
            "e[0]": [1, 2, 0],
            "e[1]": [1, 2],
            "depth": [0, 1, 3, 4],
            "kinds[1]": ["relu", "tanh", "bad"],
        },
    ),
    "self": (
        SELF,
        {
            "levels": [0, 1, 2, 3, 4, 5, 6],
            "w": [4, 8, 0],
        },
    ),
    "seq": (
        SEQ,
        {
            "t": [1, 16, 32],
            "d": [32, 48, 30],
            "heads": [1, 4, 5, 0],
            "layers": [0, 1, 3],
            "ff": [1, 4, 2.5],
            "tied": [True, False],
            "vocab": [100, 33],
            "flag": ["x", "y", "z", True],
        },
    ),
    "floats": (
        FLOATS,
        {
            "r": [31, 32, 33, 40, 41, 64],
            "w": [0.25, 0.5, 1, 1.5, 0.333],
            "div": [8, 4, 1, 0],
            "base[1]": [16, 20, 33],
        },
    ),
    "lists": (
        LISTS,
        {
            "stages": [[[8, 1]], [[8, 1], [16, 2]], [[8, 0], [4, 1], [2, 2]], []],
            "k[0]": [1, 3, 5],
            "q": [1, 2, -20],
            "acts": [["relu"], ["relu", "gelu"], []],
        },
    ),
    "big": (
        BIG,
        {
            "t": [2, 2097152, 1073741824],
            "d": [4, 33554432, 2147483648],
            "h": [8, 134217728, 8589934592],
        },
    ),
    "ifs": (
        IFS,
        {
            "c": [8, 3],
            "a": [0, 1, 2, 3, 4, 5],
            "b": [1, 2, 3, 7],
            "l[1]": [2, 5],
            "t": ["abc", "abcd", 3],
            "n": [None, 0, 5, True],
        },
    ),
    "views": (
        VIEWS,
        {
            "c": [1, 4, 8],
            "p": [1, 2, 3],
            "h": [1, 2, 4],
            "s": [0, 1],
            "m": [0, 1, 2],
        },
    ),
    "alias": (
        ALIAS,
        {
            "a": [0, 1],
            "b": [0, 1],
            "heads": [2, 4, 3],
            "k": [0, 1],
        },
    ),
    "custom": (
        CUSTOM,
        {
            "a": [0, 1, 2, 3],
            "p": [0, 10, -1],
            "f": [5, 10, 11],
        },
    ),
    "macro": (
        MACRO,
        {f"choices[{place}]": [0, 1, 2] for place in range(8)},
    ),
    "once for all": (
        ONCE_FOR_ALL,
        {
            **{f"depths[{place}]": [2, 3, 4] for place in range(5)},
            **{f"kernels[{place}]": [3, 5, 7] for place in range(20)},
            **{f"expands[{place}]": [3, 4, 6] for place in range(20)},
        },
    ),
    "residual nets": (
        RESIDUAL_NETS,
        {
            "width": [32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152],
            "depth": [1, 2, 3, 4, 5],
            "ratio": [1, 2, 4, 8],
            "resolution": [128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240, 248],
        },
    ),
}


def target(name: str) -> AxisTarget:
    """What an axis sets, as it is written: ``width``, or ``depths[0]``."""
    param, *places = name.replace("]", "").split("[")
    return AxisTarget(param, tuple(map(int, places)))


def space_of(spec: Any, vary: Mapping[str, Sequence[Any]], settings: Settings | None = None) -> Space:
    """A space of one axis for each name."""
    axes = [Axis((target(name),), tuple([(value,) for value in values])) for name, values in vary.items()]
    return Space(spec, settings or Settings(), tuple(axes))


def written(folder: Path, text: str, name: str = "space") -> Any:
    """A spec that is read from a file."""
    file = folder / f"{name.replace(' ', '_')}.yaml"
    file.write_text(HEAD + text)
    return archcost.load(file)


def space_named(name: str, folder: Path) -> Space:
    """One of the spaces of this module."""
    text, vary = SPACES[name]
    return space_of(written(folder, text, name), vary)
