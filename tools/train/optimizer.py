"""Muon for the matrices of the layers, AdamW for everything else.

Muon (Jordan et al., 2024) replaces the momentum of a matrix by the nearest semi-orthogonal matrix, found with a
few Newton-Schulz steps: every direction of the update gets the same length.
"""
from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn


def orthogonalise(x: Tensor, dtype: torch.dtype = torch.float32, steps: int = 5) -> Tensor:
    """Approximate U V^T of x = U S V^T, for each matrix of x: [count, rows, cols], rows <= cols.

    Works in `dtype`; bfloat16 will do, as the result only has to be roughly orthogonal.
    """
    a, b, c = 3.4445, -4.7750, 2.0315  # a quintic that drives singular values towards 1 quickly
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(dtype)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.float()


class Muon(torch.optim.Optimizer):
    """SGD with Nesterov momentum whose matrix updates are made orthogonal; decoupled weight decay."""

    def __init__(self, parameters: List[nn.Parameter], lr: float, momentum: float = 0.95,
                 weight_decay: float = 0.1, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            updates: Dict[Tuple[int, int], List[Tuple[nn.Parameter, Tensor]]] = {}
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                momentum = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(momentum, group["momentum"])
                if p.shape[0] > p.shape[1]:
                    update = update.t()
                updates.setdefault(tuple(update.shape), []).append((p, update))
            for shape, members in updates.items():  # all matrices of one shape at once
                orthogonal = orthogonalise(torch.stack([update for _, update in members]), self.dtype)
                for (p, _), update in zip(members, orthogonal):
                    rows, cols = p.shape
                    scale = max(1.0, rows / cols) ** 0.5
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update.t() if rows > cols else update, alpha=-group["lr"] * scale)


def make_optimizers(model: nn.Module, muon_rate: float, adam_rate: float, weight_decay: float,
                    dtype: torch.dtype = torch.float32) -> List[torch.optim.Optimizer]:
    """Muon over the layers' matrices, AdamW over embedding and gains (gains without weight decay).

    dtype: what Muon's products are computed in.
    """
    matrices, embeddings, gains = [], [], []
    for name, parameter in model.named_parameters():
        kind = gains if parameter.dim() < 2 else matrices if name.startswith("layers.") else embeddings
        kind.append(parameter)
    groups = [{"params": embeddings, "weight_decay": weight_decay}, {"params": gains, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=adam_rate, betas=(0.9, 0.95), eps=1e-10)
    optimizers = [Muon(matrices, muon_rate, weight_decay=weight_decay, dtype=dtype), adam]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers
