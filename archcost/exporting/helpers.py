"""The layers that torch.nn does not have, as source: each is written into a module that uses it."""

from __future__ import annotations

LEARNT_TENSOR = "LearntTensor"
MIXTURE_OF_EXPERTS = "MixtureOfExperts"
KV_CACHE = "KvCache"
NOT_WRITTEN = "NotWritten"
SAVED_TENSOR = "SavedTensor"
LAYER_SCALE = "LayerScale"
STOCHASTIC_DEPTH = "StochasticDepth"
WINDOW_PARTITION = "WindowPartition"
WINDOW_REVERSE = "WindowReverse"
RELATIVE_POSITION_BIAS = "RelativePositionBias"
ROTARY_EMBEDDING = "RotaryEmbedding"
DEFORM_CONV2D = "DeformConv2d"

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

_SAVED_TENSOR = f'''class {SAVED_TENSOR}(nn.Module):
    """A tensor that is saved but not learnt."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(shape))

    def forward(self) -> torch.Tensor:
        return self.values'''

_LAYER_SCALE = f'''class {LAYER_SCALE}(nn.Module):
    """A learnt factor for each channel; `dim` counts from the last dim, -1."""

    def __init__(self, num_channels: int, dim: int, init_value: float = 1e-06) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((num_channels, *[1] * (-1 - dim)), init_value))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight'''

_STOCHASTIC_DEPTH = f'''class {STOCHASTIC_DEPTH}(nn.Module):
    """In training the input, or each of its samples (mode="row"), is zeroed with probability p."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return x
        shape = (len(x) if self.mode == "row" else 1, *[1] * (x.dim() - 1))
        kept = x.new_empty(shape).bernoulli_(1 - self.p)
        return x * (kept if self.p == 1 else kept.div_(1 - self.p))'''

_WINDOW_PARTITION = f'''class {WINDOW_PARTITION}(nn.Module):
    """(N, H, W, C) to (N * windows, positions, C)."""

    def __init__(self, window_size: int | tuple[int, ...]) -> None:
        super().__init__()
        self.window_size = window_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        dims = x.dim() - 2
        sides = self.window_size if isinstance(self.window_size, tuple) else (self.window_size,) * dims
        for place, side in enumerate(sides):
            x = x.unflatten(1 + 2 * place, (-1, side))
        x = x.permute(0, *range(1, 2 * dims, 2), *range(2, 2 * dims + 1, 2), 2 * dims + 1)
        return x.reshape(-1, torch.Size(sides).numel(), x.size(-1))'''

_WINDOW_REVERSE = f'''class {WINDOW_REVERSE}(nn.Module):
    """(N * windows, positions, C) to (N, H, W, C); one number for `output_size` is a square."""

    def __init__(self, window_size: int | tuple[int, ...], output_size: int | tuple[int, ...]) -> None:
        super().__init__()
        self.window_size = window_size
        self.output_size = output_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sizes = self.output_size if isinstance(self.output_size, tuple) else (self.output_size,) * 2
        dims = len(sizes)
        sides = self.window_size if isinstance(self.window_size, tuple) else (self.window_size,) * dims
        counts = [size // side for size, side in zip(sizes, sides, strict=True)]
        order = [dim for place in range(1, dims + 1) for dim in (place, place + dims)]
        windows = x.reshape(-1, *counts, *sides, x.size(-1))
        return windows.permute(0, *order, 2 * dims + 1).reshape(-1, *sizes, x.size(-1))'''

_RELATIVE_POSITION_BIAS = f'''class {RELATIVE_POSITION_BIAS}(nn.Module):
    """A bias for each head and pair of positions, by their difference: from a learnt table, or from one given."""

    def __init__(self, window_size: int | tuple[int, ...], num_heads: int | None = None) -> None:
        super().__init__()
        sides = torch.Size(window_size if isinstance(window_size, tuple) else (window_size,) * 2)
        rows = torch.Size([2 * side - 1 for side in sides])
        if num_heads is not None:
            self.relative_position_bias_table = nn.Parameter(torch.empty(rows.numel(), num_heads))
            nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        places = torch.cartesian_prod(*map(torch.arange, sides)).reshape(-1, len(sides))
        difference = places[:, None] - places[None] + torch.tensor(sides) - 1
        index = torch.zeros(difference.shape[:2], dtype=torch.int64)
        for place, row in enumerate(rows):
            index = index * row + difference[..., place]
        self.register_buffer("relative_position_index", index.flatten())

    def forward(self, table: torch.Tensor | None = None) -> torch.Tensor:
        rows = self.relative_position_bias_table if table is None else table.reshape(-1, table.size(-1))
        bias = rows[self.relative_position_index]
        positions = round(len(bias) ** 0.5)
        return bias.reshape(positions, positions, -1).permute(2, 0, 1).contiguous().unsqueeze(0)'''

_ROTARY_EMBEDDING = f'''class {ROTARY_EMBEDDING}(nn.Module):
    """Pairs of features turned by angles that grow with their position."""

    def __init__(self, base: float = 10000.0, rotary_dim: int | None = None, interleaved: bool = False) -> None:
        super().__init__()
        self.base = base
        self.rotary_dim = rotary_dim
        self.interleaved = interleaved

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        width = self.rotary_dim or x.size(-1)
        exponents = torch.arange(0, width, 2, dtype=torch.float32, device=x.device) / -width
        places = torch.arange(x.size(-2), dtype=torch.float32, device=x.device)
        angles = places[:, None] * self.base**exponents
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        if self.interleaved:
            a, b = x[..., :width:2], x[..., 1:width:2]
        else:
            a, b = x[..., : width // 2], x[..., width // 2 : width]
        turned = [a * cos - b * sin, b * cos + a * sin]
        if self.interleaved:
            turned = [torch.stack(turned, -1).flatten(-2)]
        return torch.cat([*turned, x[..., width:]], -1)'''

_DEFORM_CONV2D = f'''class {DEFORM_CONV2D}(nn.Module):
    """The deformable convolution of torchvision: samples at moved places, and a plain convolution over them."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        settings = (kernel_size, stride, padding, dilation)
        self.geometry = [setting if isinstance(setting, tuple) else (setting, setting) for setting in settings]
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *self.geometry[0]))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, x: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        n, channels, height, width = x.shape
        rows, columns = offset.shape[2:]
        kernel = self.geometry[0]
        taps = kernel[0] * kernel[1]
        groups = n * (offset.size(1) // (2 * taps))
        down, right = offset.reshape(groups, *kernel, 2, rows, columns).unbind(3)
        down = down * (2 / height) + self.places(height, rows, 0, x)[:, None, :, None]
        right = right * (2 / width) + self.places(width, columns, 1, x)[:, None]
        grid = torch.stack((right, down), -1).reshape(groups, taps, rows * columns, 2)
        sampled = F.grid_sample(x.reshape(groups, -1, height, width), grid, align_corners=False)
        if mask is not None:
            sampled = sampled * mask.reshape(groups, 1, taps, rows * columns)
        sampled = sampled.reshape(n, channels, taps, rows * columns)
        weight = self.weight.flatten(2).unsqueeze(-1)
        return F.conv2d(sampled, weight, self.bias, groups=self.groups).reshape(n, -1, rows, columns)

    def places(self, size: int, count: int, dim: int, like: torch.Tensor) -> torch.Tensor:
        """Where the taps stand without offsets, for every output position along a dim: from -1 to 1."""
        kernel, stride, padding, dilation = [setting[dim] for setting in self.geometry]
        scale, first = 2 / size, (1 - 2 * padding) / size - 1
        taps = torch.linspace(first, first + scale * dilation * (kernel - 1), kernel, dtype=like.dtype)
        steps = torch.linspace(0, scale * stride * (count - 1), count, dtype=like.dtype)
        return (taps[:, None] + steps).to(like.device)'''

HELPERS = {
    LEARNT_TENSOR: _LEARNT_TENSOR,
    MIXTURE_OF_EXPERTS: _MIXTURE_OF_EXPERTS,
    KV_CACHE: _KV_CACHE,
    NOT_WRITTEN: _NOT_WRITTEN,
    SAVED_TENSOR: _SAVED_TENSOR,
    LAYER_SCALE: _LAYER_SCALE,
    STOCHASTIC_DEPTH: _STOCHASTIC_DEPTH,
    WINDOW_PARTITION: _WINDOW_PARTITION,
    WINDOW_REVERSE: _WINDOW_REVERSE,
    RELATIVE_POSITION_BIAS: _RELATIVE_POSITION_BIAS,
    ROTARY_EMBEDDING: _ROTARY_EMBEDDING,
    DEFORM_CONV2D: _DEFORM_CONV2D,
}
