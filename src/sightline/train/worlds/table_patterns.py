"""Reading a question about a table: which family it is of, and which cells, rows or numbers it names.

Each reader knows how one kind of question is put (a superlative, `more ... than`, `at least ... but
fewer than`), and takes what it asks about from the table's own labels, wherever they stand in the text.
The families' answers are `table_answers`'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sightline.train.worlds import table_answers as answers
from sightline.train.worlds.table_answers import ANSWERS, Bounds, Unanswerable
from sightline.train.worlds.tables import Table


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A family, and what its answer takes besides the table."""

    family: str
    args: tuple[object, ...] = ()

    def answer(self, table: Table) -> str:
        """The answer from the table's cells; Unanswerable where they hold none."""
        return ANSWERS[self.family](table, *self.args)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A question taken apart.

    Args:
        text: all of it, in lower case; core: its last sentence that asks.
        rows, columns: the labels that the core names, in its order; else those that the whole text names.
    """

    table: Table
    text: str
    core: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def column(self) -> int:
        """The column asked about: the one named, or the only one."""
        if self.columns:
            return self.columns[0]
        if len(self.table.rows[0]) == 2:
            return 1
        raise Unanswerable("which column?")


_WORD = re.compile(r"(?:\d+\+)?\d+/\d+|\d[\d,]*(?:\.\d+)?|[a-z]+(?:[.-][a-z]+)*")
_ARTICLES = {"a", "an", "the"}


def _stem(word: str) -> str:
    """A word without the ending of a plural."""
    for ending, instead in (
        ("ies", "y"),
        ("ves", "f"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
        ("sses", "ss"),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _words(text: str) -> list[str]:
    plain = re.sub(r"['\u2019]s?\b", "", text.lower())
    return [_stem(word.replace(",", "")) for word in _WORD.findall(plain) if word not in _ARTICLES]


def mentions(text: str, labels: Sequence[str]) -> list[tuple[int, int, int]]:
    """(label, first word, word after) where labels stand in a text, in its order; a longer label wins."""
    said = _words(text)
    taken = [False] * len(said)
    found = []
    for at in sorted(range(len(labels)), key=lambda i: -len(_words(labels[i]))):
        name = _words(labels[at])
        for start in range(len(said) - len(name) + 1 if name else 0):
            end = start + len(name)
            if said[start:end] == name and not any(taken[start:end]):
                taken[start:end] = [True] * len(name)
                found.append((at, start, end))
    return sorted(found, key=lambda mention: mention[1])


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[^.\s][^.\s][.?!])\s+", text)


def _ask(text: str, table: Table) -> Asking:
    asking = [s for s in _sentences(text) if s.endswith("?")] or [text]
    core = asking[-1].lower()
    return Asking(
        table=table,
        text=text.lower(),
        core=core,
        rows=_named(core, text, table.labels),
        columns=tuple(i + 1 for i in _named(core, text, table.header[1:])),
    )


def _named(core: str, text: str, labels: Sequence[str]) -> tuple[int, ...]:
    found = mentions(core, labels) or mentions(text, labels)
    return tuple(dict.fromkeys(at for at, _, _ in found))


# Numbers and words of a question.

_MONEY = re.compile(r"[$£€]\s*(\d[\d,]*(?:\.\d+)?)")
_LARGEST = r"most|highest|largest|greatest|longest|biggest|tallest|heaviest|more|higher|larger|greater|longer"
_SMALLEST = r"fewest|least|lowest|smallest|shortest|lightest|less|fewer|lower|smaller|shorter|cheapest"
_COUNT = r"(\d+|once|twice|one|two|three|four|five|six|seven|eight|nine|ten)"
_COUNTS = {"once": 1, "twice": 2}
_COUNTS |= {word: i for i, word in enumerate("zero one two three four five six seven eight nine ten".split())}


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _COUNTS[word]


def _budget(text: str) -> Fraction:
    found = _MONEY.search(text)
    if not found:
        raise Unanswerable("no budget")
    return Fraction(found[1].replace(",", ""))


def _basket(asking: Asking) -> tuple[tuple[Fraction, int], ...]:
    """What is bought: each row named, with the last number that stands before it since the row before."""
    text = _MONEY.sub(" ", asking.text)
    said, before, basket = _words(text), 0, []
    for row, start, end in mentions(text, asking.table.labels):
        numbers = [w for w in said[before:start] if w[0].isdigit() or w in _COUNTS]
        basket.append((_quantity(numbers), row))
        before = end
    if not basket:
        raise Unanswerable("nothing is bought")
    return tuple(basket)


def _quantity(numbers: list[str]) -> Fraction:
    """The last of the numbers, 1 where there are none; `2+1/2` is two and a half."""
    parts = numbers[-1].split("+") if numbers else ["1"]
    return sum((Fraction(_COUNTS.get(part, part)) for part in parts), Fraction(0))


def _bounds(text: str) -> Bounds | None:
    """The bounds that a question about a number names."""
    low: int | None = None
    high: int | None = None
    for pattern, by in (
        (rf"at least {_COUNT}", 0),
        (rf"(?:more|greater|over) than {_COUNT}", 1),
        (rf"{_COUNT} or more", 0),
    ):
        if found := re.search(pattern, text):
            low = _count(found[1]) + by
    for pattern, by in (
        (rf"at most {_COUNT}", 0),
        (rf"(?:fewer|less|under|lower) than {_COUNT}", -1),
        (rf"{_COUNT} or (?:fewer|less)", 0),
    ):
        if found := re.search(pattern, text):
            high = _count(found[1]) + by
    if low is None and high is None:
        found = re.search(rf"exactly {_COUNT}", text) or re.search(rf"\b{_COUNT}\b", text)
        low = high = _count(found[1]) if found else None
    return Bounds(low=low, high=high) if low is not None or high is not None else None


def _which_end(text: str) -> bool | None:
    """True where the text asks for the most, False for the least."""
    ends = re.findall(rf"\b(?:({_LARGEST})|({_SMALLEST}))\b", text)
    return bool(ends[-1][0]) if ends else None


def _header(table: Table, words: str) -> list[int]:
    return [i for i, name in enumerate(table.header) if i and re.search(words, name.lower())]


# The readers, one for each way to ask.


def _wordings_of_its_own(asking: Asking) -> Reading | None:
    """Questions that one phrase gives away."""
    if found := re.search(r"at a price of [$£€]([\d,.]*\d).*shortage", asking.text):
        return Reading(family="market", args=(Fraction(found[1].replace(",", "")),))
    if "nonlinear" in asking.core:
        return Reading(family="linear")
    if re.search(r"relation a function", asking.core):
        return Reading(family="is_function")
    if found := re.search(r"what (?:is|was) the (mean|median|mode|range)\b", asking.core):
        return Reading(family=found[1], args=(asking.column,))
    if re.search(r"(?:from zero|changed? the (?:most|least|more|less)|change in|affects)", asking.core):
        most = not re.search(r"closer|closest|nearer|less|least|smaller|smallest", asking.core)
        return Reading(family="farthest", args=(most,))
    return None


def _chances(asking: Asking) -> Reading | None:
    if "rate of change" in asking.core and len(asking.rows) == 2:
        return Reading(family="rate", args=(*asking.rows,))
    if "probability" in asking.core and asking.rows and asking.columns:
        return Reading(family="probability", args=((asking.rows[0], asking.columns[0]),))
    if "what fraction" in asking.core and len(asking.rows) == 1:
        return Reading(family="fraction", args=(asking.rows[0], asking.column))
    return None


def _entries(asking: Asking) -> Reading | None:
    """Stem-and-leaf plots and frequency tables."""
    table = asking.table
    if not answers.is_stem(table) and "frequency" not in [h.lower() for h in table.header]:
        return None
    if re.search(r"in all|in total|altogether", asking.core):
        return Reading(family="between", args=(Bounds(),))
    bounds = _bounds(asking.core) if asking.core.startswith("how many") else None
    if bounds:
        return Reading(family="between", args=(bounds,))
    most = _which_end(asking.core)
    return None if most is None else Reading(family="edge", args=(most,))


def _schedule(asking: Asking) -> Reading | None:
    """Times: when does X begin, what begins at a time, the next run, the wait, the ride."""
    table, time = asking.table, re.search(r"\d{1,2}[:.]\d\d(?:\s*[ap]\.?m\.?)?", asking.text)
    if not any(re.search(r"\d:\d\d", cell) for cell in table.rows[0]):
        return None
    columns = _schedule_columns(table, asking.core)
    if not table.header and time and asking.rows:
        return _run(asking, time[0])
    if time and re.search(r"which|what (?:event|stop|class)", asking.core):
        return Reading(family="named", args=(columns, time[0]))
    if asking.rows and not time:
        return Reading(family="lookup", args=((asking.rows[0], columns[0]),))
    return None


def _schedule_columns(table: Table, core: str) -> tuple[int, ...]:
    for asked, printed in (
        (r"\bbegin|\bstart", "begin|start"),
        (r"\bend", "end"),
        (r"arrive|get to", "arriv"),
        (r"depart|leave", "depart"),
    ):
        found = _header(table, printed)
        if re.search(asked, core) and found:
            return tuple(found)
    return tuple(range(1, len(table.rows[0])))


def _run(asking: Asking, time: str) -> Reading | None:
    """A timetable without a header; where the text names two stops, the first is where one gets on."""
    stops = tuple(dict.fromkeys(at for at, _, _ in mentions(asking.text, asking.table.labels)))
    if "missed" in asking.text:
        wait = re.search(r"how long|wait", asking.core)
        return Reading(family="wait" if wait else "following", args=(stops[0], time))
    return Reading(family="arrival", args=(stops[0], time, stops[1])) if len(stops) == 2 else None


def _shopping(asking: Asking) -> Reading | None:
    """Prices: a basket, what is left, whether the money is enough, how much dearer one is."""
    table = asking.table
    if (
        table.header
        and "price" not in " ".join(table.header).lower()
        and "cost" not in table.header[-1].lower()
    ):
        return None
    if not answers.is_money(table):
        return None
    if re.search(r"enough|afford", asking.text):
        return Reading(family="afford", args=(_budget(asking.text), _basket(asking)))
    if re.search(r"\bleft\b|remain", asking.text):
        return Reading(family="left", args=(_budget(asking.text), _basket(asking)))
    if re.search(r"how much (?:more|less)|difference", asking.core) and len(asking.rows) == 2:
        return _contrast(asking, "less" in asking.core)
    if re.search(r"how much|what (?:is|was) the (?:total )?(?:cost|price)|total", asking.core):
        return Reading(family="cost", args=(_basket(asking),))
    return None


def _contrast(asking: Asking, less: bool) -> Reading | None:
    """`more ... than` between two rows of a column, or two columns of a row."""
    if len(asking.rows) == 2:
        cells = [(row, asking.column) for row in asking.rows]
    elif len(asking.rows) == 1 and len(asking.columns) == 2:
        cells = [(asking.rows[0], at) for at in asking.columns]
    else:
        return None
    return Reading(family="difference", args=tuple(cells[::-1] if less else cells))


def _contrasts(asking: Asking) -> Reading | None:
    if re.search(r"how (?:many|much) (?:more|fewer|less|higher|lower)\b.*\bthan", asking.core):
        return _contrast(asking, bool(re.search(r"how (?:many|much) (?:fewer|less|lower)", asking.core)))
    return None


def _superlatives(asking: Asking) -> Reading | None:
    """The row, or of two rows or columns the one, with the most or the fewest."""
    most = _which_end(asking.core)
    if most is None or asking.core.startswith("how"):
        return None
    rows = asking.rows if " or " in asking.core and len(asking.rows) == 2 else ()
    return Reading(family="extremum", args=(asking.column, most, rows))


def _products(asking: Asking) -> Reading | None:
    found = re.search(r"how many .* (?:in|on) (\d+)", asking.core)
    unknown = any(row[-1].strip() == "?" for row in asking.table.rows)
    return Reading(family="multiples", args=(Fraction(found[1]),)) if found and unknown else None


def _sums(asking: Asking) -> Reading | None:
    """Sums of named rows, of a named row or of a whole column."""
    if not re.search(r"in all|in total|altogether|total|combined|together", asking.core):
        return None
    width = range(1, len(asking.table.rows[0]))
    if len(asking.rows) == 1 and not asking.columns:
        return Reading(family="total", args=([(asking.rows[0], at) for at in width],))
    rows = asking.rows or range(len(asking.table.rows))
    return Reading(family="total", args=([(row, asking.column) for row in rows],))


def _lookups(asking: Asking) -> Reading | None:
    if len(asking.rows) == 1 and asking.core.startswith(("how m", "what")):
        return Reading(family="lookup", args=((asking.rows[0], asking.column),))
    return None


READERS: tuple[Callable[[Asking], Reading | None], ...] = (
    _wordings_of_its_own,
    _chances,
    _entries,
    _schedule,
    _shopping,
    _products,
    _contrasts,
    _superlatives,
    _sums,
    _lookups,
)


def read(question: str, table: Table) -> Reading | None:
    """The first reading that a reader makes of a question, or None."""
    asking = _ask(question, table)
    for reader in READERS:
        try:
            found = reader(asking)
        except Unanswerable:
            continue
        if found:
            return found
    return None
