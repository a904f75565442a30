"""A checkpoint's weights in parts that are small enough to move between machines, and back.

python parts.py RUN/checkpoint.pt --out MOVED           float16, without the optimizer's state, in files of 16 MiB
python parts.py MOVED --join --out RUN/checkpoint.pt    what `train.py --init` and `make_bundle.py` read
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import torch

PART_BYTES = 16 * 2**20


def split(checkpoint: Path, out: Path) -> None:
    saved = torch.load(checkpoint)
    saved.pop("optimizer", None)
    saved["model"] = {name: weight.half() for name, weight in saved["model"].items()}
    buffer = io.BytesIO()
    torch.save(saved, buffer)
    whole = buffer.getbuffer()
    out.mkdir(parents=True, exist_ok=True)
    for number, at in enumerate(range(0, len(whole), PART_BYTES)):
        (out / f"weights.{number:02}").write_bytes(whole[at : at + PART_BYTES])


def join(parts: Path, out: Path) -> None:
    saved = torch.load(io.BytesIO(b"".join(part.read_bytes() for part in sorted(parts.glob("weights.*")))))
    saved["model"] = {name: weight.float() for name, weight in saved["model"].items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(saved, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--join", action="store_true")
    args = parser.parse_args()
    (join if args.join else split)(args.source, args.out)


if __name__ == "__main__":
    main()
