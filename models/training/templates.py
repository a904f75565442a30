"""Wordings for facts found by a parser: the same fact is asked in many ways, with and without its exact name.

Every list holds patterns for `str.format`: `n` the name as in the code, `w` the name in words, `r` the words without
the one that the pattern already says, `at` where (" in retry.ts", or empty when the name alone is clear), `v` a value.
"""

from __future__ import annotations

import random
import re

from facts import GENERIC, Fact
from words import VERBS, phrase, split, third_person, word_set

ANY = (
    "What is {n}{at}?", "value of {n}{at}", "what's {n} set to{at}?", "{n}{at}", "what does {n} hold{at}?",
    "What is the {w}{at}?", "what's the {w}{at}", "{w}{at}", "{w} value{at}", "Which {w} is used{at}?",
    "which value does the {w} have{at}?", "tell me the {w}{at}", "What is the {w} set to{at}?",
    "{n}: what's the value{at}?",)  # fmt: skip
DEFAULT = (
    "What's the default {w}{at}?", "{w} default{at}", "default for {n}{at}", "what does {n} default to{at}?",
    "which {w} applies{at} if I don't set one?", "what {w} do I get{at} when nothing is configured?",
    "Unless told otherwise, what is the {w}{at}?", "{w}{at} out of the box?", "initial {w}{at}",
    "What is {n} to begin with{at}?", "we never configure the {w}; what is in force then{at}?",
)  # fmt: skip
NUMBER = ("what number is the {w}{at}?", "how much is the {w}{at}?", "which figure is {n}{at}?")
CODE = (
    "which number stands for {w}{at}?", "numeric value of {n}{at}", "what code does {w} have{at}?", "{w} code{at}",
    "What is {n}{at}?", "what number is {n}{at}", "{n}{at}", "code for {w}{at}",
)  # fmt: skip
TEXT = (
    "which string is the {w}{at}?", "what text does {n} hold{at}?", "what is used as {w}{at}?",
    "which literal stands for the {w}{at}?",
)  # fmt: skip
MESSAGE = (
    "what does the {w} say{at}?",
    "wording of the {w}{at}",
    "how does the {w} read{at}?",
    "which text is shown as {w}{at}?",
)
PATTERN = (
    "which regular expression is {n}{at}?", "what pattern is used for {r}{at}?", "regex for {r}{at}",
    "how is {r} matched{at}, which expression?", "what does {n} match{at}?",
)  # fmt: skip
LIST = (
    "Which values are in {n}{at}?", "what are the {w}{at}?", "list the {w}{at}", "what does {n} contain{at}?",
    "all {w}{at}", "Which entries does the {w} have{at}?", "which ones belong to the {w}{at}?", "elements of {n}{at}",
)  # fmt: skip
EITHER = ("is {n} true or false{at}?", "{w}: on or off{at}?", "what does {n} start as{at}, true or false?")
BY_WORD: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (frozenset(("timeout",)), (
        "after how long does {r} time out{at}?", "how long may {r} take before we give up{at}?",
        "how long is {r} waited for{at}?", "how long until {r} is given up{at}", "{r}: how long do we wait{at}?")),
    (frozenset(("delay", "wait", "pause", "backoff")), (
        "how long is the pause for {r}{at}?", "how long is {r} held back{at}?", "time waited for {r}{at}")),
    (frozenset(("interval", "period", "frequency")), (
        "how often does {r} happen{at}?", "time between two {r} rounds{at}", "how frequently is {r} done{at}?")),
    (frozenset(("ttl", "expiry", "expires", "age", "lifetime", "duration")), (
        "how long does {r} live{at}?", "when does {r} expire{at}?", "how long is {r} kept{at}?")),
    (frozenset(("max", "maximum", "limit", "cap")), (
        "what is {r} capped at{at}?", "upper bound for {r}{at}", "what's the most we allow for {r}{at}?",
        "how far may {r} go{at}?", "is there a ceiling for {r}{at}, and which?", "{r} allowed at most{at}")),
    (frozenset(("min", "minimum")), (
        "what's the smallest {r} allowed{at}?", "lower bound for {r}{at}", "what is the least {r}{at}?")),
    (frozenset(("size", "length", "len", "bytes", "capacity")), (
        "how big is the {r}{at}?", "how large is {r}{at}?", "how long is {r}{at}?", "{r}: how big{at}?")),
    (frozenset(("count", "num", "number")), ("how many {r} are there{at}?", "how many {r}{at}", "number of {r}{at}")),
    (frozenset(("retries", "attempts", "tries", "retry")), (
        "how often is {r} retried{at}?", "how many times do we try {r}{at} before giving up?")),
    (frozenset(("port",)), ("which port does {r} use{at}?", "what port is {r} on{at}?", "port of {r}{at}")),
    (frozenset(("prefix",)), ("what's put in front of {r}{at}?", "how does {r} begin{at}?")),
    (frozenset(("suffix", "ext", "extension")), ("what is appended to {r}{at}?", "how does {r} end{at}?")),
    (frozenset(("file", "filename", "path")), ("which file is used for {r}{at}?", "where does {r} live on disk{at}?")),
    (frozenset(("dir", "directory", "folder")), ("which folder is used for {r}{at}?", "in what directory is {r}{at}?")),
    (frozenset(("version",)), ("which version of {r} is it{at}?", "what release of {r} is used{at}?")),
    (frozenset(("default", "defaults")), ("which {r} is taken if none is given{at}?", "fallback for {r}{at}")),
    (frozenset(("threshold",)), ("from which {r} on does it act{at}?", "at what point does {r} trip{at}?")),
)  # fmt: skip
ON = ("Is {w} on by default{at}?", "is {w} enabled{at}?", "is {w} switched on unless I change it{at}?", "{w} on{at}?")
OFF = ("Is {w} off by default{at}?", "is {w} disabled{at}?", "is {w} switched off unless I change it{at}?")
TRUE = ("Does {n} default to true{at}?", "is {n} true{at}?", "does {n} start out as true{at}?", "is {w} set{at}?")
FALSE = ("Does {n} default to false{at}?", "is {n} false{at}?", "does {n} start out as false{at}?")
EQUAL = (
    "Does {n} default to {v}{at}?", "is the {w} {v}{at}?", "is {n} set to {v}{at}?", "is it {v} for the {w}{at}?",
    "the {w}{at} is {v}, right?", "would the {w} be {v}{at}?", "{n} equal to {v}{at}?",
)  # fmt: skip
NEGATED = word_set("disable disabled no not skip without ignore ignored off never non un")
PLACE = (
    "Where is {n} defined{at}?", "where's {n}{at}", "Which file has {n}?", "definition of {n}{at}", "find {n}{at}",
    "I want to change {n}{at}. Where is it?", "{w} implementation{at}", "where's the code for {w}{at}?", "{w} location",
    "where is {w} implemented{at}?",
)  # fmt: skip
DOING = (
    "where do we {do}{at}?", "Which function {does}{at}?", "where is the code that {does}{at}?", "what {does}{at}?",
    "I'm looking for the place that {does}{at}", "which part of the code {does}{at}?", "{do}{at}",
)  # fmt: skip
ASKING = (
    "where do we check whether it {r}{at}?",
    "which code decides if something {r}{at}?",
    "how do we tell: {r}{at}?",
)
USED = (
    "{user} uses the {w}: what's its value?", "Which {w} applies in {user}?", "what {w} does {user} go by",
    "{user} refers to {n}. What is that set to?", "value behind {n} in {user}", "{w} used by {user}",
    "{user} looks up the {w}, which is defined elsewhere. What is it?", "what does {n} in {user} amount to?",
)  # fmt: skip
REFERS = (
    "{n}{at} is set from a constant: what's its value?", "what does the {w} come down to{at}?",
    "the {w}{at} refers to something defined elsewhere; which value is it?", "actual value behind {n}{at}",
    "which literal does {n} end up with{at}?", "what is the {w}{at} in the end?",
)  # fmt: skip
THROUGH = (
    "{user} relies on something that goes by the {w}: what's its value?", "which {w} does {user} end up with",
    "Following the calls from {user}, what is the {w}?", "what is {n} when we come from {user}?",
    "{user} does not name the {w} itself. What is it in the end?", "{w} that applies behind {user}",
    "starting at {user}, which value does the {w} have?", "through {user}: {w}",
)  # fmt: skip
LEADS = (
    "Quick one: ", "For the docs: ", "A colleague asks: ", "We want to tune this. ", "I can't find it: ",
    "In our code, ", "Reviewing a change here. ", "Just checking, ", "I don't know the code. ",
    "During an incident we wondered: ",
)  # fmt: skip


def where(rng: random.Random, fact: Fact) -> str:
    """Says where, by the definition around it or by the file; always when other places give the name other values."""
    if fact.alone and rng.random() < 0.65:
        return ""
    file = fact.file
    stem = re.sub(r"\W+", " ", file.rsplit(".", 1)[0]).strip()
    parts = [p for p in fact.symbol.split(".") if p]
    if not parts:
        named = [f" in the {stem} file", f" for {phrase(rng, stem)}"] if split(stem) else []
        return rng.choice([f" in {file}", f" in {fact.path}", *named])
    if len(parts) > 1 and re.fullmatch(r"constructor|__\w+__|initialize|new|default|\W*", parts[-1]):
        parts.pop()
    owner = parts[-1] if parts[-1].lower() not in GENERIC else ".".join(parts[-2:])
    forms = [
        f" in {owner}",
        f" of {owner}",
        f" in {fact.symbol}",
        f" for the {phrase(rng, owner)}",
        f" in {phrase(rng, owner)}",
    ]
    if fact.alone:
        forms += [f" in {file}", f" in {parts[0]}"]
    return rng.choice(forms)


def fill(rng: random.Random, templates: tuple[str, ...], fact: Fact, drop: bool = True, **more: str) -> str:
    """One of the templates with the fact's words; the name itself in at most half of the questions."""
    plain = [t for t in templates if "{n}" not in t]
    pool = plain if plain and (rng.random() < 0.5 or len(plain) == len(templates)) else list(templates)
    template = rng.choice(pool)
    words = phrase(rng, fact.name, drop and fact.alone)
    text = template.format(**{"n": fact.name, "w": words, "r": words, "at": where(rng, fact), "v": ""} | more)
    if re.search(r"[^su]s$", words):
        text = text.replace(f" is the {words}", f" are the {words}").replace(f"{words} is ", f"{words} are ")
    text = re.sub(r"\b(the|a|of) (?:the|a|of) ", r"\1 ", text)
    text = re.sub(r"\b(\w+) \1\b", r"\1", text)
    if len(text) < 70 and rng.random() < 0.08:
        text = rng.choice(LEADS) + text
    return text if text.startswith(fact.name) or rng.random() < 0.6 else text[:1].lower() + text[1:]


def fact_wording(rng: random.Random, fact: Fact) -> str:
    """Asks for the value of a fact."""
    words = split(fact.name)
    special = [
        (templates, rest)
        for keys, templates in BY_WORD
        if keys & set(words) and fact.kind in ("number", "text") and (rest := [w for w in words if w not in keys])
    ]
    if fact.kind in ("list", "code"):
        return fill(rng, LIST if fact.kind == "list" else CODE, fact)
    if fact.kind == "pattern":
        rest = [w for w in words if w not in ("re", "regex", "regexp", "pattern", "rx")] or words
        return fill(rng, PATTERN if rng.random() < 0.7 else ANY, fact, r=" ".join(rest))
    if special and rng.random() < 0.5:
        templates, rest = rng.choice(special)
        return fill(rng, templates, fact, r=phrase(rng, "_".join(rest)))
    constant = fact.name.isupper()
    roll = rng.random()
    if roll < (0 if constant and "default" not in words else 0.35):
        return fill(rng, DEFAULT, fact)
    if roll < 0.6:
        if fact.kind == "switch":
            return fill(rng, EITHER, fact)
        if fact.kind == "text":
            return fill(
                rng, MESSAGE if " " in fact.value.strip() and re.search("mes|err|msg", fact.name, re.I) else TEXT, fact
            )
        if fact.kind == "number":
            return fill(rng, NUMBER, fact)
    return fill(rng, ANY, fact)


def truth_wording(rng: random.Random, fact: Fact, other: str | None) -> tuple[str, str]:
    """A question for yes or no, and which it is; `other` is a value that the fact does not have, to be denied."""
    if fact.kind == "switch":
        true = fact.value.lower() == "true"
        asks_true = rng.random() < 0.75
        named = NEGATED & set(split(fact.name)) or len(split(fact.name)) == 1 or rng.random() < 0.4
        words = [w for w in split(fact.name) if w not in ("is", "has", "enable", "enabled", "use", "should", "allow")]
        templates = (TRUE if named else ON) if asks_true else (FALSE if named else OFF)
        if not words or (asks_true and rng.random() < 0.1):
            templates = TRUE if asks_true else FALSE
        text = fill(rng, templates, fact, w=" ".join(words) or fact.name)
        return text, "yes" if true == asks_true else "no"
    value = fact.value if other is None else other
    return fill(rng, EQUAL, fact, v=value.strip("\"'`;, ")), "yes" if other is None else "no"


def place_wording(rng: random.Random, fact: Fact) -> str:
    """Asks where something is defined or done."""
    words = split(fact.name)
    if len(words) > 1 and words[0] in ("is", "has", "can", "should", "needs") and rng.random() < 0.6:
        return fill(rng, ASKING, fact, r=" ".join(words))
    if len(words) > 1 and words[0] in VERBS and rng.random() < 0.65:
        rest = phrase(rng, "_".join(words[1:]))
        the = "the " if rng.random() < 0.5 and not rest.endswith("s") else ""
        do = {"on": "react to", "to": "convert to", "init": "set up"}.get(words[0], words[0])
        head, *tail = do.split(" ")
        does = " ".join([third_person(head), *tail])
        return fill(rng, DOING, fact, do=f"{do} {the}{rest}", does=f"{does} {the}{rest}")
    return fill(rng, PLACE, fact)


def used_wording(rng: random.Random, fact: Fact, user: str) -> str:
    """Asks for a value by the code that uses it."""
    owner = user.rsplit(".", 1)[-1]
    return fill(rng, USED, fact, drop=False, user=rng.choice([user, owner, phrase(rng, owner)]))


def through_wording(rng: random.Random, fact: Fact, caller: str) -> str:
    """Asks for a value by the code that calls what uses it, or that uses what is set from it."""
    owner = caller.rsplit(".", 1)[-1]
    return fill(rng, THROUGH, fact, drop=False, user=rng.choice([caller, owner, phrase(rng, owner)]))


def reference_wording(rng: random.Random, fact: Fact) -> str:
    """Asks for the value of a name that is set from another name."""
    return fill(rng, REFERS, fact) if rng.random() < 0.5 else fill(rng, DEFAULT if rng.random() < 0.5 else ANY, fact)
