"""bAbI stories told line by line in the code of a repository: what a later line says replaces what an earlier one said.

For order (qa1, qa2), overwriting (qa6), counting (qa7) and lists (qa8) in the reader memory, on the train split.
"""

from __future__ import annotations

import random
from collections.abc import Container
from dataclasses import replace
from itertools import pairwise

from babi import Question, Story, vary
from data import Repo, Sample, Segment, occurrences
from tokenizer import Tokenizer

TOLD = ("qa1", "qa2", "qa6", "qa7", "qa8")
MOST_LINES = 12
MOST_SEGMENTS = 5
ROOM = 120  # tokens of a segment with its lines
COUNTS = ("none", "one", "two", "three")
LEADS = ("//", "#", "*", "--", "")


def told_in_code(
    rng: random.Random, repo: Repo, story: Story, tokenizer: Tokenizer, pieces: Container[int]
) -> Sample | None:
    """A question of the story, its lines so far strewn over some segments in order; None if all are too long.

    `pieces`: word pieces that go on with a word.
    """
    story = vary(story, rng)
    fitting = [q for q in story.questions if q.after <= MOST_LINES]
    if not fitting:
        return None
    question = rng.choice(fitting)
    lead = tokenizer.ids(rng.choice(LEADS))
    lines = [[*lead, *tokenizer.ids(line)] for line in story.statements[: question.after]]
    count = min(len(lines), rng.randint(2, MOST_SEGMENTS))
    cuts = [0, *sorted(rng.sample(range(1, len(lines)), count - 1)), len(lines)]
    stream = rng.sample(range(len(repo.segments)), count)
    text, kind, answers = asked(rng, story.task, question)
    wanted = [tokenizer.ids(answer) for answer in answers]
    shown: dict[int, Segment] = {}
    spans: list[tuple[int, int, int]] = []
    chain: list[int] = []
    for segment, (first, last) in zip(stream, pairwise(cuts), strict=True):
        shown[segment], starts = with_lines(rng, repo.segments[segment], lines[first:last], pieces)
        supporting = [i for i in range(first, last) if i in question.supporting]
        if supporting and kind != "none":
            chain.append(segment)
        for i in supporting:
            at = starts[i - first]
            spans += [(segment, at + a, at + b) for answer in wanted for a, b in occurrences(lines[i], answer)]
    if wanted and not spans:
        return None
    return Sample(
        repo, tokenizer.ids(text), kind, chain, set(stream), spans, [], {}, shown=shown, stream=stream
    )  # fmt: skip


def asked(rng: random.Random, task: str, question: Question) -> tuple[str, str, list[str]]:
    """The question's text, the answer's kind and the words that answer it."""
    if task == "qa6":
        return question.text, question.answer, []
    if task == "qa7":  # a count stands nowhere in the text: asked for by yes or no
        true = rng.random() < 0.5
        others = [count for count in COUNTS[:3] if count != question.answer]
        count = question.answer if true else rng.choice(others)
        return question.text.replace("How many objects is", f"Is {count} the number of objects that").replace(
            " carrying", " carries"
        ), "yes" if true else "no", []  # fmt: skip
    answers = question.answer.split(",")
    if task == "qa8" and answers == ["nothing"]:
        return question.text, "none", []
    return question.text, "list" if len(answers) > 1 else "span", answers


def with_lines(
    rng: random.Random, segment: Segment, lines: list[list[int]], pieces: Container[int]
) -> tuple[Segment, list[int]]:
    """The segment with the lines between words drawn at random, in order, and where each begins in its code."""
    code = segment.code[: max(0, ROOM - sum(map(len, lines)))]
    borders = [i for i, token in enumerate(code) if token not in pieces] or [0]
    places = sorted(rng.choice(borders) for _ in lines)
    out: list[int] = []
    starts = []
    for line, (before, place) in zip(lines, pairwise([0, *places]), strict=True):
        out += code[before:place]
        starts.append(len(out))
        out += line
    return replace(segment, code=[*out, *code[places[-1] :]], anchors=[]), starts
