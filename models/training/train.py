"""Trains the ARMT encoder: recall (contrastive keys and gist) and reading (relevance, span, kind through the memory).

    python train.py --data DIR --backbone model.safetensors --out RUN --minutes 60 [--resume]

Resumable: a run is cut into pieces by `--piece` minutes; the learning rate follows the share of `--minutes` spent.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from armt import ARMT, Config, phi
from batches import ReadBatch, RecallBatch, read_batch, recall_batch
from data import load_repos
from evaluate import evaluate
from mine import mine
from sampler import Sampler
from tokenizer import Tokenizer

TEMPERATURE = 20.0


def flops_per_token(config: Config) -> int:
    """Of the layers' weights, forward and backward."""
    return 6 * config.layers * (4 * config.d * config.d + 2 * config.d * config.d_ff)


def encode(model: ARMT, tokens: Tensor, kinds: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Index or question pass with the read gate closed: keys [B,M,d_mem], beta [B,M], gist [B,d]."""
    A, z = model.empty_state(1)
    out = model(tokens, kinds, anchors, A, z, torch.zeros(tokens.shape[0]))
    return out[2], out[3], out[4]


def match(q_keys: Tensor, q_weight: Tensor, s_keys: Tensor, s_beta: Tensor) -> Tensor:
    """Each key of a question [Q,N,k] against each write of a segment [S,M,k] -> [Q,S,N,M], scaled by beta."""
    p, k = phi(q_keys.float()), phi(s_keys.float())
    return torch.einsum("qnk,smk->qsnm", p, k) * s_beta[None, :, None, :]


def recall_loss(model: ARMT, batch: RecallBatch) -> dict[str, Tensor]:
    """In-batch contrast of gists, of keys (sum over the question's words of their best write) and of the anchors."""
    q_keys, q_weight, q_gist = encode(model, *batch.question)
    s_keys, s_beta, s_gist = encode(model, *batch.segments)
    drop = batch.ignore * -1e4
    gist = q_gist.float() @ s_gist.float().T * TEMPERATURE + drop
    pairs = match(q_keys, q_weight, s_keys, s_beta.float())  # [Q,S,N,M]
    weight = q_weight.float() / q_weight.float().sum(1, keepdim=True).clamp(min=1e-6)
    best = pairs.amax(-1)  # [Q,S,N]
    keys = torch.einsum("qsn,qn->qs", best, weight) * TEMPERATURE + drop
    # which write: the anchors at the evidence against all others of the batch
    each = torch.einsum("qsnm,qn->qsm", pairs, weight) * TEMPERATURE + drop.unsqueeze(-1)
    each = each + (batch.segments[2] < 0)[None] * -1e4
    spot = (each + (~batch.anchor) * -1e4).flatten(1).logsumexp(1)
    has = batch.anchor.flatten(1).any(1)
    anchor = (each.flatten(1).logsumexp(1) - spot)[has].mean() if has.any() else keys.sum() * 0
    hit = (keys.argmax(1, keepdim=True) == torch.arange(keys.shape[1])) & batch.positive
    return {
        "gist": positives_nll(gist, batch.positive),
        "keys": positives_nll(keys, batch.positive),
        "anchor": anchor,
        "hit": hit.any(1).float().mean().detach(),
    }


def positives_nll(scores: Tensor, positive: Tensor) -> Tensor:
    return (scores.logsumexp(1) - (scores + (~positive) * -1e4).logsumexp(1)).mean()


def read_loss(model: ARMT, batch: ReadBatch) -> dict[str, Tensor]:
    """Streams the candidates through the reader memory; every candidate is judged when it is read."""
    alone = len(batch.steps) == 1
    size = batch.kind.shape[0]
    A, z = model.empty_state(size)
    gate = torch.zeros(size) if alone else torch.ones(size)
    relevance, span, kind = [], [], []
    right = torch.zeros(0)
    labels = torch.stack([s.relevant for s in batch.steps], 1)  # [B,N]
    found = labels.sum(1) > 0
    for n, step in enumerate(batch.steps):
        out = model(step.tokens, step.kinds, step.anchors, A, z, gate)
        A, z, start, end = out[0].float(), out[1].float(), out[5].float(), out[6].float()
        relevance.append(out[7].float())
        nll = span_nll(start, step.start) + span_nll(end, step.end)
        here = step.start[:, 0] == 0
        span.append((nll * torch.where(here, 1.0, 0.15 + 0.25 * labels[:, n])).mean())
        judged = (labels[:, n] > 0) | (~found & (not alone))
        kind.append((F.cross_entropy(out[8].float(), batch.kind, reduction="none") * judged).mean())
        exact = (start.argmax(1) == step.start.argmax(1)) & (end.argmax(1) == step.end.argmax(1))
        right = torch.cat([right, exact[here].float().detach()])
    scores = torch.stack(relevance, 1)  # [B,N]
    listwise = scores.new_zeros(()) if alone else positives_nll(scores[found], labels[found] > 0)
    each = F.binary_cross_entropy_with_logits(scores, labels, pos_weight=torch.tensor(2.0))
    top = labels.gather(1, scores.argmax(1, keepdim=True)).squeeze(1)
    return {
        "relevance": listwise + each,
        "span": torch.stack(span).sum(),
        "kind": torch.stack(kind).sum(),
        "top": top[found].mean().detach() if not alone else torch.tensor(math.nan),
        "exact": right.mean() if len(right) else torch.tensor(math.nan),
    }


def span_nll(logits: Tensor, marks: Tensor) -> Tensor:
    """Negative log of the probability that any marked position is chosen: [B,T] -> [B]."""
    return logits.logsumexp(1) - (logits + (1 - marks) * -1e4).logsumexp(1)


def parameter_groups(model: ARMT, rate: float, heads: float, frozen: int, pretrained: bool) -> list[dict]:
    """The backbone learns slowly, what is new learns fast; pretrained words stay as they are, first layers can."""
    model.encoder.word.weight.requires_grad = not pretrained
    if frozen:
        for part in (model.encoder.position, model.encoder.kind, model.encoder.ln, *model.encoder.layers[:frozen]):
            part.requires_grad_(False)
    old = [p for p in model.encoder.parameters() if p.requires_grad]
    known = {id(p) for p in model.encoder.parameters()}
    new = [p for p in model.parameters() if id(p) not in known]
    return [
        {"params": old, "lr": rate, "base": rate, "weight_decay": 0.01},
        {"params": new, "lr": heads, "base": heads, "weight_decay": 0.01},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dev", type=Path)
    parser.add_argument("--dev-repos", default="ws,nodemon,luxon")
    backbone = parser.add_mutually_exclusive_group(required=True)
    backbone.add_argument("--backbone", type=Path, help="weights of all-MiniLM-L6-v2 to start from")
    backbone.add_argument("--tiny", action="store_true", help="a small model from random weights, for short_run.py")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--piece", type=float, default=1e9, help="stop this piece after so many minutes")
    parser.add_argument("--every", type=float, default=10, help="minutes between checkpoints and evaluations")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--heads", type=float, default=6e-4)
    parser.add_argument("--synthetic", type=float, default=0.3)
    parser.add_argument("--docs", type=float, default=0.3, help="share of recall samples made from comments")
    parser.add_argument("--read-share", type=float, default=0.6)
    parser.add_argument("--alone-share", type=float, default=0.5, help="share of reading batches of one candidate")
    parser.add_argument("--frozen", type=int, default=0, help="layers that stay as they are: less work a step")
    parser.add_argument("--init", type=Path, help="weights to start from")
    parser.add_argument("--mine", action="store_true", help="choose hard negatives by the weights at the start")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    model = ARMT(Config.tiny() if args.tiny else Config(), args.backbone)
    runs: list[dict] = []
    if args.init:
        start = torch.load(args.init)
        model.load_state_dict(start["model"])
        runs = [*start.get("runs", []), {"tokens": start["tokens"], "minutes": round(start["spent"], 1)}]
    groups = parameter_groups(model, args.rate, args.heads, args.frozen, pretrained=not args.tiny)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    spent, step, tokens = 0.0, 0, 0
    checkpoint = args.out / "checkpoint.pt"
    if args.resume and checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        spent, step, tokens, runs = saved["spent"], saved["step"], saved["tokens"], saved.get("runs", runs)
    tokenizer = Tokenizer(args.tokenizer)
    repos = load_repos(args.data, tokenizer)
    dev = [r for r in load_repos(args.dev) if r.name in args.dev_repos.split(",")] if args.dev else []
    if args.mine:
        mine(model, repos, args.seed)
    sampler = Sampler(repos, tokenizer, args.seed + step, args.synthetic, args.docs)
    counts = {
        name: sum(len(getattr(repo, name)) for repo in repos)
        for name in ("segments", "questions", "facts", "links", "docs")
    }
    print(f"{len(repos)} repositories, {counts}", flush=True)

    if dev and step == 0:
        report(args.out, model, dev, 0.0, 0, {})
    began, last_saved, means = time.time(), time.time(), {}
    piece_tokens = 0
    while True:
        now = spent + (time.time() - began) / 60
        if now >= args.minutes or (time.time() - began) / 60 >= args.piece:
            break
        share = now / args.minutes
        factor = min(1.0, (step + 1) / 60) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor
        with torch.autocast("cpu", torch.bfloat16):
            if sampler.rng.random() < args.read_share:
                questions, candidates = (
                    (28, 1) if sampler.rng.random() < args.alone_share else (8, sampler.rng.choice((6, 8, 12)))
                )
                batch = read_batch(sampler, questions, candidates, model.config.memory_tokens)
                parts = read_loss(model, batch)
                loss = parts["relevance"] + 0.7 * parts["span"] + 0.3 * parts["kind"]
                count = sum(s.tokens.numel() for s in batch.steps)
            else:
                recall = recall_batch(sampler, repos=6, per_repo=4, hard=2)
                parts = recall_loss(model, recall)
                loss = parts["gist"] + parts["keys"] + 0.5 * parts["anchor"]
                count = recall.segments[0].numel() + recall.question[0].numel()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, tokens, piece_tokens = step + 1, tokens + count, piece_tokens + count
        for name, value in parts.items():
            if not math.isnan(value.item()):
                means[name] = 0.97 * means.get(name, value.item()) + 0.03 * value.item()
        if step % 20 == 0:
            rate = piece_tokens / (time.time() - began)
            shown = " ".join(f"{k} {v:.3f}" for k, v in means.items())
            print(f"{now:.1f} min step {step} {tokens / 1e6:.2f}M tokens {rate:.0f}/s "
                  f"{rate * flops_per_token(model.config) / 1e12:.2f} TFLOP/s | {shown}", flush=True)  # fmt: skip
        if (time.time() - last_saved) / 60 > args.every:
            save(checkpoint, model, optimizer, now, step, tokens, runs)
            if dev:
                report(args.out, model, dev, now, tokens, means)
            last_saved = time.time()
    save(checkpoint, model, optimizer, spent + (time.time() - began) / 60, step, tokens, runs)
    if dev:
        report(args.out, model, dev, spent + (time.time() - began) / 60, tokens, means)


def save(
    file: Path, model: ARMT, optimizer: torch.optim.Optimizer, spent: float, step: int, tokens: int, runs: list[dict]
) -> None:
    """`runs`: those that the weights come from, oldest first, without this one."""
    state = {
        "model": model.state_dict(),
        "config": model.config.as_dict(),
        "optimizer": optimizer.state_dict(),
        "spent": spent,
        "step": step,
        "tokens": tokens,
        "runs": runs,
    }
    torch.save(state, file.with_suffix(".new"))
    file.with_suffix(".new").replace(file)


def report(out: Path, model: ARMT, dev: list, minutes: float, tokens: int, means: dict[str, float]) -> None:
    """`means`: running means of the training losses and hits."""
    model.eval()
    figures = {"minutes": round(minutes, 1), "tokens": tokens, **evaluate(model, dev)}
    figures["train"] = {name: round(value, 3) for name, value in means.items()}
    model.train()
    print(json.dumps(figures), flush=True)
    with (out / "curve.jsonl").open("a") as f:
        f.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
