"""Rules: a function for each function of torch that says a call of it in archcost's ops; and what is free.

A rule gets the call with its arguments by name and a maker of steps, and returns the values of the form that stand for
the call's outputs. It decides nothing of ids, scopes and constants, and shares no formula with torch or with the ops:
after it, lowering holds every shape against that of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from archcost.importers.torch.rules.calls import BoundCall, Unmapped, signature_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.form import Attribute, FormTensor
    from archcost.importers.torch.recorded import TorchCall

__all__ = ["FREE", "RULES", "UNSEEN", "BoundCall", "CallRule", "Maker", "RuleFunction", "Unmapped", "rule"]


class Maker(Protocol):
    """Makes the steps of one call, in the scope of its module; values are those of the form, by number."""

    def step(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        outputs: Sequence[FormTensor] | None = None,
    ) -> int:
        """Add a step of one output and return its value.

        Attributes that are the op's default are left out of the form. Without ``outputs``, archcost's op infers the
        tensor at each batch size. Raises Unmapped if the op refuses its inputs or attributes.
        """

    def steps(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        outputs: Sequence[FormTensor] | None = None,
    ) -> list[int]:
        """Add a step of several outputs and return their values; else as ``step``."""

    def tensor(self, value: int) -> FormTensor:
        """Shape (with the batch) and dtype of a value of the form."""

    def same(self, value: int) -> int:
        """The value itself: what a call that computes nothing gives, such as ``contiguous``."""

    def layer(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None,
        tensors: dict[str, int],
        *,
        outputs: Sequence[FormTensor] | None = None,
        joined: bool = False,
    ) -> list[int]:
        """Add a step that holds parameters and return its values; ``tensors`` are those, by the op's names.

        ``joined``: the source keeps some of the op's tensors in one, so that only the elements of all are compared.
        Raises Unmapped as ``step`` does, and if the op has other tensors, or another layer holds the same ones in
        another form: then the weights are inputs.
        """

    def parameter(self, value: int) -> int | None:
        """The parameter that a value of the recording is as the weight of a layer; None if it is not one.

        A value that is derived from parameters alone is the one among them that has as many elements.
        """

    def parts(self, value: int) -> tuple[int, ...]:
        """The parameters that a value is made of, if they have as many elements together; else none."""

    def recorded(self, value: int) -> FormTensor:
        """Shape and dtype of a value of the recording; no step is made for it."""

    def call_of(self, value: int) -> TorchCall | None:
        """The call that gave a value of the recording; None if none did."""

    def is_read(self, value: int) -> bool:
        """Whether a call that is not dead reads a value of the recording, or it is an output of the model."""

    @property
    def dtype(self) -> str:
        """The dtype of the model."""


RuleFunction = Callable[[BoundCall, Maker], "int | Sequence[int | None]"]  # None: a result that no op gives


class CallRule(NamedTuple):
    """A rule, and the signature that calls of its functions are bound to."""

    lower: RuleFunction
    signature: str


RULES: dict[str, CallRule] = {}
RuleType = TypeVar("RuleType", bound=RuleFunction)


def rule(*functions: str, signature: str = "input") -> Callable[[RuleType], RuleType]:
    """Register a rule for functions by their canonical names (see :class:`~…recorded.Call`).

    ``signature`` names the arguments as torch does, with defaults: ``input, start_dim=0, *sizes``. Raises ValueError if
    a function has a rule already, or the signature is wrong.
    """
    signature_of(signature)

    def register(lower: RuleType) -> RuleType:
        for function in functions:
            if function in RULES:
                raise ValueError(f"{function} has two rules: {RULES[function].lower.__name__} and {lower.__name__}")
            RULES[function] = CallRule(lower, signature)
        return lower

    return register


# Functions that multiply and accumulate nothing, as archcost counts MACs: without a rule they declare `macs: 0`.
# A function that is not here is never taken to be free, whatever torch's counter says of it.
_FREE = """
    abs absolute acos acosh adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
    adaptive_max_pool2d adaptive_max_pool3d add alias all allclose alpha_dropout amax amin aminmax angle any arange
    arccos arcsin arctan arctan2 argmax argmin argsort argwhere as_strided as_tensor asin asinh atan atan2 atanh
    atleast_1d atleast_2d atleast_3d avg_pool1d avg_pool2d avg_pool3d batch_norm bernoulli bincount bitwise_and
    bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor block_diag bool broadcast_tensors
    broadcast_to bucketize cat ceil celu channel_shuffle chunk clamp clamp_max clamp_min clip clone column_stack
    combinations complex concat concatenate conj contiguous copy copysign cos cosh count_nonzero cummax cummin
    cumprod cumsum deg2rad detach diag diag_embed diagflat diagonal diff digamma div divide dropout dropout1d
    dropout2d dropout3d dsplit dstack elu empty empty_like empty_strided eq erf erfc erfinv exp exp2 expand
    expand_as expm1 eye feature_alpha_dropout feature_dropout fill flatten flip fliplr flipud float floor
    floor_divide floordiv fmax fmin fmod fold frac full full_like gather ge gelu geq getitem glu greater
    greater_equal grid_sample group_norm gt gumbel_softmax half hardshrink hardsigmoid hardswish hardtanh heaviside
    histc hsplit hstack imag index_add index_copy index_fill index_put index_select instance_norm int interpolate
    invert isclose isfinite isin isinf isnan item kthvalue layer_norm ldexp le leaky_relu lerp less less_equal
    lgamma linspace log log10 log1p log2 log_softmax logaddexp logaddexp2 logcumsumexp logical_and logical_not
    logical_or logical_xor logit logsigmoid logspace logsumexp long lt masked_fill masked_scatter masked_select max
    max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d max_unpool3d maximum mean median meshgrid min minimum
    mish mod mode moveaxis movedim msort mul multinomial multiply nan_to_num nanmean nanmedian nansum narrow
    native_batch_norm native_group_norm native_layer_norm ne neg negative new_empty new_full new_ones new_tensor
    new_zeros nms norm normal normalize not_equal one_hot ones ones_like or pad permute pixel_shuffle
    pixel_unshuffle polar positive pow prelu prod put quantile rad2deg rand rand_like randint randint_like randn
    randn_like randperm ravel real reciprocal relu relu6 remainder renorm repeat repeat_interleave requires_grad
    reshape reshape_as resolve_conj roll rot90 round rrelu rsqrt rsub scatter scatter_add scatter_reduce
    searchsorted select selu setitem sgn sigmoid sign signbit silu sin sinc sinh slice softmax softmin softplus
    softshrink softsign sort split split_with_sizes sqrt square squeeze stack std std_mean sub subtract sum swapaxes
    swapdims t take take_along_dim tan tanh tanhshrink tensor tensor_split threshold tile to topk transpose tril
    tril_indices triu triu_indices true_divide trunc type type_as unbind unflatten unfold unfold_copy uniform unique
    unique_consecutive unsqueeze upsample values var var_mean view view_as view_as_complex view_as_real vsplit
    vstack where xlogy xor zero zeros zeros_like and ror rand_ rxor rpow rtruediv rfloordiv rmod truediv abs_ lshift
    rshift masked_mean T mT H mH embedding local_response_norm rms_norm roi_align roi_pool ps_roi_align box_iou
    box_convert clip_boxes_to_image _weight_norm _weight_norm_interface norm_except_dim linalg_vector_norm
    vector_norm addcdiv addcmul adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices
    adaptive_max_pool3d_with_indices adjoint asarray bfloat16 cosine_similarity cpu cuda data dist double expit
    float_power ger isneginf isposinf iter lift_fresh linalg_norm log_sigmoid lp_pool1d lp_pool2d lp_pool3d
    max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices native_channel_shuffle outer
    pairwise_distance pos radd rdiv rmul row_stack short unsafe_split upsample_bilinear upsample_nearest trace
    binary_cross_entropy binary_cross_entropy_with_logits cauchy constant cosine_embedding_loss cross_entropy ctc_loss
    dirac embedding_bag exponential fake_quantize_per_channel_affine fake_quantize_per_tensor_affine gaussian_nll_loss
    geometric hinge_embedding_loss huber_loss kaiming_normal kaiming_uniform kl_div l1_loss log_normal
    margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss
    pad_sequence poisson poisson_nll_loss random smooth_l1_loss soft_margin_loss triplet_margin_loss trunc_normal
    xavier_normal xavier_uniform
"""
FREE = frozenset(_FREE.split())

# Functions that multiply and accumulate, although torch's counter reads some or all of their calls as 0.
_UNSEEN = """
    _grouped_mm grouped_mm grouped_linear deform_conv2d lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell
    rnn_relu_cell affine_grid mv dot inner matmul linear vdot linalg_vecdot einsum tensordot addmv chain_matmul
    multi_dot bilinear cdist
"""
UNSEEN = frozenset(_UNSEEN.split())
