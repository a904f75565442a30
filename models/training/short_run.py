"""The whole recipe in minutes: data from real repositories, a tiny model from random weights, its bundle, a question.

python short_run.py [--minutes 3]   fails unless the tiny model learns: on code and questions it has never seen

Needs `npm ci` and requirements.txt. Fetches four small repositories by version and checksum.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
QUESTIONS = PROJECT / "test/bench/questions"
TOKENIZER = PROJECT / "models/armt-code/tokenizer.json"
TRAINED_ON, HELD_OUT = ("express", "hapi", "axios"), "koa"
CANDIDATES = 12  # that `evaluate` reads for each question
COLUMNS = 72  # segments of a recall batch


def node(*arguments: str | Path) -> str:
    command = ["node", PROJECT / "src/cli/runtime.mjs", *arguments]
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout


def python(script: str, *arguments: str | Path | float) -> None:
    subprocess.run([sys.executable, HERE / script, *map(str, arguments)], check=True)


def make_data(folder: Path) -> None:
    """Steps one and two of the recipe: repositories, and the training data made of them."""
    cache = folder / "cache"
    node(QUESTIONS / "sources.ts", cache, ",".join([*TRAINED_ON, HELD_OUT]))
    for name, repos in (("train", ",".join(TRAINED_ON)), ("dev", HELD_OUT)):
        node(
            HERE / "export-data.ts", "--sources", cache / "ws", "--questions", QUESTIONS / "train.jsonl",
            "--repos", repos, "--out", folder / name,
        )  # fmt: skip


def check_curve(file: Path, segments: int) -> None:
    """Raises SystemExit unless training losses and held-out recall and reading are well off chance."""
    first, *_, last = (json.loads(line) for line in file.read_text().splitlines())
    above = {
        "gist@20": (last["gist@20"], 3 * 20 / segments),
        "keys@20": (last["keys@20"], first["keys@20"]),  # untrained keys of equal words match too
        "read_hit@1": (last["read_hit@1"], 3 / CANDIDATES),
        "gist loss against chance": (math.log(COLUMNS) - last["train"]["gist"], 1.0),
        "keys loss against chance": (math.log(COLUMNS) - last["train"]["keys"], 1.0),
    }
    failed = [
        f"{name}: {value:.3f} is not above {least:.3f}" for name, (value, least) in above.items() if value <= least
    ]
    if failed:
        sys.exit(f"The tiny model has not learned. {'; '.join(failed)}. First {first}, last {last}.")
    print("learned:", above)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="armt-short-run-") as name:
        folder = Path(name)
        make_data(folder)
        train = (
            "train.py", "--tiny", "--tokenizer", TOKENIZER, "--data", folder / "train", "--dev", folder / "dev",
            "--dev-repos", HELD_OUT, "--out", folder / "run", "--minutes", args.minutes,
            "--rate", 1e-3, "--heads", 1e-3, "--read-share", 0.5, "--synthetic", 0.4,
            "--babi", PROJECT / "test/bench/babi", "--stories", 0.05,
        )  # fmt: skip
        checkpoint = folder / "run/checkpoint.pt"
        python(*train, "--piece", args.minutes / 2)
        python("mine.py", "--data", folder / "train", "--init", checkpoint, "--tokenizer", TOKENIZER)
        python(*train, "--resume")
        check_curve(
            folder / "run/curve.jsonl", len(json.loads((folder / f"dev/{HELD_OUT}.json").read_text())["segments"])
        )
        bundle = folder / "bundle"
        python(
            "make_bundle.py", "--checkpoint", checkpoint, "--data", folder / "train",
            "--tokenizer", TOKENIZER, "--out", bundle, "--name", "tiny",
        )  # fmt: skip
        answers, asked = folder / "answers.jsonl", folder / "questions.jsonl"
        asked.write_text(json.dumps({"id": "1", "question": "Where is the response body written?"}) + "\n")
        node(
            PROJECT / "src/cli/armt.ts", "batch", "--workspace", folder / "cache/ws" / HELD_OUT,
            "--questions", asked, "--out", answers, "--state", folder / "state", "--model", bundle,
        )  # fmt: skip
        answer = json.loads(answers.read_text())
        if not answer["citations"]:
            sys.exit(f"The engine cites nothing with the tiny bundle: {answer}")
        print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
