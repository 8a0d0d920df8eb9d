"""Between the trainer's checkpoints, the model in memory and the files of formats.py."""
import os
from pathlib import Path
from typing import Any, Dict

import torch

import formats
from model import Config, Transformer

_LAYER_ARRAYS = {
    "attention_norm": "attention_norm.weight", "feed_forward_norm": "feed_forward_norm.weight",
    "wq": "attention.wq.weight", "wk": "attention.wk.weight", "wv": "attention.wv.weight", "wo": "attention.wo.weight",
    "w1": "feed_forward.w1.weight", "w2": "feed_forward.w2.weight", "w3": "feed_forward.w3.weight",
}
_OTHER_ARRAYS = {"embedding": "embedding.weight", "norm": "norm.weight"}


def save(path: Path, state: Dict[str, Any]) -> None:
    """Writes beside the old file first, so that a kill at any moment leaves a whole checkpoint."""
    part = Path(f"{path}.part")
    torch.save(state, part)
    os.replace(part, path)


def to_arrays(state: Dict[str, torch.Tensor], config: Config) -> formats.Weights:
    """The model's state dictionary as the arrays of formats.py."""
    arrays = {name: state[key].float().cpu().numpy() for name, key in _OTHER_ARRAYS.items()}
    for name, key in _LAYER_ARRAYS.items():
        layers = [state[f"layers.{i}.{key}"].float().cpu() for i in range(config.n_layers)]
        arrays[name] = torch.stack(layers).numpy()
    return arrays


def from_arrays(shape: formats.Shape, arrays: formats.Weights) -> Transformer:
    """A model with these weights, ready to be asked."""
    if "classifier" in arrays:
        raise ValueError("only models whose classifier is the embedding can be loaded here")
    model = Transformer(Config(**shape._asdict()))
    state = {key: torch.from_numpy(arrays[name].copy()) for name, key in _OTHER_ARRAYS.items()}
    for name, key in _LAYER_ARRAYS.items():
        for i in range(shape.n_layers):
            state[f"layers.{i}.{key}"] = torch.from_numpy(arrays[name][i].copy())
    model.load_state_dict(state)
    return model.eval()


def export(state: Dict[str, torch.Tensor], config: Config, folder: Path, group_size: int) -> None:
    """Writes model-f32.bin (v0) and model-int8.bin (v2) into `folder` and says how big they are."""
    shape, arrays = formats.Shape(**vars(config)), to_arrays(state, config)
    formats.write_v0(folder / "model-f32.bin", shape, arrays)
    formats.write_v2(folder / "model-int8.bin", shape, arrays, group_size)
    for name in ("model-f32.bin", "model-int8.bin"):
        print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")


def load_model(path: Path) -> Transformer:
    """A model from a v0 or v2 file."""
    return from_arrays(*formats.read(path))
