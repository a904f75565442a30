"""The mean of two checkpoints' weights, of which the second was trained from the first (WiSE-FT, arXiv 2109.01903).

python average.py FIRST/checkpoint.pt SECOND/checkpoint.pt --out MEAN/checkpoint.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    first, second = torch.load(args.first), torch.load(args.second)
    for name, weight in second["model"].items():
        second["model"][name] = ((first["model"][name].float() + weight.float()) / 2).to(weight.dtype)
    second.pop("optimizer", None)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(second, args.out)


if __name__ == "__main__":
    main()
