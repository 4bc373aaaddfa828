"""Mixtures of experts: each token uses only a few parts of the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import decided, numel, smaller
from archcost.ops.base import BIAS, WEIGHTS, Check, Inputs, Op, Outputs, Product
from archcost.ops.facets import WrittenAs
from archcost.ops.fields import choice, flag, size
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_MAX_EXPERTS = 10_000
ACTIVATION_FLOPS = {"relu": 1, "silu": 4, "gelu": 8}  # per element, as the ops of these names


class MixtureOfExperts(
    Op, kind="mixture_of_experts", family="Linear and embedding", min_rank=2, layout="(*, features)", channels=-1
):
    """Σ over top_k experts of pₑ·W₂(act(W₁x)·W₃x); MACs = tokens × (d·E + top_k · 3·d·h), without biases.

    Input and output (*, d); every position of the dims before the last is a token. A linear router without a bias
    scores E experts for each token. The `top_k` best experts process it, and their results are weighted by a softmax
    over their scores. An expert has three matrices between d and h = `hidden_features`, or two with `gated: false`:
    W₂·act(W₁x). The layer has E · 3·d·h + d·E params, of which a token uses top_k · 3·d·h + d·E (active_params). FLOPs
    beyond the MACs for each token: 3 per score in the softmax, activation and gate of top_k·h elements, weighting and
    sum of top_k·d, biases 1 per output. Choosing the best experts is not counted. Expert capacity and load-balancing
    losses are not modelled.
    """

    written = WrittenAs.OWN
    inferred = "features"
    roles = dict.fromkeys(("bias1", "bias2", "bias3"), BIAS)

    num_experts: Dim = size(symbol="E")
    top_k: Dim = size(symbol="k", doc="how many experts process a token")
    hidden_features: Dim = size(symbol="h", doc="the hidden width of an expert")
    activation: str = choice("silu", "gelu", "relu", default="silu")
    gated: bool = flag(default=True, doc="an expert has three matrices; false: two")
    bias: bool = flag(default=False, doc="whether the experts have biases")

    def validate(self, check: Check) -> None:
        check(self.num_experts <= _MAX_EXPERTS, "num_experts is {}, more than {}", self.num_experts, _MAX_EXPERTS)
        check(self.top_k <= self.num_experts, "top_k is {}, but there are {} experts", self.top_k, self.num_experts)

    def letters(self) -> tuple[str, ...]:
        return ("(*tokens, d)",)

    def parts(self, inputs: Inputs) -> int:
        return decided(self.num_experts)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        experts, features, hidden = self.num_experts, inputs[0][-1], self.hidden_features
        found: dict[str, Shape] = {"router": (experts, features)}
        found |= {"w1": (experts, hidden, features), "w2": (experts, features, hidden)}
        found |= {"w3": (experts, hidden, features)} if self.gated else {}
        if self.bias:
            found |= {"bias1": (experts, hidden), "bias2": (experts, features)}
            found |= {"bias3": (experts, hidden)} if self.gated else {}
        return found

    def expert_params(self, inputs: Inputs) -> Dim:
        """The params of one expert."""
        features, hidden, ways_in = inputs[0][-1], self.hidden_features, 1 + self.gated
        return (ways_in + 1) * features * hidden + self.bias * (ways_in * hidden + features)

    def idle_params(self, inputs: Inputs) -> Dim:
        return (self.num_experts - self.top_k) * self.expert_params(inputs)

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        features = inputs[0][-1]
        expert = (2 + self.gated) * features * self.hidden_features
        return numel(inputs[0][:-1]) * (features * self.num_experts + self.top_k * expert)

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """The router's and the experts' ways in, by the input; their ways out, by what is between."""
        matrix = numel(inputs[0]) * self.hidden_features * self.top_k
        scores = numel(inputs[0]) * self.num_experts
        return (
            (scores + (1 + self.gated) * matrix, (0,), (WEIGHTS,)),
            (matrix, (0, WEIGHTS), (WEIGHTS,)),
        )

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        features, hidden, ways_in = inputs[0][-1], self.hidden_features, 1 + self.gated
        expert = (ACTIVATION_FLOPS[self.activation] + self.gated) * hidden
        expert += self.bias * (ways_in * hidden + features)
        mixing = 3 * self.top_k + self.top_k * features + (self.top_k - 1) * features
        return numel(inputs[0][:-1]) * (self.top_k * expert + mixing)

    def read_weights(self, inputs: Inputs, outputs: Outputs) -> Dim:
        """The router, and as many experts as the tokens can reach."""
        used = smaller(self.num_experts, numel(inputs[0][:-1]) * self.top_k)
        return self.num_experts * inputs[0][-1] + used * self.expert_params(inputs)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ((*[window(dim) for dim in range(len(inputs[0]) - 1)], ALL),)
