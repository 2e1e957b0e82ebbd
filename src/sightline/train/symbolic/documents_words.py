"""The words of documents and of questions about them: files in `wordings`, alternatives, slots to fill."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from numpy.random import Generator

from sightline.train.worlds.dice import chance, digits, pick, span
from sightline.train.worlds.lexicon import COMMON, FIRST_NAMES, LAST_NAMES, MONTHS, invented_word

_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")

DATE_FORMS = {
    "en": ("d/m/Y", "Y-m-d", "d B Y", "B d, Y", "d-m-Y", "d b Y", "m/d/Y", "d/m/y", "b d, Y"),
    "de": ("d.m.Y", "d.m.Y", "d.m.y"),
    "fr": ("d/m/Y", "d/m/Y", "d.m.Y"),
    "nl": ("d-m-Y", "d-m-Y", "d/m/Y"),
    "ms": ("d/m/Y", "d-m-Y", "d/m/y"),
}
_TOWNS = (
    "Oslo,Lisbon,Prague,Vienna,Turin,Lyon,Porto,Ghent,Bergen,Cork,Malmo,Tallinn,Riga,Zurich,Seville,Krakow,"
    "Bath,Dallas,Tampa,Lima,Quito,Nairobi,Osaka,Hanoi,Manila,Perth,Halifax,Kandy,Accra,Split,Graz,Bremen"
).split(",")
_JOBS = "Teacher,Nurse,Carpenter,Driver,Cook,Engineer,Gardener,Accountant,Plumber,Student,Baker".split(",")
_NATIONS = "British,German,French,Malaysian,Canadian,Indian,Italian,Kenyan,Dutch,Danish,Chilean".split(",")
_COUNTRIES = "Germany,Italy,Vietnam,Japan,Poland,Mexico,Turkey,Portugal,Denmark,Taiwan,India".split(",")


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """The lines of a file of `wordings` by their [section]; comments and, but for frames, blanks left out."""
    text = (files("sightline.train.symbolic") / "wordings" / name).read_text("utf-8")
    found: dict[str, list[str]] = {"": []}
    lines = found[""]
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = found.setdefault(line[1:-1], [])
        elif not line.startswith("#"):
            lines.append(line)
    return {key: tuple(lines) for key, lines in found.items()}


@cache
def filled_sections(name: str) -> dict[str, tuple[str, ...]]:
    """The same without blank lines."""
    return {
        key: tuple(line for line in lines if line.strip()) for key, lines in sections(name).items() if key
    }


def said_lines(family: str) -> tuple[str, ...]:
    """How a family of questions is asked, of `documents_families.txt`."""
    return filled_sections("documents_families.txt")[family]


def spread(text: str, rng: Generator) -> str:
    """A text with one of each `(a|b)` chosen, from the inside to the outside."""
    while found := _ALTERNATIVES.search(text):
        text = text[: found.start()] + pick(rng, found[1].split("|")) + text[found.end() :]
    return " ".join(text.split())


@cache
def tongue(language: str) -> dict[str, tuple[str, ...]]:
    """What documents of a language say: field or part -> its labels or words; a word may be empty."""
    found = {}
    for line in filled_sections("documents_languages.txt")[language]:
        key, _, said = line.partition(": ")
        found[key] = tuple(said.split(";"))
    return found


@dataclass(frozen=True, kw_only=True)
class Hand:
    """How one page writes amounts and dates."""

    language: str
    currency: str
    before: bool
    point: str
    thousands: str
    form: str

    def amount(self, cents: int) -> str:
        """The bare number."""
        whole, rest = divmod(abs(cents), 100)
        text = f"{whole:,}".replace(",", self.thousands)
        return ("-" if cents < 0 else "") + f"{text}{self.point}{rest:02}"

    def money(self, cents: int) -> str:
        """With its currency, where the page prints one."""
        if not self.currency:
            return self.amount(cents)
        gap = " " if len(self.currency) > 1 or not self.before else ""
        said = self.amount(cents)
        return f"{self.currency}{gap}{said}" if self.before else f"{said}{gap}{self.currency}"

    def day(self, year: int, month: int, day: int) -> str:
        """A date."""
        values = {
            "d": f"{day:02}",
            "m": f"{month:02}",
            "b": MONTHS[month - 1][:3],
            "B": MONTHS[month - 1],
            "y": f"{year % 100:02}",
            "Y": str(year),
        }
        return "".join(values.get(c, c) for c in self.form)


def make_hand(rng: Generator, language: str) -> Hand:
    """How a page of a language writes amounts and dates."""
    words = tongue(language)
    comma = words["comma"] == ("yes",)
    return Hand(
        language=language,
        currency=pick(rng, words["money"]).strip(),
        before=not comma or chance(rng, 0.15),
        point="," if comma else ".",
        thousands=pick(rng, (".", " ", "")) if comma else pick(rng, (",", ",", "")),
        form=pick(rng, DATE_FORMS.get(language, ("d/m/Y", "d-m-Y", "d/m/Y", "d.m.Y"))),
    )


def fill(text: str, rng: Generator, hand: Hand) -> str:
    """A text with its alternatives chosen and its slots filled, each by itself."""
    return _SLOT.sub(lambda found: slot(found[1], rng, hand), spread(text, rng))


def slot(name: str, rng: Generator, hand: Hand) -> str:
    """What a slot stands for."""
    return _MAKERS[name](rng, hand)


def some_day(rng: Generator, first: int, last: int) -> tuple[int, int, int]:
    """A day of the years `first` to `last`."""
    return span(rng, first, last), span(rng, 1, 12), span(rng, 1, 28)


def write_code(rng: Generator) -> str:
    """A code such as `KR-20311`."""
    letters = "".join(pick(rng, "ABCDEFGHKLMNPRSTVWX") for _ in range(span(rng, 1, 3)))
    return pick(
        rng,
        (
            f"{letters}-{digits(rng, span(rng, 3, 6))}",
            f"{letters}{digits(rng, span(rng, 4, 6))}",
            f"{digits(rng, 4, '123456789')}-{letters}",
            f"{digits(rng, 2)}{letters}/{digits(rng, 3)}",
        ),
    )


def write_tel(rng: Generator) -> str:
    """A telephone number."""
    n = digits
    return pick(
        rng,
        (
            f"0{n(rng, 3, '123456789')} {n(rng, 6, '23456789')}",
            f"+{span(rng, 31, 66)} {n(rng, 2, '123456789')} {n(rng, 7)}",
            f"({n(rng, 3, '23456789')}) {n(rng, 3, '23456789')}-{n(rng, 4)}",
            f"0{n(rng, 1, '3456789')}-{n(rng, 4, '23456789')} {n(rng, 4)}",
            f"{n(rng, 3, '23456789')}-{n(rng, 3)}-{n(rng, 4)}",
            f"0{n(rng, 2, '12345')}/{n(rng, 7, '23456789')}",
        ),
    )


def write_clock(rng: Generator) -> str:
    """A time of day."""
    hour, minute = span(rng, 6, 22), pick(rng, (0, 15, 30, 45, span(rng, 0, 59)))
    return pick(
        rng, (f"{hour:02}:{minute:02}", f"{hour:02}:{minute:02}", f"{(hour - 1) % 12 + 1}:{minute:02} PM")
    )


def write_firm(rng: Generator, hand: Hand) -> str:
    """A firm's invented name in the language of the page."""
    words = tongue(hand.language)
    trade, form = pick(rng, words["trade"]), pick(rng, words["forms"])
    own = pick(rng, (pick(rng, LAST_NAMES), invented_word(rng, 2).title(), pick(rng, COMMON).title()))
    name = f"{own} {trade}" if hand.language == "en" or chance(rng, 0.3) else f"{trade} {own}"
    return f"{name} {form}".strip()


def _iban(rng: Generator, hand: Hand) -> str:
    code = {"en": "GB"}.get(hand.language, hand.language.upper())
    return f"{code}{digits(rng, 2)} " + " ".join(digits(rng, 4) for _ in range(pick(rng, (3, 4))))


def _person(rng: Generator, hand: Hand) -> str:
    return f"{pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}".title()


def _mail(rng: Generator, hand: Hand) -> str:
    return (
        f"{pick(rng, ('info', 'office', 'mail', 'hello', invented_word(rng, 2)))}@{invented_word(rng, 2)}"
        + pick(rng, (".com", ".net", ".org", f".{hand.language}" if hand.language != "en" else ".co.uk"))
    )


_MAKERS: dict[str, Callable[[Generator, Hand], str]] = {
    "person": _person,
    "first": lambda rng, hand: pick(rng, FIRST_NAMES).title(),
    "last": lambda rng, hand: pick(rng, LAST_NAMES).title(),
    "firm": write_firm,
    "word": lambda rng, hand: invented_word(rng, 2).title(),
    "common": lambda rng, hand: pick(rng, COMMON),
    "Common": lambda rng, hand: pick(rng, COMMON).title(),
    "town": lambda rng, hand: pick(rng, _TOWNS),
    "nation": lambda rng, hand: pick(rng, _NATIONS),
    "nation2": lambda rng, hand: pick(rng, _COUNTRIES),
    "job": lambda rng, hand: pick(rng, _JOBS),
    "street": lambda rng, hand: pick(rng, tongue(hand.language)["street"]),
    "goods": lambda rng, hand: pick(rng, tongue(hand.language)["goods"]),
    "day": lambda rng, hand: hand.day(*some_day(rng, 2015, 2025)),
    "pastday": lambda rng, hand: hand.day(*some_day(rng, 2005, 2014)),
    "futureday": lambda rng, hand: hand.day(*some_day(rng, 2026, 2033)),
    "birthday": lambda rng, hand: hand.day(*some_day(rng, 1940, 2004)),
    "date": lambda rng, hand: f"{span(rng, 1, 28)} {pick(rng, MONTHS)}",
    "month": lambda rng, hand: pick(rng, MONTHS),
    "weekday": lambda rng, hand: pick(
        rng, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    ),
    "clock": lambda rng, hand: write_clock(rng),
    "hours": lambda rng, hand: pick(
        rng,
        (
            f"{span(rng, 6, 11)}am - {span(rng, 4, 10)}pm",
            f"{span(rng, 7, 11)}:00 - {span(rng, 16, 22)}:30",
            f"{span(rng, 8, 11)} to {span(rng, 5, 9)}",
            f"0{span(rng, 7, 9)}:30-{span(rng, 17, 20)}:00",
        ),
    ),
    "tel": lambda rng, hand: write_tel(rng),
    "mail": _mail,
    "web": lambda rng, hand: (
        f"www.{invented_word(rng, 2)}{pick(rng, ('', 'shop', '-online'))}.{pick(rng, ('com', 'org', 'net'))}"
    ),
    "code": lambda rng, hand: write_code(rng),
    "order": lambda rng, hand: digits(rng, span(rng, 5, 8), "123456789"),
    "tracking": lambda rng, hand: f"{pick(rng, ('1Z', 'JD', 'RR', 'CP'))}{digits(rng, 9)}",
    "flight": lambda rng, hand: (
        f"{pick(rng, ('LH', 'BA', 'MH', 'SQ', 'KL', 'AF', 'EK'))}{digits(rng, 3, '123456789')}"
    ),
    "gate": lambda rng, hand: f"{pick(rng, 'ABCD')}{span(rng, 1, 40)}",
    "seat": lambda rng, hand: f"{span(rng, 1, 39)}{pick(rng, 'ABCDEF')}",
    "room": lambda rng, hand: str(span(rng, 101, 899)),
    "plate": lambda rng, hand: (
        f"{pick(rng, ('B', 'WKL', 'AB'))} {pick(rng, 'ABCDEFGH')}{pick(rng, 'KLMN')} {span(rng, 100, 999)}"
    ),
    "zip": lambda rng, hand: digits(rng, 5, "123456789"),
    "iban": _iban,
    "bic": lambda rng, hand: "".join(pick(rng, "ABCDEFGHKLMNPRST") for _ in range(8)),
    "digit": lambda rng, hand: pick(rng, "123456789"),
    "small": lambda rng, hand: str(span(rng, 2, 24)),
    "hundred": lambda rng, hand: str(span(rng, 5, 90) * 10),
    "year": lambda rng, hand: str(span(rng, 1890, 2024)),
    "weight": lambda rng, hand: f"{span(rng, 3, 89)}.{span(rng, 1, 9)}",
    "money": lambda rng, hand: hand.money(span(rng, 3, 900) * 10 + pick(rng, (0, 5, 9))),
    "bigmoney": lambda rng, hand: hand.money(span(rng, 40, 400) * 1000),
}
