"""Fits the bundle's `calibration` on readings of repositories that were held out from training.

python calibrate.py readings.jsonl --out calibration.json   (readings come from `export-readings.ts`)
"""

from __future__ import annotations

import argparse
import json
import math
import re
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

PARTS = ("gist", "memory", "lexical")
HOLDER = ("support", "span", "logit")
NONE_PLACES = 5
CITED = 5
CITED_SHARE, JOINED_SHARE, MOST_JOINED, NEAR = 0.03, 0.1, 3, 3
KINDS = ("span", "list", "place", "yes", "no", "none")


def fit(loss, parameters: list[Tensor], steps: int = 400, rate: float = 0.05) -> None:
    optimizer = torch.optim.Adam(parameters, rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


def fit_fusion(rows: list[dict]) -> tuple[dict[str, float], dict[str, float]]:
    """Weights of the parts: the evidence should win the softmax over all candidates. Returns weights and hit@k."""
    cases = []
    for row in rows:
        x = torch.tensor([[c["features"][p] for p in PARTS] for c in row["candidates"]])
        y = torch.tensor([bool(c["groups"]) for c in row["candidates"]])
        if y.any() and not y.all():
            cases.append((x, y))
    raw = torch.zeros(3, requires_grad=True)

    def loss() -> Tensor:
        total = torch.zeros(())
        for x, y in cases:
            s = x @ F.softplus(raw)
            total = total + s.logsumexp(0) - s[y].logsumexp(0)
        return total / len(cases)

    fit(loss, [raw])
    weights = F.softplus(raw).detach()
    answerable = sum(1 for r in rows if r["evidence"])
    hits = {}
    for name, w in [("fused", weights), *((p, torch.eye(3)[i]) for i, p in enumerate(PARTS))]:
        ranks = [int(((x @ w) > (x @ w)[y].max()).sum()) for x, y in cases]
        hits |= {f"{name}@{k}": round(sum(r < k for r in ranks) / answerable, 3) for k in (1, 5, 12)}
    return {p: round(weights[i].item(), 4) for i, p in enumerate(PARTS)}, hits


def logistic(x: Tensor, y: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    w, b = torch.zeros(x.shape[1], requires_grad=True), torch.zeros((), requires_grad=True)
    fit(lambda: F.binary_cross_entropy_with_logits(x @ w + b, y, weight=weight) + 1e-3 * w.square().sum(), [w, b], 800)
    return w.detach(), b.detach()


def weights_of(w: Tensor, b: Tensor) -> dict[str, float]:
    return {"bias": round(b.item(), 4)} | {n: round(w[i].item(), 4) for i, n in enumerate(("support", "span", "none"))}


def normalise(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip().strip("\"'`").rstrip(".;,").lower())


def softmax(values: list[float]) -> list[float]:
    top = max(values)
    raised = [math.exp(v - top) for v in values]
    return [r / sum(raised) for r in raised]


def traits(best: dict, support: float) -> list[float]:
    """What speaks for taking the answer from a place, by its best span, in the order of `HOLDER`."""
    return [math.log(max(support, 1e-9)), best["p"], best["logit"]]


def fit_holder(rows: list[dict], supports: list[list[float]]) -> dict[str, float]:
    """Weights of the traits: a place whose best span is right should win the softmax over those that were read."""
    cases = []
    for row, support in zip(rows, supports, strict=True):
        told = [(c["spans"][0], s) for c, s in zip(row["candidates"], support, strict=True) if c["spans"]]
        accepted = {normalise(a) for a in row["answers"]}
        y = torch.tensor([normalise(best["text"]) in accepted for best, _ in told])
        if row["type"] not in ("location", "negative") and y.any() and not y.all():
            cases.append((torch.tensor([traits(best, s) for best, s in told]), y))
    raw = torch.zeros(len(HOLDER), requires_grad=True)

    def loss() -> Tensor:
        scores = [(x @ F.softplus(raw), y) for x, y in cases]
        return sum((s.logsumexp(0) - s[y].logsumexp(0) for s, y in scores), torch.zeros(())) / len(cases)

    fit(loss, [raw], 200)
    return {name: round(w, 4) for name, w in zip(HOLDER, F.softplus(raw).tolist(), strict=True)}


class Composed(NamedTuple):
    """The index of the place answered from, the kind, the answer's texts, log P of its span (0 if none is wanted)."""

    at: int
    kind: str
    texts: list[str]
    log_p: float


def compose(row: dict, support: list[float], list_share: float, holder: dict[str, float]) -> Composed:
    """The engine's `compose`."""
    read = [c for c in row["candidates"] if "relevance" in c]
    total = sum(support)
    mean = [0.0] * len(KINDS)
    for c, s in zip(read, support, strict=True):
        for i, p in enumerate(softmax(c["kinds"])):
            mean[i] += s / total * p
    kind = KINDS[max(range(5), key=lambda i: mean[i])]
    if kind not in ("span", "list"):
        return Composed(max(range(len(read)), key=lambda i: support[i]), kind, [], 0.0)
    weights = holder.values()
    scores = [
        sum(w * t for w, t in zip(weights, traits(c["spans"][0], s), strict=True)) if c["spans"] else -math.inf
        for c, s in zip(read, support, strict=True)
    ]
    at = max(range(len(read)), key=lambda i: scores[i])
    spans = read[at]["spans"]
    log_p = math.log((math.exp(spans[0]["p"]) if spans else 0) + 1e-4)
    if kind == "list" and read[at]["items"]:
        return Composed(at, kind, read[at]["items"], log_p)
    if kind == "list":
        spans = [s for s in spans if s["p"] >= spans[0]["p"] + math.log(list_share)]
    return Composed(at, kind, [s["text"] for s in (spans if kind == "list" else spans[:1])], log_p)


def right(row: dict, said: Composed) -> bool:
    read = [c for c in row["candidates"] if "relevance" in c]
    accepted = {normalise(a) for a in row["answers"]}
    if row["type"] == "negative":
        return False
    if row["type"] == "location":
        return bool(read[said.at]["groups"])
    if said.kind in ("yes", "no"):
        return said.kind in accepted
    if row["type"] == "list":
        return {normalise(s) for s in said.texts} == accepted
    return bool(said.texts) and normalise(said.texts[0]) in accepted


def cite(row: dict, support: list[float], at: int) -> list[set[int]]:
    """The evidence in each of the places that are cited: the one answered from, then by support (`citedPlaces`)."""
    places: list[list[tuple[dict, float]]] = []
    least = CITED_SHARE * max(support)
    for i in sorted(range(len(support)), key=lambda i: (i != at, -support[i])):
        part = row["candidates"][i], support[i]
        near = next((place for place in places if joins(place, *part)), None)
        if i != at and support[i] < least:
            continue
        if near is not None:
            near.append(part)
        elif len(places) < CITED:
            places.append([part])
    return [set().union(*(segment["groups"] for segment, _ in place)) for place in places]


def joins(place: list[tuple[dict, float]], segment: dict, support: float) -> bool:
    """Whether they share a line, or are neighbours and the place becomes neither too long nor too weak by it."""
    (a, b), here = segment["lines"], [part for part, _ in place if part["path"] == segment["path"]]
    gap = min((max(a - part["lines"][1], part["lines"][0] - b) for part in here), default=math.inf)
    enough = JOINED_SHARE * max(support for _, support in place)
    return gap <= 0 or (gap <= NEAR and len(place) < MOST_JOINED and support >= enough)


def first_read(row: dict, places: int) -> list[dict]:
    """The candidates that are read if only so many are; what the reader says does not depend on later ones."""
    return [c for c in row["candidates"][:places] if "relevance" in c]


def read_of(row: dict, places: int) -> dict:
    """The row as if only the first `places` candidates had been read."""
    return {**row, "candidates": first_read(row, places)}


def fit_answers(rows: list[dict], fused: list[float], false_abstention: float) -> tuple[dict, dict]:
    """Support, list share, confidence and threshold for these readings; returns them and what they reach."""

    def prior(c: dict) -> float:
        return sum(w * c["features"][p] for p, w in zip(PARTS, fused, strict=True))

    x = torch.tensor([[c["relevance"], prior(c)] for r in rows for c in r["candidates"]])
    w, b = logistic(x, torch.tensor([float(bool(c["groups"])) for r in rows for c in r["candidates"]]))
    support = {"bias": round(b.item(), 4), "relevance": round(w[0].item(), 4), "prior": round(w[1].item(), 4)}
    supports = [
        [1 / (1 + math.exp(-(b + w[0] * c["relevance"] + w[1] * prior(c)))) for c in r["candidates"]] for r in rows
    ]
    pairs = list(zip(rows, supports, strict=True))
    holder = fit_holder(rows, supports)
    shares = (0.05, 0.1, 0.15, 0.25, 0.4)
    share = max(shares, key=lambda t: sum(right(r, compose(r, s, t, holder)) for r, s in pairs if r["type"] == "list"))

    features, correct, cited = [], [], []
    for row, sure in pairs:
        said = compose(row, sure, share, holder)
        at = said.at
        asked = sorted(range(len(sure)), key=lambda i: -sure[i])[:NONE_PLACES]
        none = sum(softmax(row["candidates"][i]["kinds"])[5] for i in asked) / len(asked)
        features.append([math.log(max(sure[at], 1e-6) / max(1 - sure[at], 1e-6)), said.log_p, none])
        correct.append(float(right(row, said)))
        if row["evidence"]:
            cited.append((cite(row, sure, at), row))
    x, y = torch.tensor(features), torch.tensor(correct)
    w, b = logistic(x, y)
    confidence = torch.sigmoid(x @ w + b)
    trust = weights_of(w, b)
    negative = torch.tensor([r["type"] == "negative" for r in rows])
    # Both kinds of questions weigh the same: how many have no answer, only the user knows.
    w, b = logistic(x, negative.float(), torch.where(negative, len(rows) / negative.sum(), 1.0))
    absence = torch.sigmoid(x @ w + b)
    threshold = absence[~negative].quantile(1 - false_abstention).item()
    bins = torch.clamp((confidence * 10).long(), max=9)
    error = sum(
        (bins == i).float().mean().item() * abs(confidence[bins == i].mean().item() - y[bins == i].mean().item())
        for i in range(10)
        if (bins == i).any()
    )
    hops = [len(set().union(*groups)) == row["evidence"] for groups, row in cited if row["type"] == "twohop"]
    exact = {
        kind: [c for c, r in zip(correct, rows, strict=True) if r["type"] == kind]
        for kind in ("fact", "list", "twohop", "choice")
    }
    every = [c for kind in exact.values() for c in kind]
    figures = {
        "read hit@1": round(sum(bool(groups[0]) for groups, _ in cited) / len(cited), 3),
        "read hit@5": round(sum(any(groups) for groups, _ in cited) / len(cited), 3),
        "two-hop all@5": round(sum(hops) / max(1, len(hops)), 3),
        "exact": round(sum(every) / len(every), 3),
        **{f"exact {kind}": round(sum(c) / len(c), 3) for kind, c in exact.items() if c},
        "abstained right": round((absence[negative] > threshold).float().mean().item(), 3),
        "calibration error": round(error, 3),
        "wordings": len(rows),
    }
    answer = {"support": support, "holder": holder, "confidence": trust, "absence": weights_of(w, b)}
    return {**answer, "abstainAbove": round(threshold, 4), "listShare": share}, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readings", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--false-abstention",
        type=float,
        default=0.07,
        help="less than is wanted elsewhere: repositories differ by 0.03",
    )
    parser.add_argument("--places", default="12,16,20,24", help="how many candidates may be read, to choose from")
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.readings.read_text().splitlines()]
    calibration = json.loads(args.out.read_text())
    torch.manual_seed(0)

    calibration["fusion"], hits = fit_fusion(rows)
    fused = list(calibration["fusion"].values())
    best = -1.0
    counted = ("exact", "read hit@5", "two-hop all@5")
    for places in map(int, args.places.split(",")):
        kept = [r for r in (read_of(row, places) for row in rows) if r["candidates"]]
        answer, figures = fit_answers(kept, fused, args.false_abstention)
        print(places, figures)
        mean = sum(figures[name] for name in counted) / len(counted)
        if mean > best + 0.004:  # more places cost time: only for a gain
            best = mean
            calibration["answer"] = answer
            calibration["places"] = places
            calibration["fittedOn"] = {**hits, **figures}
    args.out.write_text(json.dumps(calibration, indent=2) + "\n")
    print(json.dumps(calibration, indent=1))


if __name__ == "__main__":
    main()
