"""Wordings for facts found by a parser: the same fact is asked in many ways, with and without its exact name."""

from __future__ import annotations

import random
import re

SYNONYMS = {
    "max": ["maximum", "largest", "upper limit", "most"], "min": ["minimum", "smallest", "least"],
    "timeout": ["time limit", "how long to wait"], "size": ["length", "how big"], "count": ["number", "how many"],
    "num": ["number of", "how many"], "default": ["initial", "unless configured"], "delay": ["pause", "wait"],
    "interval": ["period", "how often"], "limit": ["cap", "bound"], "port": ["listening port"], "host": ["address"],
    "path": ["location", "file"], "dir": ["folder", "directory"], "err": ["error"], "msg": ["message"],
    "retry": ["try again"], "retries": ["attempts", "tries"], "enabled": ["on", "active"], "disable": ["turn off"],
    "buffer": ["buf"], "ms": ["milliseconds"], "url": ["address"], "regex": ["pattern"], "re": ["pattern"],
    "version": ["release"], "name": ["called"], "prefix": ["beginning"], "suffix": ["ending"], "color": ["colour"],
    "mode": ["setting"], "level": ["threshold"], "code": ["status"], "type": ["kind"], "key": ["identifier"],
    "format": ["layout"], "cache": ["cached"], "pool": ["connections"], "len": ["length"], "str": ["string"],
    "env": ["environment"], "config": ["configuration"], "opts": ["options"], "cb": ["callback"], "fn": ["function"],
}  # fmt: skip

FACT = (
    "What is {name}?", "what's the default {words}", "{words} default", "value of {name}", "{words}",
    "What is {words} set to?", "default value for {name}", "What's the {words} if I don't set it?",
    "{name}: whats the value", "which value does {words} have", "What does {name} start out as?",
    "I need the {words} that is used {where}. What is it?", "What {words} is used {where}?",
    "Unless configured otherwise, what is the {words} {where}?", "Which {last} is the {words}?",
    "we never set {words}; what is in force then?", "how is {name} initialised", "initial {words} {where}",
    "Somebody asks for the {words} {where}. Which literal stands in the code?", "{words} {where}",
)  # fmt: skip
PLACE = (
    "Where is {name} defined?", "where's {name}", "Which file has {words}?", "{words} implementation",
    "I want to change how {words} works. Where's the code?", "where do we handle {words}", "definition of {name}",
    "Which function does the {words}?", "{words} location", "find the place that does {words}",
)  # fmt: skip
CHAIN = (
    "{user} uses {words}: what's its value?", "Which {words} applies in {user}?", "what {words} does {user} go by",
    "{user} refers to a {last}. What is it set to?", "value behind {words} in {user}",
    "In {user} a constant is consulted for the {words}. What's the number?", "{words} used by {user}",
    "{user} checks against {words}. What's that defined as?",
)  # fmt: skip


def words_of(rng: random.Random, name: str) -> str:
    """An identifier as words, some of them swapped for synonyms or left out."""
    words = [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    out = []
    for word in words:
        if len(words) > 2 and rng.random() < 0.12:
            continue
        swap = SYNONYMS.get(word)
        out.append(rng.choice(swap) if swap and rng.random() < 0.5 else word)
    return " ".join(out) or name


def fill(rng: random.Random, template: str, name: str, symbol: str, path: str) -> str:
    words = words_of(rng, name)
    where = rng.choice(
        [f"in {symbol}", f"by {words_of(rng, symbol)}", f"in {path.rsplit('/', 1)[-1]}", f"for {words_of(rng, symbol)}"]
        if symbol
        else [f"in {path.rsplit('/', 1)[-1]}", "by default", ""]
    )
    last = words.rsplit(" ", 1)[-1]
    return template.format(
        name=name, words=words, where=where, last=last, user=words_of(rng, symbol) if rng.random() < 0.5 else symbol
    )


def fact_wording(rng: random.Random, name: str, symbol: str, path: str) -> str:
    return fill(rng, rng.choice(FACT), name, symbol, path)


def place_wording(rng: random.Random, name: str, symbol: str) -> str:
    return fill(rng, rng.choice(PLACE), name, symbol, "")


def chain_wording(rng: random.Random, name: str, user: str) -> str:
    return fill(rng, rng.choice(CHAIN), name, user, "")
