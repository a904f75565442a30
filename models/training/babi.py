"""bAbI stories (Weston et al. 2015, arXiv 1502.05698): reading the files, splitting and varying them."""

from __future__ import annotations

import gzip
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TASKS = ("qa1", "qa2", "qa3", "qa4", "qa5")
# Words of one group can stand for each other throughout a story; qa5 has people of its own.
GROUPS = {
    "qa1": (("Mary", "John", "Sandra", "Daniel"), ("kitchen", "garden", "office", "bathroom", "bedroom", "hallway")),
    "qa4": (("kitchen", "garden", "office", "bathroom", "bedroom", "hallway"),),
    "qa5": (
        ("Mary", "Bill", "Fred", "Jeff"),
        ("kitchen", "garden", "office", "bathroom", "bedroom", "hallway"),
        ("milk", "apple", "football"),
    ),
}
for task in ("qa2", "qa3", "qa6", "qa7", "qa8"):
    GROUPS[task] = (*GROUPS["qa1"], ("milk", "apple", "football"))
ENTITIES = frozenset(word for groups in GROUPS.values() for group in groups for word in group)


@dataclass
class Question:
    """`after`: how many statements come before it; `supporting`: their indices in the story."""

    text: str
    answer: str
    after: int
    supporting: list[int]


@dataclass
class Story:
    task: str
    statements: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def read_stories(file: Path, task: str) -> list[Story]:
    """Lines are `N statement` or `N question TAB answer TAB supporting line numbers`; N = 1 begins a story."""
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
    stories: list[Story] = []
    at: dict[int, int] = {}
    for line in text.splitlines():
        number, _, rest = line.partition(" ")
        if number == "1":
            stories.append(Story(task))
            at = {}
        story = stories[-1]
        if "\t" in rest:
            question, answer, facts = rest.split("\t")
            supporting = [at[int(n)] for n in facts.split()]
            story.questions.append(Question(question.strip(), answer, len(story.statements), supporting))
        else:
            at[int(number)] = len(story.statements)
            story.statements.append(rest.strip())
    return stories


def training_stories(
    folder: Path, held_out: float = 0.1, tasks: Sequence[str] = TASKS, last: bool = False
) -> dict[str, list[Story]]:
    """The first stories of each task's train file; with `last` the `held_out` of them that are for measuring only."""
    out = {}
    for task in tasks:
        (file,) = folder.glob(f"{task}_*train.txt*")
        stories = read_stories(file, task)
        kept = len(stories) - int(len(stories) * held_out)
        out[task] = stories[kept:] if last else stories[:kept]
    return out


def vary(story: Story, rng: random.Random) -> Story:
    """The same story with people, places and things exchanged among each other."""
    swap: dict[str, str] = {}
    for group in GROUPS[story.task]:
        swap.update(zip(group, rng.sample(group, len(group)), strict=True))

    def words(text: str) -> str:
        return " ".join(swap.get(w.rstrip(".?"), w.rstrip(".?")) + w[len(w.rstrip(".?")) :] for w in text.split())

    return Story(
        story.task,
        [words(s) for s in story.statements],
        [
            Question(words(q.text), ",".join(swap.get(a, a) for a in q.answer.split(",")), q.after, q.supporting)
            for q in story.questions
        ],
    )


def entities(text: str) -> set[str]:
    return {w.rstrip(".?") for w in text.split()} & ENTITIES
