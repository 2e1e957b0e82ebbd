"""What a question asks for: its kind, the thing it wants, the words that call for an order of rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sightline.train.symbolic.wtq_rows import Field, Where
from sightline.train.symbolic.wtq_words import NUMBER_WORDS, STOP, Question, stems_of

YEARLIKE = frozenset(stems_of("year date season day month opened built founded launched released term birth"))
PEOPLE = frozenset(
    stems_of(
        "name player driver win rider athlete candidate actor director artist president person "
        "nominee skipper "
        "competitor swimmer wrestler coach manager incumbent writer author leader singer opponent recipient"
    )
)
PLACES = frozenset(
    stems_of("location place city country town state site county region area municipality address")
)
NAMES = frozenset(
    stems_of("name title team player country film song city school club model station ship event")
)
RANKS = frozenset(stems_of("rank position place finish no pos seed pick"))

_MEASURES = {
    "long": set(stems_of("length duration time distance term year")),
    "short": set(stems_of("length duration time distance height")),
    "tall": set(stems_of("height floor elevation")),
    "high": set(stems_of("height elevation attendance score point")),
    "large": set(stems_of("area population size capacity attendance")),
    "small": set(stems_of("area population size capacity attendance")),
    "big": set(stems_of("area population size capacity margin")),
    "fast": set(stems_of("time speed")),
    "slow": set(stems_of("time speed")),
    "old": set(stems_of("age year birth build date opened founded")),
    "young": set(stems_of("age birth")),
    "heavy": set(stems_of("weight")),
    "light": set(stems_of("weight")),
    "populous": set(stems_of("population")),
    "popul": set(stems_of("population")),
    "expensive": set(stems_of("price cost budget")),
}

_BIG = (
    "most|highest|largest|greatest|biggest|maximum|max|best|longest|tallest|heaviest|fastest|richest|widest|"
    "deepest|strongest|oldest|top|busiest|hottest"
)
_SMALL = "least|fewest|lowest|smallest|minimum|min|shortest|worst|youngest|lightest|slowest|cheapest|nearest"
_LATE = r"most recent(?:ly)?|latest|newest|last|final|most current"
_EARLY = r"first|earliest|soonest|initial|oldest"
_MORE = "more|higher|larger|greater|bigger|longer|taller|heavier|faster|better|older"
_LESS = "less|fewer|lower|smaller|shorter|lighter|slower|worse|younger"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Words that ask for the first rows of an order: which way, of what, how many, between which."""

    mask: int
    down: bool
    of: str
    word: str
    limit: int = 1
    offset: int = 0
    between: bool = False


class Asked:
    """A question beside the columns of its table."""

    def __init__(self, question: Question, fields: Sequence[Field], atoms: Sequence[Where]) -> None:
        self.question = question
        self.fields = fields
        self._atoms = atoms
        self.text = question.plain.strip()

    @cached_property
    def yes_no(self) -> bool:
        """Whether it starts as a yes/no question."""
        return bool(re.match(r"(?:is|are|was|were|did|does|do|has|have|had|can|could)\b", self.text)) or (
            "true or false" in self.text
        )

    @cached_property
    def counting(self) -> int:
        """The tokens that ask how many; 0 where none does."""
        if found := self.question.mask(r"\bhow (?:many|much|often)\b"):
            return found
        if re.match(
            r"(?:which|who|where|when)\b|(?:in )?(?:which|what) (?!is|was|are|were|number|amount)\w+",
            self.text,
        ):
            return 0
        of = r"(?:total |combined |overall |exact )?(?:number|numbers|amount|count)(?: of)?"
        return self.question.mask(rf"\b(?<!most )(?<!least )(?<!st )(?<!more )(?<!same )(?<!fewer ){of}\b")

    @cached_property
    def head(self) -> int:
        """The tokens of the thing that is wanted: `team` of `which team won`."""
        words = self.question.words
        start = None
        if self.counting:
            start = self.counting.bit_length()
        else:
            for n, word in enumerate(words):
                if word in ("which", "what", "name", "list", "who", "whose", "identify", "tell"):
                    start = n + 1
                    break
        if start is None:
            return 0
        skip = (
            "is was are were the of a an name names s total number different other all two three did".split()
        )
        while start < len(words) and words[start] in skip:
            start += 1
        bits = 0
        for n in range(start, min(start + 4, len(words))):
            if words[n] in STOP or words[n] in (
                "won",
                "came",
                "scored",
                "received",
                "finished",
                "besides",
                "other",
            ):
                break
            bits |= 1 << n
        return bits

    def wanted(self, field: Field) -> float:
        """What it costs to answer with a column that the question does not name, or names elsewhere."""
        if field.mask & self.head:
            later = 0.0 if field.mask & self.head & -self.head else 0.3
            return later + (0.0 if field.named >= 0.5 else 0.2)
        heads = any(f.mask & self.head for f in self.fields)
        words = set(field.words)
        kind = self._fitting(field, words)
        if kind is not None and not heads:
            return kind
        if field.mask and field.named >= 0.5:
            return 0.9 if heads else 0.6
        first = next((f for f in self.fields if f.kind == "text" and not YEARLIKE & set(f.words)), None)
        if self.counting:
            return 1.4
        if field is first or (words & NAMES and field.kind == "text"):
            return 1.1 if heads else 0.45
        return 1.7 if heads else 1.0 if field.kind == "text" else 1.3

    def _fitting(self, field: Field, words: set[str]) -> float | None:
        text = self.text
        if re.search(r"\bwhen\b|\b(?:what|which|name a|the) (?:\w+ )?(?:year|date|day|season|month)", text):
            return 0.15 if field.kind == "day" or words & YEARLIKE else None
        if re.search(r"\bwho(?:se|m)?\b", text):
            return 0.2 if words & PEOPLE and field.kind == "text" else None
        if re.search(r"\bwhere\b|\bwhat (?:place|location)", text):
            return 0.15 if words & PLACES and field.kind == "text" else None
        if re.search(r"\bhow long\b", text):
            return 0.2 if words & {"length", "duration", "time", "term"} else None
        return None

    def by(self, field: Field, order: Order) -> float | None:
        """What it costs to order by a column; None where it makes no sense."""
        if field.kind == "text":
            return None
        words = set(field.words)
        timely = field.kind == "day" or bool(words & YEARLIKE)
        if order.of == "time":
            listed = self.question.mask(r"\b(?:list|listed|chart|table)\b")
            return (0.45 if listed else 0.15) if timely else None
        last = order.mask.bit_length()
        near = bool(field.mask >> last & 0b11111) and not order.between
        timely_alone = timely and not field.mask & ~self.question.mask(r"\b(?:years?|seasons?|dates?)\b")
        if field.mask and timely_alone:
            return 0.1 if field.mask >> last & 1 else None
        if near:
            return 0.0 if field.named >= 0.5 else 0.25
        if field.mask and not field.mask & ~self.head and not order.between:
            return 1.3
        if field.mask:
            return 0.2 if field.named >= 0.5 else 0.4
        stem = re.sub(r"(?:est|er)$", "", order.word).removesuffix("i")
        measures = next((m for k, m in _MEASURES.items() if stem.startswith(k[:4])), set())
        if words & measures:
            return 0.3
        if timely or words & {"rank", "no", "position", "pos"}:
            return None
        others = [f for f in self.fields if f.kind == "number" and not set(f.words) & (YEARLIKE | RANKS)]
        follows = self.question.words[last : last + 1]
        alone = not order.between and len(others) == 1 and (not follows or follows[0] in STOP)
        return 1.0 if alone else None

    @cached_property
    def orders(self) -> list[Order]:
        """The orders that words of the question ask for."""
        found = []
        text = self.text
        quantity = r"\b(?:at least|at most|most of|last name|first name|no more than|the most part)\b"
        masked = re.sub(quantity, lambda m: "#" * len(m.group()), text)
        recent = re.sub(_LATE, lambda m: "#" * len(m.group()), masked)
        for pattern, of, down, where in (
            (_LATE, "time", True, masked),
            (_EARLY, "time", False, masked),
            (r"last|final|bottom", "row", True, masked),
            (r"first|top", "row", False, masked),
            (_BIG, "size", True, recent),
            (_SMALL, "size", False, recent),
        ):
            for m in re.finditer(rf"\b(?:{pattern})\b", where):
                found += self._order(m.group(), m.start(), of, down)
        if re.search(r"\bor\b", text):
            for pattern, of, down in (
                (_MORE, "size", True),
                (_LESS, "size", False),
                (r"later|after|newer|more recent(?:ly)?|most recent(?:ly)?|last", "time", True),
                (r"earlier|before|sooner|older|first|previous(?:ly)?", "time", False),
                (r"later|after|last|below", "row", True),
                (r"earlier|before|sooner|first|above", "row", False),
            ):
                for m in re.finditer(rf"\b(?:{pattern})\b", text):
                    bits = self.question.mask(rf"\b{m.group()}\b") | self.question.mask(r"\bor\b")
                    found.append(Order(mask=bits, down=down, of=of, word=m.group(), between=True))
        spans = [one.span for one in self._atoms if one.span.bit_count() > 1 and one.kind == "="]
        found = [one for one in found if not any(one.mask & ~span == 0 for span in spans)]
        return list(dict.fromkeys(found))

    def _order(self, word: str, start: int, of: str, down: bool) -> list[Order]:
        bits = sum(
            1 << n
            for n, t in enumerate(self.question.tokens)
            if start <= t.start + self._shift < start + len(word)
        )
        at = bits.bit_length() - 1
        limit, offset = 1, 0
        after = self.question.words[at + 1 : at + 2]
        if after and (count := NUMBER_WORDS.get(after[0]) or (float(after[0]) if after[0].isdigit() else 0)):
            if (of != "time" and 2 <= count <= 10) or (of == "time" and 2 <= count <= 6):
                limit, bits = int(count), bits | 1 << at + 1
        low = (bits & -bits).bit_length() - 1
        before = self.question.before(low, 1)
        if before in ("second", "2nd"):
            offset, bits = 1, bits | 1 << low - 1
        elif before in ("third", "3rd"):
            offset, bits = 2, bits | 1 << low - 1
        made = [Order(mask=bits, down=down, of=of, word=word, limit=limit, offset=offset)]
        if word in ("best", "top", "fastest", "highest", "worst", "oldest", "slowest"):
            made.append(Order(mask=bits, down=not down, of=of, word=word, limit=limit, offset=offset))
        return made

    @cached_property
    def _shift(self) -> int:
        """By how much the stripped text lies before the tokens' places."""
        return len(self.question.plain.lstrip()) - len(self.question.plain)

    def flipped(self, field: Field, order: Order) -> bool:
        """Whether an order runs against how its word counts a column: the best rank is the smallest."""
        words = set(field.words)
        small = bool(words & RANKS) or (
            "time" in words and order.word in ("best", "fastest", "slowest", "worst")
        )
        natural = order.word in ("best", "top", "fastest", "highest", "oldest", "worst", "slowest")
        if not natural or order.of != "size":
            return False
        wants_down = order.word in ("best", "top", "fastest", "highest")
        if order.word == "oldest":
            wants_down = "age" in words
            small = False
        return order.down != (wants_down != small)

    @cached_property
    def weights(self) -> list[float]:
        """What it costs to leave each token unused."""
        question = self.question
        spans = 0
        for one in self._atoms:
            spans |= one.span
        named = 0
        for field in self.fields:
            named |= field.mask
        cues = question.mask(_CUES) & ~question.mask(r"\bat (?:least|most)\b")
        numbers = sum(1 << n for n, _ in question.numbers)
        found = []
        for n, word in enumerate(question.words):
            bit = 1 << n
            if bit & numbers:
                weight = 2.0
            elif bit & cues:
                weight = 1.3
            elif word in STOP:
                weight = 0.0
            elif bit & spans:
                weight = 1.2
            elif bit & named:
                weight = 0.5
            elif bit & self.head:
                weight = 0.12
            else:
                weight = 0.3
            found.append(weight)
        return found


_CUES = (
    rf"\b(?:{_BIG}|{_SMALL}|{_LATE}|{_EARLY}|{_MORE}|{_LESS}|average|mean|total|combined|difference|between|"
    r"before|after|next|previous|prior|preceding|following|above|below|not|never|other than|besides|except|"
    r"without|same|different|each|both|consecutive|percent(?:age)?|second|third|earlier|later|only|than|"
    r"over|under|since|until|or|exactly|every|twice|once|difference|apart|lasted|sum|change|increase|"
    r"decrease|neither|nor|least|none|didn)\b"
)
