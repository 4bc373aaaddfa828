"""The layers that torch.nn does not have, as source: each is written into a module that uses it."""

from __future__ import annotations

from archcost.export import vision

LEARNT_TENSOR = "LearntTensor"
MIXTURE_OF_EXPERTS = "MixtureOfExperts"
KV_CACHE = "KvCache"
NOT_WRITTEN = "NotWritten"

_LEARNT_TENSOR = f'''class {LEARNT_TENSOR}(nn.Module):
    """A tensor that is learnt, such as a class token or position embedding."""

    def __init__(self, shape: tuple[int, ...], requires_grad: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape), requires_grad=requires_grad)
        nn.init.normal_(self.weight, std=0.02)

    def forward(self) -> torch.Tensor:
        return self.weight'''

_MIXTURE_OF_EXPERTS = f'''class {MIXTURE_OF_EXPERTS}(nn.Module):
    """Every token goes through the top_k experts with the best scores, weighted by a softmax over these scores."""

    def __init__(
        self,
        features: int,
        num_experts: int,
        top_k: int,
        hidden_features: int,
        activation: str = "silu",
        gated: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.top_k = top_k
        self.activation = activation
        self.router = nn.Parameter(torch.empty(num_experts, features))
        self.w1 = nn.Parameter(torch.empty(num_experts, hidden_features, features))
        self.w2 = nn.Parameter(torch.empty(num_experts, features, hidden_features))
        self.w3 = nn.Parameter(torch.empty(num_experts, hidden_features, features)) if gated else None
        self.bias1 = nn.Parameter(torch.zeros(num_experts, hidden_features)) if bias else None
        self.bias2 = nn.Parameter(torch.zeros(num_experts, features)) if bias else None
        self.bias3 = nn.Parameter(torch.zeros(num_experts, hidden_features)) if bias and gated else None
        for weight in (self.router, self.w1, self.w2, self.w3):
            if weight is not None:
                nn.init.normal_(weight, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.is_meta:  # which tokens an expert gets depends on numbers
            return torch.empty_like(x)
        tokens = x.reshape(-1, x.shape[-1])
        scores, chosen = F.linear(tokens, self.router).topk(self.top_k, dim=-1)
        shares = scores.softmax(dim=-1)
        result = torch.zeros_like(tokens)
        for number in range(len(self.router)):
            token, place = torch.where(chosen == number)
            if len(token):
                mixed = self.expert(number, tokens[token]) * shares[token, place, None]
                result = result.index_add(0, token, mixed)
        return result.reshape(x.shape)

    def expert(self, number: int, tokens: torch.Tensor) -> torch.Tensor:
        biases = [None if bias is None else bias[number] for bias in (self.bias1, self.bias2, self.bias3)]
        hidden = getattr(F, self.activation)(F.linear(tokens, self.w1[number], biases[0]))
        if self.w3 is not None:
            hidden = hidden * F.linear(tokens, self.w3[number], biases[2])
        return F.linear(hidden, self.w2[number], biases[1])'''

_KV_CACHE = f'''class {KV_CACHE}(nn.Module):
    """The keys or values of earlier positions, then those of the input; `cached` is what the step before returned."""

    def __init__(self, length: int = 0, dim: int = -2) -> None:
        super().__init__()
        self.length = length
        self.dim = dim
        self.cached: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        cached = self.cached
        if cached is None and self.length:
            shape = list(x.shape)
            shape[self.dim] = self.length
            cached = x.new_zeros(shape)
        return x if cached is None else torch.cat((cached, x), dim=self.dim)'''

_NOT_WRITTEN = f'''class {NOT_WRITTEN}(nn.Module):
    """A layer that the spec only declares: put your own in its place. It has as many params and buffers as declared."""

    def __init__(
        self,
        name: str,
        output: tuple[tuple[int, ...], ...],
        params: int = 0,
        macs: int | None = None,
        flops: int | None = None,
        buffers: int = 0,
    ) -> None:
        super().__init__()
        self.name = name
        self.output = output
        self.macs = macs
        self.flops = flops
        if params:
            self.declared = nn.Parameter(torch.zeros(params))
        if buffers:
            self.register_buffer("kept", torch.zeros(buffers))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        shapes = [tuple(x.shape) for x in inputs]
        raise NotImplementedError(f"write {{self.name}}: inputs of {{shapes}}, outputs of {{self.output}}")'''

HELPERS = {
    LEARNT_TENSOR: _LEARNT_TENSOR,
    MIXTURE_OF_EXPERTS: _MIXTURE_OF_EXPERTS,
    KV_CACHE: _KV_CACHE,
    NOT_WRITTEN: _NOT_WRITTEN,
    **vision.HELPERS,
}
