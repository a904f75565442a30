"""Training data as compact shards, small enough to move to a machine with a GPU, and back.

python pack.py DATA/train --out PACKED            about an eighth of the size, in shards of some repositories each
python pack.py PACKED --unpack --out DATA/train   what `data.py` reads; everything drawn from it is made on the spot

A shard is two xz streams: the repositories as lines of JSON without their code, and its tokens as 16-bit numbers. What
training does not read (lines, kinds of anchors, ranges of values) is left out.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

SHARD_BYTES = 80_000_000  # before packing
UNREAD = ("l", "k", "v")


def pack(data: Path, out: Path) -> None:
    """Every `<repo>.json` of a folder and `mine.py`'s `hard/<repo>.json`, one repository in memory at a time."""
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(f for f in data.glob("*.json") if f.name != "index.json")
    for number, shard in enumerate(shards(files)):
        with (
            lzma.open(out / f"{number:03}.json.xz", "wb") as meta,
            lzma.open(out / f"{number:03}.tokens.xz", "wb") as code,
        ):
            for file in shard:
                repo, tokens = without_code(file)
                meta.write(json.dumps(repo, separators=(",", ":")).encode() + b"\n")
                code.write(tokens.tobytes())


def shards(files: list[Path]) -> Iterator[list[Path]]:
    """Files in a row of together about `SHARD_BYTES`."""
    shard: list[Path] = []
    for file in files:
        if shard and sum(f.stat().st_size for f in shard) + file.stat().st_size > SHARD_BYTES:
            yield shard
            shard = []
        shard.append(file)
    yield shard


def without_code(file: Path) -> tuple[dict, array]:
    """A repository with the number of its tokens in place of each segment's code, and all its tokens, little-endian."""
    repo = json.loads(file.read_text())
    hard = file.parent / "hard" / file.name
    if hard.exists():
        repo["hard"] = json.loads(hard.read_text())
    tokens = array("H")
    for segment in repo["segments"]:
        tokens.extend(segment["c"])
        segment["c"] = len(segment["c"])
        for name in UNREAD:
            segment.pop(name, None)
    if sys.byteorder == "big":
        tokens.byteswap()
    return repo, tokens


def unpack(packed: Path) -> Iterator[dict]:
    """The repositories, with their code again; `hard` where there is some."""
    for file in sorted(packed.glob("*.json.xz")):
        with lzma.open(file) as meta, lzma.open(file.with_name(file.name.replace(".json.", ".tokens."))) as tokens:
            for line in meta:
                repo = json.loads(line)
                ends = [0]
                for segment in repo["segments"]:
                    ends.append(ends[-1] + segment["c"])
                code = array("H", tokens.read(2 * ends[-1]))
                if sys.byteorder == "big":
                    code.byteswap()
                for segment, (first, end) in zip(repo["segments"], pairwise(ends), strict=True):
                    segment["c"] = code[first:end].tolist()
                yield repo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--unpack", action="store_true")
    args = parser.parse_args()
    if not args.unpack:
        pack(args.data, args.out)
        return
    (args.out / "hard").mkdir(parents=True, exist_ok=True)
    for repo in unpack(args.data):
        if "hard" in repo:
            (args.out / "hard" / f"{repo['repo']}.json").write_text(json.dumps(repo.pop("hard")))
        (args.out / f"{repo['repo']}.json").write_text(json.dumps(repo))


if __name__ == "__main__":
    main()
