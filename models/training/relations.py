"""Questions about relations that lines of code state: environment variables, errors, base classes, routes, units.

`export-relations.ts` finds them; here they are sifted for those with one answer, and worded.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

from facts import SHY, Fact
from tokenizer import Tokenizer
from words import phrase, split, word_set


@dataclass
class Relation:
    """`object` stands at an inclusive token range of the segment's code; `subject` is what it belongs to."""

    segment: int
    kind: str  # environment, error, base, route
    subject: str
    object: str
    span: tuple[int, int]
    forward: bool  # whether the subject has this object alone, so that it can be asked for
    backward: bool  # whether no other segment has the object, so that its place can be asked for


FORWARD = {
    "environment": (
        "Which environment variable sets {n}?", "env variable for the {w}",
        "what environment variable is {n} read from?",
        "{w}: which environment variable?", "From which environment variable does the {w} come?",
        "which variable of the environment does {n} look at?", "how can I set the {w} from the shell, which variable?",
    ),
    "error": (
        "What error does {n} raise?", "which message does {n} fail with?", "error text of {n}",
        "what does {n} say when it goes wrong?", "which complaint comes from {n}?", "{w} error message",
        "what is the text of the error in {n}?",
    ),
    "base": (
        "What does {n} extend?", "base class of {n}", "which class is {n} derived from?", "{n} inherits from what?",
        "parent type of the {w}", "what is {n} a kind of?", "which interface or class does the {w} build on?",
    ),
    "route": (
        "Which handler serves {n}?", "what function handles {n}?", "handler for {n}", "{n} is handled by what?",
        "requests to {n} go to which function?",
    ),
}  # fmt: skip
BACKWARD = {
    "environment": (
        "Where is {o} read?", "which code looks at {o}?", "{o} usage", "where does {o} have its effect?",
        "what depends on the environment variable {o}?",
    ),
    "error": (
        'Where is "{o}" thrown?', 'who raises "{o}"?', "which function fails with {o}?", "I get: {o}. Where from?",
        "where does the error {o} come from", '"{o}" source', "code that complains: {o}",
    ),
    "base": (
        "Which class extends {o}?", "subclass of {o}", "what implements {o}?", "who derives from {o}?",
        "implementation of {o}",
    ),
    "route": ("Where is {o} registered as a handler?", "which route leads to {o}?", "{o} route"),
}  # fmt: skip
CALLED = (
    "What calls {n}?", "where is {n} called?", "who uses {n}?", "caller of {n}", "which function relies on the {w}?",
    "from where do we {w}?", "where is the {w} used?",
)  # fmt: skip
EFFECT = (
    "What does {n} influence?", "where does {n} take effect?", "which code depends on the {w}?", "effect of {n}",
    "what changes if I set {n}?", "where is the {w} looked at?", "{w}: which part of the code uses it?",
)  # fmt: skip
UNIT = (
    "In which unit is the {w}?", "unit of the {w}", "{w}: seconds, milliseconds or what?",
    "what unit does the {w} have?", "what is the {w} measured in?",
)  # fmt: skip
UNITS = word_set(
    "ms millis milliseconds msec msecs us micros microseconds ns nanos nanoseconds s sec secs seconds min mins minutes "
    "hours days bytes byte bits kb kib mb mib gb gib px pixels percent pct chars characters lines mm"
)
MOST_WORDS = 9  # of an error's text that a question quotes


def sift_relations(raw: dict) -> list[Relation]:
    """The relations of an exported repository that can be asked for."""
    paths, segments = raw["paths"], raw["segments"]
    rows = [row for row in raw.get("relations", ()) if not SHY.search(paths[segments[row[0]]["p"]])]
    objects: dict[tuple[str, str], set[str]] = defaultdict(set)
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    for segment, kind, subject, found, _, _ in rows:
        objects[kind, subject].add(found)
        places[kind, found].add(segment)
    out = []
    for segment, kind, subject, found, first, last in rows:
        forward = len(objects[kind, subject]) == 1 and len(subject) > 2 and found != "object"
        backward = len(places[kind, found]) == 1
        if forward or backward:
            out.append(Relation(segment, kind, subject, found, (first, last), forward, backward))
    return out


def relation_wording(rng: random.Random, relation: Relation, backward: bool) -> str:
    """Asks for the object, or for the place of it."""
    owner = relation.subject.rsplit(".", 1)[-1]
    words = relation.object.split()
    if len(words) > MOST_WORDS:
        at = rng.randrange(len(words) - MOST_WORDS + 1)
        words = words[at : at + MOST_WORDS]
    templates = (BACKWARD if backward else FORWARD)[relation.kind]
    name = relation.subject if relation.kind == "route" or rng.random() < 0.5 else owner
    return lowered(rng, rng.choice(templates).format(n=name, w=phrase(rng, owner), o=" ".join(words)))


def called_wording(rng: random.Random, fact: Fact) -> str:
    """Asks who calls a function, or what a setting has its effect on."""
    templates = CALLED if fact.kind == "place" else EFFECT
    return lowered(rng, rng.choice(templates).format(n=fact.name, w=phrase(rng, fact.name)))


def unit_wording(rng: random.Random, fact: Fact) -> str:
    return lowered(rng, rng.choice(UNIT).format(w=phrase(rng, "_".join(split(fact.name)[:-1]))))


def unit_span(tokenizer: Tokenizer, fact: Fact, code: list[int], at: int) -> tuple[int, int] | None:
    """The unit at the end of a number's name, which begins at a token: `ms` of `timeoutMs`."""
    words = split(fact.name)
    if fact.kind != "number" or len(words) < 2 or words[-1] not in UNITS or words[-2] == "per":
        return None
    whole, stem = tokenizer.ids(fact.name), tokenizer.ids(fact.name[: -len(words[-1])])
    fits = whole[: len(stem)] == stem and len(stem) < len(whole) and code[at : at + len(whole)] == whole
    return (at + len(stem), at + len(whole) - 1) if fits else None


def lowered(rng: random.Random, text: str) -> str:
    return text if rng.random() < 0.6 else text[:1].lower() + text[1:]
