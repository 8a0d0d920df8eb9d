"""Which type a device multiplies matrices faster in: float32 or bfloat16."""
import time

import torch


def seconds_to_multiply(device: str, dtype: torch.dtype) -> float:
    """The best of a few products of the size that a small model's layers have."""
    left, right = torch.ones(2048, 256, device=device, dtype=dtype), torch.ones(256, 768, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        (left @ right).sum().item()  # the sum is asked for, so that a GPU has to finish
        best = min(best, time.perf_counter() - began)
    return best


def faster(device: str) -> torch.dtype:
    """Some processors have bfloat16 in hardware, some compute it ten times as slowly as float32."""
    return min((torch.float32, torch.bfloat16), key=lambda dtype: seconds_to_multiply(device, dtype))
