"""What counts as right for the everyday questions of `everyday.json`.

A row is {"pack", "image", "question", "answers", "kind", "group", "cannot_tell"}, and where it needs them
"must_have" (words that must all be said, alternatives parted by "|"), "must_not" (words that must not be
said) and "tolerance" (a share of the value). The answer to a row that nobody can answer is the status
`cannot_tell`; every other row needs the status `answered` and a right text:

number, money    the same value; units, thousands separators and currencies do not matter
date             the same day in any usual form, or the same year, or an accepted text (`2020 S2`)
yes/no           the same side
color            every color that is said is an accepted one
list             all the items and no others, in any order
description      all the words of must_have
name, text, place an accepted text, alone or in a short sentence that offers no other answer

Case, punctuation and articles never matter. Only the kinds list, description, name, text and place look at
must_have; must_not holds for every kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
COLORS = set(
    "red green blue yellow orange purple violet pink brown black white gray grey gold golden silver beige "
    "cream tan maroon navy teal turquoise cyan magenta lime ginger".split()
)
# A sentence with one of these may offer a second answer, or take back the first.
NEGATIONS = set("no not isn aren wasn weren doesn don didn hasn haven cannot couldn won wouldn".split())
HEDGES = NEGATIONS | set("or nor neither either and but except maybe".split())
# Words that say nothing in a list.
FILLER = set(
    "the a an and are is was were of in on at by with for it they there these those this that which both all "
    "items item following rm usd eur gbp x pcs each bought customer total".split()
)
LONGEST = 20
NUMBER = re.compile(r"[-−–]?(?:(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?|\d[\d,.]*|\.\d+)")


def words(text: str) -> list[str]:
    """The words of `text`, casefolded, without punctuation and articles."""
    found = re.sub(r"[^\w]+|_", " ", text.casefold()).split()
    return [word for word in found if word not in ("a", "an", "the")]


def has(said: list[str], phrase: str) -> bool:
    """Whether the words of one of the phrases in `a|b` stand in `said` one after another; plurals count."""
    for one in phrase.split("|"):
        wanted = words(one)
        for at in range(len(said) - len(wanted) + 1 if wanted else 0):
            pairs = zip(said[at : at + len(wanted)], wanted, strict=True)
            if all(word in (want, want + "s", want + "es") for word, want in pairs):
                return True
    return False


def value(printed: str) -> float | None:
    """The number that `printed` stands for: `1,534`, `23 443`, `7,10`, `.50`; None if it is none."""
    text = printed.replace("−", "-").replace("–", "-").replace(" ", "").rstrip(".,")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def numbers(text: str) -> list[float]:
    """The numbers in `text` in figures; where there are none, those in words."""
    # A dash after a letter or a figure joins and takes nothing away; a currency's period is no decimal one.
    clean = re.sub(r"(?<=[\w)])[-−–](?=\d)", " ; ", re.sub(r"(?<=[a-z])\.(?=\d)", " 0.", text.casefold()))
    clean = re.sub(r"([-−–])\s*(?:rm|us\$|[$€£])\s*(?=[\d.])", r"\1", clean)
    found = [value(match.group()) for match in NUMBER.finditer(clean)]
    if found:
        return [number for number in found if number is not None]
    said = words(text)
    spelled = [float(NUMBER_WORDS.index(word)) for word in said if word in NUMBER_WORDS]
    return spelled or ([0.0] if said[:1] in (["no"], ["none"]) else [])


def same_number(row: Mapping[str, Any], said: str) -> bool:
    """Whether `said` holds one value, beside those that the question names, and it is an accepted one."""
    accepted = [number for text in row["answers"] for number in numbers(text)]
    room = float(row.get("tolerance", 0))

    def right_one(number: float) -> bool:
        return any(abs(number - one) <= room * abs(one) + 1e-6 for one in accepted)

    given = numbers(row["question"])
    found = numbers(said)
    new = {number for number in found if number not in given} or set(found)
    return bool(new) and all(right_one(number) for number in new)


def day(year: int, month: int, number: int) -> list[date]:
    """The day, if there is such a one; a year of two figures is of this century."""
    try:
        return [date(year + 2000 if year < 100 else year, month, number)]
    except ValueError:
        return []


def days(text: str) -> list[list[date]]:
    """The days that `text` names, each with its readings: `3/4/2018` may be read both ways."""
    found: list[list[date]] = []
    low = text.casefold()
    for y, m, d in re.findall(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b", low):
        found.append(day(int(y), int(m), int(d)))
    for a, b, y in re.findall(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})\b", low):
        found.append(day(int(y), int(b), int(a)) + day(int(y), int(a), int(b)))
    name = rf"({'|'.join(MONTHS)})[a-z]*"
    for d, m, y in re.findall(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ -]{name}\.?,?[ -](\d{{4}})", low):
        found.append(day(int(y), MONTHS.index(m) + 1, int(d)))
    for m, d, y in re.findall(rf"\b{name}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", low):
        found.append(day(int(y), MONTHS.index(m) + 1, int(d)))
    return found


def same_date(row: Mapping[str, Any], said: str) -> bool:
    """Whether `said` names an accepted day, or the one accepted year, or is an accepted text."""
    accepted = {one for text in row["answers"] for readings in days(text) for one in readings}
    if accepted:
        named = days(said)
        return bool(named) and all(accepted & set(readings) for readings in named)
    if all(re.fullmatch(r"\d{4}", text) for text in row["answers"]):
        given = re.findall(r"\b(?:19|20)\d\d\b", row["question"])
        years = re.findall(r"\b(?:19|20)\d\d\b", said)
        new = {year for year in years if year not in given} or set(years)
        return len(new) == 1 and new <= set(row["answers"])
    return same_text(row, said)


def side(said: str) -> str:
    """`yes`, `no`, or nothing where the text takes no side."""
    found = re.findall(r"\w+", said.casefold())
    if found[:1] and found[0] in ("yes", "yeah", "yep", "true", "correct"):
        return "yes"
    if found[:1] and found[0] in ("no", "nope", "false", "none", "not"):
        return "no"
    refused = bool(NEGATIONS & set(found))
    return "no" if refused and "yes" not in found else "yes" if "yes" in found and not refused else ""


def same_color(row: Mapping[str, Any], said: str) -> bool:
    """Whether `said` names a color, and none that no accepted text names."""
    accepted = {word for text in row["answers"] for word in words(text)} & COLORS
    found = set(words(said)) & COLORS
    plain = {"grey": "gray", "golden": "gold"}
    seen = {plain.get(word, word) for word in found}
    return bool(seen) and seen <= {plain.get(word, word) for word in accepted} and "not" not in words(said)


def same_text(row: Mapping[str, Any], said: str) -> bool:
    """Whether `said` is an accepted text, or a short sentence with one and no word that offers another."""
    spoken = words(said)
    accepted = [words(text) for text in row["answers"]]
    if "".join(spoken) in ["".join(one) for one in accepted]:
        return True
    if len(spoken) > LONGEST:
        return False
    for one, text in zip(accepted, row["answers"], strict=True):
        if not has(spoken, text) or set(spoken) & HEDGES - set(one):
            continue
        # An accepted `8:00` is not in `8:00:15`, nor an accepted year in two years.
        figures = all(word.isdigit() for word in one)
        if not figures or {word for word in spoken if word.isdigit()} <= set(one):
            return True
    return False


def has_all(row: Mapping[str, Any], said: str) -> bool:
    """Whether all the words of must_have are said."""
    spoken = words(said)
    return all(has(spoken, phrase) for phrase in row["must_have"])


def same_list(row: Mapping[str, Any], said: str) -> bool:
    """Whether all the items of must_have are said, and nothing that is no item; the order is free."""
    known = {word for text in [*row["answers"], *row["must_have"]] for word in words(text)}
    idle = FILLER | set(words(row["question"])) | set(NUMBER_WORDS)
    for piece in re.split(r"[,;\n•]|\band\b|&", said.casefold()):
        loaded = [word for word in words(piece) if word not in idle and not word[0].isdigit()]
        if loaded and not any(has([word], one) for word in loaded for one in known):
            return False
    return has_all(row, said)


def said_none(phrases: Iterable[str], said: str) -> bool:
    """Whether none of `phrases` is said."""
    spoken = words(said)
    return not any(has(spoken, phrase) for phrase in phrases)


def right(row: Mapping[str, Any], said_text: str, said_status: str) -> bool:
    """Whether the answer `said_text`, of a run that ended as `said_status`, is right for `row`."""
    if row["cannot_tell"]:
        return said_status == "cannot_tell"
    if said_status != "answered" or not said_none(row.get("must_not", ()), said_text):
        return False
    kind = row["kind"]
    if kind in ("number", "money"):
        return same_number(row, said_text)
    if kind == "date":
        return same_date(row, said_text)
    if kind == "yes/no":
        return side(said_text) == str(row["answers"][0])
    if kind == "color":
        return same_color(row, said_text)
    if kind == "list":
        return same_list(row, said_text)
    if row.get("must_have"):
        return has_all(row, said_text)
    return same_text(row, said_text)
