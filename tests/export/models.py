"""Small models of every form that an export has to write: variants of blocks, loops, several inputs, shared weights."""

from __future__ import annotations

MODELS = {
    "transformer": """
        params: {dim: 16, depth: 3}
        input: [3, 8, 8]
        blocks:
          encoder:
            params: {heads: , ratio: 4}
            layers:
              - add:
                branches:
                  attention: [layer_norm, multihead_attention: {num_heads: $heads}]
                  skip: []
              - add:
                branches:
                  mlp: [layer_norm, linear: {out_features: $(in_features * ratio)}, gelu, linear: {out_features: $dim}]
                  skip: []
        layers:
          - {id: patches, conv2d: {out_channels: $dim, kernel_size: 4, stride: 4}}
          - flatten: {start_dim: 2}
          - transpose: {dim0: 1, dim1: 2}
          - {id: cls, parameter: {shape: [1, 1, $dim]}}
          - {expand: {sizes: [$batch, -1, -1]}, from: cls}
          - {concat: {dim: 1}, from: [expand, transpose]}
          - {id: position, parameter: {shape: [1, 5, $dim], requires_grad: false}}
          - {add: , from: [concat, position]}
          - {id: layers, encoder: {heads: 2}, repeat: $depth}
          - slice: {dim: 1, start: 0, end: 1}
          - flatten
          - {id: head, linear: {out_features: 10}}
    """,
    "attention": """
        input: [16, 8]
        blocks:
          attention:
            params: {dim: , heads: }
            layers:
              - {id: qkv, linear: {out_features: $(3 * dim)}}
              - reshape: {shape: [$batch, 16, 3, $heads, $(dim // heads)]}
              - permute: {dims: [2, 0, 3, 1, 4]}
              - chunk: {chunks: 3}
              - {id: q, squeeze: {dim: 0}, from: chunk.0}
              - {id: k, squeeze: {dim: 0}, from: chunk.1}
              - {id: v, squeeze: {dim: 0}, from: chunk.2}
              - {scaled_dot_product_attention: {dropout_p: 0.1}, from: [q, k, v]}
              - transpose: {dim0: 1, dim1: 2}
              - reshape: {shape: [$batch, 16, -1]}
              - {id: out, linear: {out_features: $dim}}
        layers:
          - {id: narrow, attention: {dim: 8, heads: 2}}
          - {id: widen, linear: {out_features: 12}}
          - {id: wide, attention: {dim: 12, heads: 3}}
    """,
    "decoder": """
        inputs: {tokens: {shape: [7], dtype: int64}, memory: [5, 16]}
        blocks:
          decoder_layer:
            inputs: [query, memory]
            params: {heads: 2}
            layers:
              - {id: self_attention, multihead_attention: {num_heads: $heads}, from: query}
              - {add: , from: [self_attention, query]}
              - {id: norm1, layer_norm: }
              - {id: cross_attention, multihead_attention: {num_heads: $heads}, from: [norm1, memory]}
              - {add: , from: [cross_attention, norm1]}
              - {id: norm2, layer_norm: }
        layers:
          - {embedding: {num_embeddings: 11, embedding_dim: 16}, from: tokens}
          - {id: stack, decoder_layer: , repeat: 4, from: [embedding, memory]}
          - {id: again, decoder_layer: , from: [stack, stack]}
          - {id: logits, linear: {out_features: 11, bias: false}, share: embedding}
    """,
    "unet": """
        input: [3, 16, 16]
        blocks:
          double_conv:
            params: {out: }
            layers:
              - conv2d: {out_channels: $out, kernel_size: 3, padding: 1}
              - relu
              - conv2d: {out_channels: $out, kernel_size: 3, padding: 1}
              - relu: {inplace: true}
          up:
            inputs: [low, skip]
            params: {out: }
            layers:
              - {conv_transpose2d: {out_channels: $out, kernel_size: 2, stride: 2}, from: low}
              - {concat: , from: [skip, conv_transpose2d]}
              - double_conv: {out: $out}
        layers:
          - {id: enc1, double_conv: {out: 4}}
          - max_pool2d: {kernel_size: 2}
          - {id: enc2, double_conv: {out: 8}}
          - max_pool2d: {kernel_size: 2}
          - {id: bottom, double_conv: {out: 12}}
          - {id: up2, up: {out: 8}, from: [bottom, enc2]}
          - {id: up1, up: {out: 4}, from: [up2, enc1]}
          - {id: head, conv2d: {out_channels: 2, kernel_size: 1}}
    """,
    "densenet": """
        input: [3, 8, 8]
        blocks:
          dense_layer:
            params: {growth: 4}
            layers:
              - concat:
                branches:
                  skip: []
                  new:
                    - batch_norm2d
                    - relu
                    - conv2d: {out_channels: $growth, kernel_size: 3, padding: 1, bias: false}
          dense_block:
            params: {layers: }
            layers: [{dense_layer: , repeat: $layers}]
          transition:
            layers: [batch_norm2d, conv2d: {out_channels: $(in_channels // 2), kernel_size: 1}]
        layers:
          - {id: stem, conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}
          - {id: block1, dense_block: {layers: 3}}
          - transition
          - {id: block2, dense_block: {layers: 6}}
          - transition
          - {id: block3, dense_block: {layers: 4}}
    """,
    "inverted_residuals": """
        input: [3, 16, 16]
        blocks:
          conv_bn:
            params: {out: , kernel: 1, stride: 1, groups: 1, act: relu6}
            layers:
              - conv2d:
                  out_channels: $out
                  kernel_size: $kernel
                  stride: $stride
                  padding: $(kernel // 2)
                  groups: $groups
                  bias: false
              - batch_norm2d
              - $act
          inverted:
            params: {out: , expand: 6, stride: 1, residual: $(stride == 1 and in_channels == out)}
            outputs: '$(["add"] if residual else ["project"])'
            layers:
              - {id: expand, conv_bn: {out: $(in_channels * expand)}, when: $(expand > 1)}
              - id: depthwise
                conv_bn: {out: $in_channels, kernel: 3, stride: $stride, groups: $in_channels}
              - {id: project, conv_bn: {out: $out, act: identity}}
              - {add: , from: [input, project], when: $residual}
        layers:
          - {id: stem, conv_bn: {out: 4, kernel: 3, stride: 2}}
          - {id: first, inverted: {out: 4, expand: 1}}
          - {id: stage1, inverted: {out: 6, stride: "$(2 if i == 0 else 1)"}, repeat: 3}
          - {id: stage2, inverted: {out: 8}, repeat: 2}
          - {id: last, inverted: {out: 10, expand: 3, stride: 2}}
    """,
    "shared": """
        input: [6, 8]
        blocks:
          mlp:
            params: {hidden: }
            layers: [linear: {out_features: $hidden}, relu, {id: out, linear: {out_features: 8}}]
        layers:
          - {id: first, mlp: {hidden: 4}}
          - {id: again, mlp: {hidden: 4}, share: first}
          - {id: loop, mlp: {hidden: 4}, repeat: 3, share: first}
          - {id: one, gru: {hidden_size: 8}}
          - {id: two, gru: {hidden_size: 8}, share: one}
          - add:
            branches:
              pair: [{id: a, linear: {out_features: 8}}, {id: b, linear: {out_features: 8}, share: a}]
              skip: []
    """,
    "several": """
        inputs: {a: [4, 6], b: [4, 6]}
        blocks:
          two:
            inputs: [p, q]
            outputs: [total, q, product]
            layers:
              - {id: total, add: , from: [p, q]}
              - {id: product, mul: , from: [p, q]}
              - {id: unused, linear: {out_features: 3}}
        layers:
          - {two: , from: [a, b]}
          - {id: twice, two: , from: [two.0, two.0]}
          - {lstm: {hidden_size: 5}, from: twice.2}
          - {gru: {hidden_size: 3}, from: lstm}
        outputs: [gru, lstm.1, a, twice.1, gru.1]
    """,
    "names": """
        input: [4]
        layers:
          - {id: type, relu: }
          - {id: a/b, relu: }
          - {id: class, relu: }
          - {id: __x, relu: }
          - {id: append, relu: }
          - {id: torch, linear: {out_features: 4}}
          - concat:
            branches:
              half: [sigmoid]
              eval: [linear: {out_features: 3}]
              1x1: [{id: pop, linear: {out_features: 3}}, relu]
              "2": [{id: lambda, linear: {out_features: 3}}, relu]
          - {add: , from: [concat, concat]}
          - {mul: , from: [concat, add, concat]}
    """,
    "functions": """
        input: [8, 6, 6]
        layers:
          - mul:
            branches:
              gate:
                - mean: {dim: [2, 3], keepdim: true}
                - conv2d: {out_channels: 8, kernel_size: 1}
                - sigmoid
              skip: []
          - add:
            branches:
              a:
                - {id: c1, conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}
                - {add: , from: [c1, mul]}
                - {id: 5x5, conv2d: {out_channels: 8, kernel_size: 5, padding: 2}}
              b: [max_pool2d: {kernel_size: 3, stride: 1, padding: 1}]
          - {id: grow, concat: , branches: {p: [conv2d: {out_channels: 2, kernel_size: 1}], q: []}, repeat: 3}
          - {id: stage, conv2d: {out_channels: 14, kernel_size: 1}, repeat: 3}
          - {add: , from: [stage.0, stage.2]}
          - pad: {pad: [1, 2], value: 0.5}
    """,
    "widths": """
        params: {widths: [4, 4, 6, 8, 8, 8]}
        input: [3, 8, 8]
        blocks:
          stage:
            params: {first: , second: }
            layers:
              - {id: convs, conv2d: {out_channels: "$([first, first, second][i])", kernel_size: 1}, repeat: 3}
        layers:
          - {id: convs, conv2d: {out_channels: "$(widths[i])", kernel_size: 1}, repeat: 6}
          - {id: one, stage: {first: 8, second: 12}}
          - {id: two, stage: {first: 12, second: 4}}
    """,
    "many": """
        input: [4]
        blocks:
          fan:
            layers:
              - add:
                branches:
                  the_first_of_a_number_of_branches: [linear: {out_features: 4}]
                  the_second_of_a_number_of_branches: [linear: {out_features: 4}]
                  the_third_of_a_number_of_branches: [linear: {out_features: 4}]
        layers:
          - fan
          - {id: the_first_layer_of_all, linear: {out_features: 4}, from: fan}
          - {id: the_second_layer_of_all, linear: {out_features: 4}, from: fan}
          - {id: the_third_layer_of_all, linear: {out_features: 4}, from: fan}
          - id: total
            add:
            from: [fan, the_first_layer_of_all, the_second_layer_of_all, the_third_layer_of_all, fan]
          - {concat: , from: [total, the_first_layer_of_all, the_second_layer_of_all, the_third_layer_of_all]}
    """,
    "double": """
        dtype: float64
        input: [4]
        layers: [linear: {out_features: 4}]
    """,
    "passed_on": """
        input: [4]
        blocks:
          maybe:
            params: {there: false}
            layers: [{linear: {out_features: 4}, when: $there}]
        layers:
          - maybe: {there: true}
          - {id: none, maybe: }
          - {add: , from: [none, maybe]}
        outputs: [none, add]
    """,
    "letters": """
        inputs: {l: [4], x: [4], O: [4]}
        blocks:
          two:
            inputs: [l, F]
            params: {I: , lambda_: }
            layers:
              - {linear: {out_features: $I}, from: l}
              - {id: l2, linear: {out_features: 4}}
              - {add: , from: [l2, F]}
          ordered_dict:
            layers: [{id: OrderedDict, linear: {out_features: 4}}, {id: F, relu: }]
        layers:
          - {id: loop, two: {I: 3, lambda_: 1}, repeat: 3, from: [O, x]}
          - {id: other, two: {I: 5, lambda_: 2}, from: [l, loop]}
          - ordered_dict
          - {id: I, sigmoid: , from: ordered_dict}
          - {add: , from: [ordered_dict, I, I]}
    """,
    "kernels": """
        input: [3, 8, 8]
        blocks:
          conv:
            params: {kernel: , repeat: 1, long_name_of_a_number: 1, long_name_of_another: 1}
            layers:
              - conv2d:
                  out_channels: $(4 * long_name_of_a_number + 2 * long_name_of_another)
                  kernel_size: $kernel
                  padding: 1
              - {conv2d: {out_channels: "$(2 * len(kernel) + kernel[0])", kernel_size: 1}}
        layers:
          - {id: a, conv: {kernel: [3, 3]}}
          - {id: b, conv: {kernel: [3, 1], long_name_of_a_number: 2}}
          - {id: c, conv: {kernel: [1, 3], long_name_of_another: 3}}
    """,
    "variants": """
        input: [4, 6, 6]
        blocks:
          mix:
            params: {cross: false}
            layers:
              - {id: a, conv2d: {out_channels: 4, kernel_size: 1}}
              - {id: b, conv2d: {out_channels: 4, kernel_size: 1}, from: '$("input" if cross else "a")'}
              - {add: , from: [a, b]}
          residual:
            params: {width: , project: false}
            layers:
              - {id: main, conv2d: {out_channels: $width, kernel_size: 1}}
              - add:
                branches:
                  main: {from: main, layers: []}
                  a_shortcut_with_a_projection_and_a_norm:
                    from: input
                    layers:
                      - {conv2d: {out_channels: $width, kernel_size: 1, bias: false}, when: $project}
                      - {batch_norm2d: , when: $project}
          scaled:
            inputs: [x, by]
            params: {width: 4}
            layers:
              - {id: conv, conv2d: {out_channels: $width, kernel_size: 1}, from: x}
              - {mul: , from: [conv, by]}
        layers:
          - {id: mix1, mix: }
          - {id: mix2, mix: {cross: true}}
          - {id: wide, residual: {width: 8, project: true}}
          - {id: same, residual: {width: 8}}
          - {mean: {dim: [1, 2, 3], keepdim: true}}
          - {id: scaled, scaled: {width: 6}, repeat: 4, from: [same, mean]}
    """,
    "windows": """
        input: [4, 8, 8]
        blocks:
          mixed:
            params: {side: , windows: $((8 // side) ** 2), heads: $(8 // side)}
            layers:
              - {id: cut, window_partition: {window_size: $side}}
              - {id: inside, scored: {windows: $windows, heads: $heads}}
              - {id: joined, window_reverse: {window_size: $side, output_size: 8}}
          scored:
            params: {windows: , heads: }
            layers:
              - linear: {out_features: $(4 * heads)}
              - {id: apart, reshape: {shape: [$(batch * windows * heads), -1, 4]}}
              - softmax: {dim: -1}
              - {id: samples, reshape: {shape: [$batch, $windows, -1, $(4 * heads)]}}
              - {id: bias, parameter: {shape: [1, $windows, 1, 1]}}
              - {id: biased, add: , from: [samples, bias]}
              - {id: rows, flatten: {start_dim: 0, end_dim: 1}}
              - {id: part, slice: {dim: 2, start: $(heads - 1), step: $heads}}
        layers:
          - permute: {dims: [0, 2, 3, 1]}
          - {id: large, mixed: {side: 4}}
          - {id: small, mixed: {side: 2}}
          - {id: one, mixed: {side: 8}}
    """,
    "sequence": """
        inputs: {turned: {shape: [5, $batch, 4], batch: false}, fixed: {shape: [1, 4], batch: false}}
        blocks:
          pooled:
            inputs: [table, x]
            layers:
              - {id: rows, transpose: {dim0: 0, dim1: 1}, from: x}
              - {id: flat, reshape: {shape: [$batch, 20]}, from: rows}
              - {id: wide, linear: {out_features: 4}, from: flat}
              - {id: summed, add: , from: [wide, table]}
          drawn:
            layers:
              - {id: copies, expand: {sizes: [$batch, 4]}}
        layers:
          - {id: pooled, pooled: , from: [fixed, turned]}
          - {id: drawn, drawn: , from: fixed}
          - {add: , from: [pooled, drawn]}
    """,
    "stages": """
        input: [4, 8, 8]
        blocks:
          residual:
            params: {width: , stride: 1, first: false}
            outputs: '$(["conv"] if first else ["add"])'
            layers:
              - {id: conv, conv2d: {out_channels: $width, kernel_size: 3, stride: $stride, padding: 1}}
              - {add: , from: [conv, input], when: $(not first)}
          stage:
            params: {width: , depth: }
            layers:
              - id: block
                repeat: $depth
                residual: {width: $width, stride: "$(2 if i == 0 else 1)", first: $(i == 0)}
        layers:
          - {id: stage1, stage: {width: 8, depth: 3}}
          - {id: stage2, stage: {width: 12, depth: 2}}
          - {id: stage3, stage: {width: 16, depth: 1}}
    """,
    "long": """
        inputs: {mask: {shape: [4], dtype: bool}, x: [4]}
        blocks:
          two:
            layers:
              - add:
                branches:
                  the_first_branch_of_two_with_a_very_long_name_that_fills_the_line: [linear: {out_features: 4}]
                  the_second_branch_of_two_with_a_very_long_name: [linear: {out_features: 4}]
              - add:
                branches:
                  the_third_branch_of_two_with_a_very_long_name_that_fills_the_line: [linear: {out_features: 4}]
                  the_fourth_branch_of_two_with_a_very_long_name: [linear: {out_features: 4}]
        layers:
          - {two: , from: x}
          - {mul: , from: [two, mask]}
    """,
    "groups": """
        input: [8, 6, 6]
        blocks:
          group: {params: {width: }, layers: [conv2d: {out_channels: $width, kernel_size: 1}, relu]}
        layers:
          - {id: stem, group: 8}
          - {id: body, repeat: 3, layers: [conv2d: {out_channels: 8, kernel_size: 1}, relu]}
          - {id: features, layers: [{id: 0, conv2d: {out_channels: 8, kernel_size: 1}}, {id: 1, relu}, {id: 2, tanh}]}
          - {id: mlp, repeat: 2, residual: [conv2d: {out_channels: $(16 * (i + 1)), kernel_size: 1}, gelu, group: 8]}
          - {residual: [tanh, {add, from: [stem, tanh]}]}
          - {id: tied, residual: [conv2d: {out_channels: 8, kernel_size: 1}]}
          - {id: again, residual: [conv2d: {out_channels: 8, kernel_size: 1}], share: tied}
          - {id: pair, layers: [mul, {sub, from: [mul, input.1]}], from: [stem, again]}
          - {id: joined, layers: [concat, relu], branches: {a: [tanh], b: []}}
          - {id: outer, repeat: 2, layers: [residual: [relu], residual: [gelu], {layers: [tanh, {id: 7, relu}]}]}
          - {layers: []}
    """,
    "recursion": """
        input: [8, 16, 16]
        blocks:
          hourglass:
            params: {levels: , width: 8}
            layers:
              - {id: skip, conv2d: {out_channels: $width, kernel_size: 1}}
              - {id: down, max_pool2d: 2}
              - {id: inner, hourglass: {levels: $(levels - 1), width: $(width + 4)}, when: $(levels > 1)}
              - {id: up, conv2d: {out_channels: $width, kernel_size: 1}}
              - {id: grown, upsample: {scale_factor: 2}}
              - {add, from: [grown, skip]}
          even:
            params: {n: }
            layers: [relu, {id: rest, odd: $(n - 1), when: $(n > 0)}]
          odd:
            params: {n: }
            layers: [tanh, {id: rest, even: $(n - 1), when: $(n > 0)}]
        layers:
          - {id: first, hourglass: 3}
          - {id: second, hourglass: 2}
          - even: 3
          - odd: 2
    """,
}
