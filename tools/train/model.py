"""The LLaMA-2 architecture in PyTorch: RMSNorm, rotary positions on adjacent pairs, grouped-query attention,
SwiGLU, and a classifier that shares its weights with the embedding."""
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NORM_EPSILON = 1e-5
ROPE_THETA = 10000.0


@dataclass(frozen=True)
class Config:
    dim: int
    hidden_dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    vocab_size: int
    seq_len: int

    @property
    def head_dim(self) -> int:
        return self.dim // self.n_heads

    @property
    def kv_dim(self) -> int:
        return self.head_dim * self.n_kv_heads


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * gain, over the last dimension."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + NORM_EPSILON) * self.weight


def rope_table(head_dim: int, seq_len: int) -> Tensor:
    """exp(i * angle) of angle = position * theta^(-2 pair / head_dim): complex [seq_len, head_dim / 2]."""
    frequencies = ROPE_THETA ** (-torch.arange(0, head_dim, 2).float() / head_dim)
    angles = torch.outer(torch.arange(seq_len).float(), frequencies)
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, rope: Tensor) -> Tensor:
    """Turns each adjacent pair (x[2i], x[2i + 1]) by its angle. x: [batch, heads, time, head_dim]."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * rope).flatten(-2)


class Attention(nn.Module):
    """Causal attention; each key/value head serves n_heads / n_kv_heads query heads."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.wq = nn.Linear(config.dim, config.dim, bias=False)
        self.wk = nn.Linear(config.dim, config.kv_dim, bias=False)
        self.wv = nn.Linear(config.dim, config.kv_dim, bias=False)
        self.wo = nn.Linear(config.dim, config.dim, bias=False)

    def forward(self, x: Tensor, rope: Tensor, mask: Tensor) -> Tensor:
        """x: [batch, time, dim]; mask: [time, time], 0 where a query may look and -inf elsewhere."""
        batch, time, _ = x.shape
        c = self.config

        def heads(y: Tensor, count: int) -> Tensor:
            return y.view(batch, time, count, c.head_dim).transpose(1, 2)

        q = rotate(heads(self.wq(x), c.n_heads), rope) / math.sqrt(c.head_dim)
        k = rotate(heads(self.wk(x), c.n_kv_heads), rope)
        v = heads(self.wv(x), c.n_kv_heads)
        # The queries that share a key/value head are laid one after the other: no copies of keys and values.
        group = c.n_heads // c.n_kv_heads
        q = q.reshape(batch * c.n_kv_heads, group * time, c.head_dim)
        k, v = (y.reshape(batch * c.n_kv_heads, time, c.head_dim) for y in (k, v))
        weights = torch.softmax(q @ k.transpose(1, 2) + mask.repeat(group, 1), -1)
        out = (weights.to(v.dtype) @ v).view(batch, c.n_heads, time, c.head_dim)
        return self.wo(out.transpose(1, 2).reshape(batch, time, c.dim))


class FeedForward(nn.Module):
    """w2(silu(w1 x) * w3 x)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.w1 = nn.Linear(config.dim, config.hidden_dim, bias=False)
        self.w2 = nn.Linear(config.hidden_dim, config.dim, bias=False)
        self.w3 = nn.Linear(config.dim, config.hidden_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, config: Config, dropout: float) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.dim)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.dim)
        self.feed_forward = FeedForward(config)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, rope: Tensor, mask: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), rope, mask))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Transformer(nn.Module):
    def __init__(self, config: Config, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.dim)
        self.register_buffer("rope", rope_table(config.head_dim, config.seq_len), persistent=False)
        mask = torch.full((config.seq_len, config.seq_len), float("-inf")).triu(1)
        self.register_buffer("mask", mask, persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # Matrices that write to the residual stream start smaller: 2 * n_layers of them add up.
                last = name.endswith(("wo.weight", "w2.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * self.config.n_layers) if last else 0.02)

    def hidden(self, tokens: Tensor) -> Tensor:
        """Normalised final states [batch, time, dim] of tokens [batch, time]."""
        time = tokens.shape[1]
        rope, mask = self.rope[:time], self.mask[:time, :time]
        x = self.dropout(self.embedding(tokens))
        for layer in self.layers:
            x = layer(x, rope, mask)
        return self.norm(x)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [batch, time, vocab_size] of tokens [batch, time]."""
        return F.linear(self.hidden(tokens), self.embedding.weight)

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy in nats for each target that is not -1, in order: [number of such targets].

        tokens, targets: [batch, time].
        """
        wanted = targets >= 0
        logits = F.linear(self.hidden(tokens)[wanted], self.embedding.weight).float()
        # -log(softmax) in two steps: PyTorch's own log_softmax is ten times slower than softmax on some CPUs.
        right = torch.softmax(logits, -1).gather(-1, targets[wanted].unsqueeze(-1)).squeeze(-1)
        return -right.clamp_min(1e-30).log()


def parameter_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
