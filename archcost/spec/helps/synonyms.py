"""The one table of what people write, from PyTorch, Keras, TensorFlow, JAX, timm and darknet, and what it is here.

Only what no rule gives has a row. The rules (:func:`squashed`, :func:`without_dims`): capitals and underscores do not
matter, what stands before a dot neither, and ``2d`` may stand anywhere, so that ``nn.Conv2d``, ``F.conv2d``,
``layers.Conv2D`` and ``conv_2d`` are ``conv2d`` without a row. A kind of archcost is in no row.
"""

# long: one table, and its rules

from __future__ import annotations

import re
from typing import NamedTuple

# --- kinds: the steps that are meant, one a line, `{n}` standing for the number of spatial dims -----------------------

_LEAVE_OUT = "it changes no figure"
_BLOCK = "it is several steps: define it under `blocks`"
_OF_THE_ZOO = "`include: [zoo:blocks/common]` has one,"


class Here(NamedTuple):
    """What a word is here: ``steps`` in place of its step; ``note`` says more, or all of it where there are none.

    ``custom``: no op does it, and a `custom` declares what it costs. ``attributes``: what attributes of this word are.
    """

    steps: str = ""
    note: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    custom: bool = False


_ATTENTION = "`residual: [layer_norm, multihead_attention: 8]`"
_MLP = "`residual: [layer_norm, linear: 2048, gelu, linear: 512]`"
_CUSTOM = Here(custom=True)
_GLOBAL = "{output_size: 1}"
_SEPARABLE = "conv{n}d: {out_channels: $in_channels, kernel_size: 3, groups: $in_channels}\nconv{n}d: {kernel_size: 1}"
_CHANNELS_LAST_NORM = "permute: {dims: [0, 2, 3, 1]}\nlayer_norm\npermute: {dims: [0, 3, 1, 2]}"

KINDS: dict[str, Here] = {
    # linear layers and embeddings
    "dense fc fully_connected inner_product connected dense_general lin linear_layer lazy_linear": Here("linear"),
    "embed embeddings lookup_table embedding_lookup token_embedding word_embedding": Here("embedding"),
    "embedding_bag": Here("embedding\nmean: {dim: 1}"),
    # convolutions
    "convolution convolutional conv_layer lazy_conv atrous_conv dilated_conv group_conv conv_general": Here("conv{n}d"),
    "transposed_conv transpose_conv deconv deconvolution conv_transposed upconv lazy_conv_transpose": Here(
        "conv_transpose{n}d"
    ),
    "depthwise_conv depthwise dw_conv depthwise_convolution": Here(
        "conv{n}d: {out_channels: $in_channels, kernel_size: 3, groups: $in_channels}"
    ),
    "pointwise_conv pointwise pw_conv conv1x1": Here("conv{n}d: {kernel_size: 1}"),
    "conv3x3": Here("conv{n}d: {kernel_size: 3, padding: 1}"),
    "separable_conv depthwise_separable_conv sep_conv ds_conv": Here(_SEPARABLE),
    "conv_bn conv_norm": Here("conv{n}d: {bias: false}\nbatch_norm{n}d"),
    "conv_bn_relu conv_bn_act conv_norm_act conv_module conv_norm_activation": Here(
        "conv{n}d: {bias: false}\nbatch_norm{n}d\nrelu"
    ),
    "conv_relu": Here("conv{n}d\nrelu"),
    # normalisation
    "bn batch_normalization sync_batch_norm sync_bn frozen_batch_norm lazy_batch_norm": Here("batch_norm{n}d"),
    "layer_normalization ln": Here("layer_norm"),
    "layer_norm2d layer_norm_channels_first channel_layer_norm": Here(
        _CHANNELS_LAST_NORM, "`group_norm: {num_groups: 1}` if all of C, H and W is one group"
    ),
    "group_normalization gn": Here("group_norm: {num_groups: 1}"),
    "instance_normalization lazy_instance_norm": Here("instance_norm{n}d"),
    "root_mean_square_norm rms_normalization t5_layer_norm llama_rms_norm": Here("rms_norm"),
    "lrn local_response_normalization": Here("local_response_norm: {size: 5}"),
    "l2_norm l2_normalize l2_normalization unit_normalization": Here("normalize"),
    "global_response_norm grn": Here(
        "", "it is several steps, to define under `blocks`; local_response_norm is something else"
    ),
    # activations
    "swish": Here("silu"),
    "leaky lrelu": Here("leaky_relu"),
    "h_swish": Here("hardswish"),
    "h_sigmoid": Here("hardsigmoid"),
    "logistic": Here("sigmoid"),
    "parametric_relu": Here("prelu"),
    "randomized_leaky_relu": Here("rrelu"),
    "gelu_new gelu_tanh approx_gelu gelu_pytorch_tanh": Here("gelu: {approximate: tanh}"),
    "quick_gelu": Here("gelu", "the figures are the same"),
    # pooling
    "max_pooling max_pool_with_indices pool pooling": Here("max_pool{n}d"),
    "average_pool average_pooling mean_pool avg_pooling": Here("avg_pool{n}d"),
    "global_avg_pool global_average_pool global_average_pooling gap global_pool global_mean_pool": Here(
        f"adaptive_avg_pool{{n}}d: {_GLOBAL}"
    ),
    "global_max_pool global_max_pooling gmp": Here(f"adaptive_max_pool{{n}}d: {_GLOBAL}"),
    "adaptive_pool adaptive_average_pool": Here(f"adaptive_avg_pool{{n}}d: {_GLOBAL}"),
    # dropout
    "drop_path drop_connect": Here("stochastic_depth: {p: 0.1, mode: row}"),
    "drop gaussian_dropout gaussian_noise mc_dropout": Here("dropout"),
    "spatial_dropout feature_dropout": Here("dropout{n}d"),
    "feature_alpha_dropout": Here("alpha_dropout"),
    # padding and resampling
    "zero_pad zero_padding constant_pad": Here("pad: {pad: [1, 1, 1, 1]}"),
    "reflection_pad reflect_pad": Here("pad: {pad: [1, 1, 1, 1], mode: reflect}"),
    "replication_pad replicate_pad": Here("pad: {pad: [1, 1, 1, 1], mode: replicate}"),
    "circular_pad": Here("pad: {pad: [1, 1, 1, 1], mode: circular}"),
    "interpolate resize resize_nearest resize_nearest_neighbor resize_images resizing upsampling_nearest": Here(
        "upsample: {scale_factor: 2}"
    ),
    "up_sampling": Here("upsample: {scale_factor: 2}", "", (("size", "scale_factor"), ("stride", "scale_factor"))),
    "resize_bilinear upsample_bilinear upsampling_bilinear": Here("upsample: {scale_factor: 2, mode: bilinear}"),
    "depth_to_space": Here("pixel_shuffle: {upscale_factor: 2}", "", (("block_size", "upscale_factor"),)),
    "space_to_depth reorg focus": Here(
        "pixel_unshuffle: {downscale_factor: 2}",
        "",
        (("block_size", "downscale_factor"), ("stride", "downscale_factor")),
    ),
    # joining
    "cat concatenate concat_layer route": Here("concat"),
    "elementwise_add eltwise shortcut skip_add residual_add plus add_layer": Here("add"),
    "multiply product hadamard elementwise_mul": Here("mul"),
    "subtract minus": Here("sub"),
    "divide true_divide": Here("div"),
    "dot bmm mm batch_matmul batch_dot": Here("matmul"),
    # shapes
    "view": Here("reshape: {shape: [$batch, -1]}", "`flatten` for the same, or unflatten to split one dim"),
    "ravel": Here("flatten"),
    "swap_axes swap_dims": Here("transpose", "", (("axis0", "dim0"), ("axis1", "dim1"), ("axis2", "dim1"))),
    "move_axis move_dim permute_dimensions": Here("permute"),
    "rearrange": Here("", "write what it does: `reshape` splits and joins dims, `permute` orders them"),
    "expand_dims": Here("unsqueeze: {dim: 1}"),
    "broadcast_to expand_as": Here("expand", "", (("shape", "sizes"), ("size", "sizes"))),
    "crop cropping center_crop narrow select": Here("slice: {dim: 1}"),
    "repeat_vector": Here("unsqueeze: {dim: 1}\nexpand: {sizes: [-1, 2, -1]}", "2 stands for the number of steps"),
    # arithmetic
    "square": Here("pow: {exponent: 2}"),
    "power": Here("pow: {exponent: 2}"),
    "negative neg": Here("mul: {other: -1}"),
    "clip clip_by_value": Here("clamp: {min: 0, max: 6}"),
    "reduce_mean": Here("mean"),
    "reduce_sum": Here("sum"),
    "reduce_max amax": Here("max"),
    "average": Here("stack\nmean: {dim: 0}"),
    # recurrent layers
    "simple_rnn elman": Here("rnn"),
    "bilstm bidirectional_lstm": Here("lstm: {bidirectional: true}"),
    "bigru bidirectional_gru": Here("gru: {bidirectional: true}"),
    "birnn": Here("rnn: {bidirectional: true}"),
    "cu_dnn_lstm": Here("lstm"),
    "cu_dnn_gru": Here("gru"),
    "bidirectional": Here("", "it is an attribute of the layer: `lstm: {hidden_size: 64, bidirectional: true}`"),
    "time_distributed": Here(
        "", "nothing is needed: linear works on the last dim of any input, and every op on all samples of dim 0"
    ),
    # transformers
    "attention self_attention mhsa mha multi_head_self_attention": Here("multihead_attention"),
    "sdpa flash_attention scaled_dot_product flash_attn": Here("scaled_dot_product_attention"),
    "rope rotary rotary_position_embedding rotary_pos_emb": Here("rotary_embedding"),
    "moe": Here("mixture_of_experts"),
    "positional_embedding position_embedding pos_embed positional_encoding": Here(
        "", "a table is a `parameter: {shape: [tokens, features]}`, and `add` adds it: `{add, from: [x, table]}`"
    ),
    "cls_token class_token": Here("", "it is a `parameter`, which `expand` copies for the batch and `concat` joins"),
    # blocks that other libraries have as one layer
    "squeeze_excite squeeze_excitation se se_block se_module se_layer squeeze_and_excite": Here(
        "",
        f"{_BLOCK}: adaptive_avg_pool2d, conv2d 1x1, relu, conv2d 1x1, sigmoid, and `mul` with its input;"
        f" {_OF_THE_ZOO} `squeeze_excite`",
    ),
    "mlp ffn feed_forward": Here("", f"{_BLOCK}: linear, gelu, linear; {_OF_THE_ZOO} `mlp`"),
    "swiglu swiglu_ffn geglu reglu gated_mlp gated_ffn glu_mlp": Here(
        "", f"{_BLOCK}: linear and silu, linear beside them, `mul` of both, linear; {_OF_THE_ZOO} `gated_mlp`"
    ),
    "basic_block bottleneck inverted_residual mbconv residual_block res_block resnet_block c3 c2f spp sppf csp": Here(
        "", _BLOCK
    ),
    "transformer_encoder_layer transformer_encoder encoder_layer transformer_block transformer": Here(
        "", f"{_BLOCK}: {_ATTENTION}, {_MLP}"
    ),
    "transformer_decoder_layer transformer_decoder decoder_layer": Here(
        "", f"{_BLOCK}: multihead_attention on the target, then `from: [target, memory]`, and linear, gelu, linear"
    ),
    "sequential module_list": Here(
        "", "a list of steps is a sequence: write them one below the other, or as a group, `layers: [step, step]`"
    ),
    # what is no layer
    "noop pass passthrough contiguous detach clone stop_gradient": Here("identity", _LEAVE_OUT),
    "weight_norm spectral_norm quant_stub dequant_stub": Here("identity", _LEAVE_OUT),
    "input_layer placeholder": Here("", "the input is no step: leave it out, its shape is the spec's `input`"),
    "cross_entropy cross_entropy_loss mse_loss loss bce_loss": Here("", "a loss is no layer: leave it out"),
    # what has no op
    "take take_along_dim scatter scatter_add sort argsort fft rfft ifft irfft fft2 stft": _CUSTOM,
    "roi_align roi_pool nms one_hot bucketize affine_grid conv_lstm lambda yolo detect region": _CUSTOM,
    "lp_pool fractional_max_pool bilinear cumprod nonzero unique capsule highway maxout": _CUSTOM,
}

# --- attributes: the first of these that the op has -------------------------------------------------------------------

ATTRIBUTES: dict[str, str] = {
    "out_features": "out_channels",
    "out_channels": "out_features",
    "filters num_filters channels ch out_ch outc c_out cout c2 planes out_planes features width out oc": (
        "out_channels out_features"
    ),
    "units num_units n_units neurons out_dim output_dim n_out num_outputs num_output num_classes output": (
        "out_features hidden_size out_channels"
    ),
    "hidden hidden_dim hidden_units state_size num_hidden d_hidden dim_feedforward": "hidden_size hidden_features",
    "layers n_layers num_hidden_layers": "num_layers",
    "kernal kernal_size": "kernel_size",
    "kernel kernels ksize k filter_size kernel_shape k_size window pool_size pool window_shape size": "kernel_size",
    "window_sizes ws": "window_size",
    "strides step steps subsample s": "stride",
    "pad pads paddings p": "padding",
    "dilation_rate dilations d rate kernel_dilation atrous_rate": "dilation p",
    "group feature_group_count n_groups groups g num_group cardinality": "groups num_groups",
    "use_bias bias_attr has_bias with_bias biases": "bias",
    "rate prob probability drop drop_prob drop_rate dropout dropout_rate ratio dropout_ratio": "p dropout",
    "survival_prob": "p",
    "epsilon variance_epsilon": "eps",
    "decay": "momentum",
    "scale center learnable": "affine elementwise_affine",
    "axis axes dim dims dimension": "dim dims normalized_shape",
    "axis_a dim_a": "dim0",
    "axis_b dim_b": "dim1",
    "keepdims keep_dims keep_dim": "keepdim",
    "perm permutation order": "dims",
    "target_shape new_shape output_shape dims size": "shape output_size",
    "out_size target_size output": "output_size",
    "output_shape": "size output_size",
    "scale factor scale_factors block_size upscale": "scale_factor upscale_factor downscale_factor",
    "interpolation method resample": "mode",
    "slope negative_slope_coefficient leak alpha": "negative_slope",
    "negative_slope": "alpha",
    "vocab_size n_vocab num_tokens input_dim vocabulary_size num_words": "num_embeddings",
    "dim emb_dim embed_dim embedding_size d_model output_dim hidden_size features": "embedding_dim",
    "heads n_heads num_attention_heads nhead n_head": "num_heads",
    "attn_drop attn_dropout attention_dropout": "dropout dropout_p",
    "causal": "is_causal",
    "experts n_experts": "num_experts",
    "k topk num_experts_per_tok": "top_k",
    "theta": "base",
    "bidir": "bidirectional",
    "min_value minimum low": "min min_val",
    "max_value maximum high": "max max_val",
    "chunks_num num_chunks": "chunks",
    "num_or_size_splits sections split_sizes": "split_size_or_sections",
    "begin from_index": "start",
    "stop": "end",
    "eq subscripts": "equation",
    "value constant scalar": "other",
    "power": "exponent",
    "p degree norm_type order": "ord",
    "padding": "pad",
}
INFERRED = (
    "in_channels in_ch in_c inc c_in cin c1 inplanes in_planes in_chans in_features num_features num_channels"
    " input_size input_dim input_shape embed_dim d_model normalized_shape batch_input_shape in_shape input_channels"
)
IGNORED = (
    "kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint"
    " initializer depthwise_initializer embeddings_initializer recurrent_initializer gamma_initializer beta_initializer"
    " device trainable training seed return_sequences return_state unroll stateful dtype name weight_init init"
    " fused renorm recurrent_activation recurrent_dropout noise_shape antialias batch_normalize activation_fn"
    " is_causal causal need_weights average_attn_weights"
)
ACTIVATIONS = "activation act nonlinearity act_layer activation_layer act_fn"
WEIGHTS = "weight weights given_weight kernel_weight w"
CAUSAL = "is_causal causal"  # torch's multi-head attention takes it in its forward pass
CHANNEL_ORDER = "data_format layout channels_last"

# --- words of values, keys and modifiers ------------------------------------------------------------------------------

DTYPES: dict[str, str] = {
    "half fp16 f16": "float16",
    "float fp32 f32 single full real": "float32",
    "double fp64 f64": "float64",
    "bf16 bfloat brain": "bfloat16",
    "long int i64 integer": "int64 int8",
    "i32": "int32",
    "short i16": "int16",
    "char i8 int8_t w8 q8": "int8",
    "byte u8 uchar": "uint8",
    "boolean logical": "bool",
    "fp8 f8 e4m3 float8_e4m3fn e5m2 float8_e5m2": "float8",
    "4bit nf4 q4 fp4 i4 w4": "int4",
}
TRUE = ("yes", "on", "y", "1", "t", "enabled")
FALSE = ("no", "off", "n", "0", "f", "none", "disabled")
CHOICES = {
    "reflection": "reflect",
    "replication": "replicate",
    "edge": "replicate",
    "wrap": "circular",
    "zero": "zeros",
}
KEYS: dict[str, str] = {  # of a spec and of its parts
    "model backbone head network net architecture steps modules sequential body operations forward nodes module": (
        "layers blocks"
    ),
    "input_shape input_size image_size img_size shape in_shape size dims": "input shape",
    "parameters hyperparameters config variables args arguments defaults settings nc": "params",
    "functions definitions components cells classes": "blocks",
    "module_definitions submodules": "blocks",
    "output out returns return result": "outputs",
    "version schema archcost_version": "archcost",
    "imports import includes": "include",
    "base inherit inherits extend parent": "extends",
    "title id": "name",
    "precision data_type type": "dtype",
    "budget limits limit": "budgets",
    "expected expectations published": "expect",
    "description paper reference url citation doc": "source",
    "batch_size": "batch",
    "input_names": "inputs",
}
MODIFIERS: dict[str, str] = {
    "name label key": "id",
    "input inputs bottom source inbound_nodes inp": "from",
    "number times count n num repeats number_of_times rounds": "repeat",
    "if condition enabled only_if": "when",
    "tie shared weights_from share_weights reuse": "share",
    "paths parallel": "branches",
    "index_name": "as",
}
KIND_KEYS = ("type", "kind", "op", "layer", "module", "class", "class_name", "layer_type", "op_type")
ARGUMENTS = ("args", "attributes", "attrs", "config", "kwargs", "params", "parameters", "arguments")


# --- rules ------------------------------------------------------------------------------------------------------------

_DIMS = re.compile(r"_?([123])_?d")


def squashed(word: str) -> str:
    """A word as the table has it: without capitals, ``_`` and ``-``."""
    return word.lower().replace("_", "").replace("-", "")


def without_dims(word: str) -> tuple[str, int]:
    """A squashed word without its first ``1d``, ``2d`` or ``3d``, and that number of spatial dims, 0 for none."""
    match = _DIMS.search(word)
    return (word[: match.start()] + word[match.end() :], int(match[1])) if match else (word, 0)


_kinds: dict[str, Here] = {}
_candidates: dict[int, dict[str, list[str]]] = {}  # by identity of a table


def kind_row(word: str) -> Here | None:
    """What a squashed word is here, None where the table has nothing of it."""
    if not _kinds:
        _kinds.update({squashed(one): here for words, here in KINDS.items() for one in words.split()})
    return _kinds.get(word)


def candidates(table: dict[str, str], word: str) -> list[str]:
    """What a word may be by a table of words, the likeliest first."""
    rows = _candidates.get(id(table))
    if rows is None:
        rows = _candidates[id(table)] = {}
        for words, value in table.items():
            for one in words.split():
                rows.setdefault(squashed(one), []).extend(value.split())
    return rows.get(squashed(word), [])


def is_among(words: str, word: str) -> bool:
    """Whether a word is one of a list of words."""
    return squashed(word) in {squashed(one) for one in words.split()}
