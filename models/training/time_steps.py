"""Times the step of this folder's ARMT in PyTorch on the CPU: the PyTorch row of `armt bench speed`.

python time_steps.py --segments FILE --seconds N [--threads N] [--batch N]

FILE holds one JSON list of token ids a line, each an index step's input. Weights are random: time does not depend on
them.
Segments are sorted by length and batched, which is the kindest to PyTorch; tokenising is not timed. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from armt import ARMT, CODE, PAD, Config

ANCHORS = 12


def batches(rows: list[list[int]], size: int) -> list[tuple[torch.Tensor, int]]:
    """Padded token tensors [B,T] of neighbours in length, each with its count of real tokens."""
    rows = sorted(rows, key=len)
    out = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        width = max(map(len, part))
        tokens = torch.tensor([row + [PAD] * (width - len(row)) for row in part])
        out.append((tokens, sum(map(len, part))))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batch", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = [json.loads(line) for line in args.segments.read_text().splitlines()]
    # Lengths are mixed, so that what is timed first is like the rest.
    steps = batches(rows, args.batch)
    steps = steps[::2] + steps[1::2]
    model = ARMT(Config()).eval()
    tokens = done = 0
    started, used = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        for warm in (True, False):
            tokens = done = 0
            started, used = time.perf_counter(), time.process_time()
            limit = args.seconds * (0.3 if warm else 1)
            while time.perf_counter() - started < limit:
                batch, real = steps[done % len(steps)]
                anchors = torch.arange(min(ANCHORS, batch.shape[1])).repeat(len(batch), 1)
                model.write(batch, torch.full_like(batch, CODE), anchors)
                tokens += real
                done += 1
    ms, processor_ms = (time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000
    print(json.dumps({"items": done * args.batch, "tokens": tokens, "ms": ms, "processorMs": processor_ms}))


if __name__ == "__main__":
    main()
