"""Dialogues about documents: reading an answer out of what a text reader returned, and asking for it.

Every answer but `cannot tell` is a contiguous part of the note's text, to the letter, errors included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from numpy.random import Generator

from sightline.mllm.chat import Branch, Dialogue, Note, Reply
from sightline.train.worlds.dice import chance, digits, pick, shuffled, span
from sightline.train.worlds.document_questions import WORDINGS, ask, ask_absent, ask_label, ask_price, frame
from sightline.train.worlds.documents import Document, draw_thumbnail, make_document, read_fields, read_spans
from sightline.train.worlds.lexicon import COMMON, PRODUCTS, invented_word
from sightline.train.worlds.locales import COUNTRIES, date_form, make_day, write_date, write_name, write_time
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.toolbox import Pair, Toolbox, random_toolbox
from sightline.train.worlds.words import make_words

CANNOT_TELL = "cannot tell"
_COPIES = {"total": 3, "date": 3}
_ABSENTABLE = (
    "phone",
    "cashier",
    "time",
    "table",
    "number",
    "cash",
    "change",
    "subtotal",
    "tax",
    "total",
    "date",
)
_LOOKS = {
    "time": re.compile(r"\d[:.]\d\d(?!\d)|\d ?[ap]m", re.IGNORECASE),
    "date": re.compile(r"\d[/.-]\d{1,2}[/.-]\d|\d[ -/]?[a-z]{3}[a-z]*[ -/]?\d{2}|\d{8}", re.IGNORECASE),
}
_RIVALS = {
    "total": ("subtotal", "cash", "change", "net", "tax", "item0", "item1", "rounding", "discount"),
    "date": ("time", "due date", "number", "phone"),
    "subtotal": ("total", "cash", "tax"),
    "cash": ("total", "change", "subtotal"),
    "change": ("cash", "total", "rounding"),
    "tax": ("total", "net", "change"),
    "time": ("date",),
    "number": ("phone", "date"),
    "company": ("number", "phone", "cashier"),
}
_GENERAL = (
    "Read the text.",
    "What does it say?",
    "What is written on it?",
    "Read everything on the page.",
    "What does the document say?",
    "Transcribe this.",
    "What text is in the picture?",
)
_HELD_GENERAL = ("Which words are printed here?", "Put the text of the page into words.")


class Reading:
    """A document as read: its note and, per field, the text that stands for it in the note."""

    def __init__(self, rng: Generator, doc: Document, tools: Toolbox, noise: float) -> None:
        rows = read_spans(doc, rng, noise)
        self.doc = doc
        self.tools = tools
        self.rows = [row.text for row in rows]
        self.note = Note(id="e1", call=tools.call("read_text"), text="ok: " + "\n".join(self.rows))
        self.answers: dict[str, str] = {}
        for field, texts in read_fields(rows).items():
            exact = [text for text in texts if text == doc.fields[field]]
            self.answers[field] = exact[0] if exact else texts[0]

    def reply(self, field: str) -> Reply:
        """The field's text, quoted."""
        return Reply(answer=self.answers[field], quote=True, cites=("e1",))

    def absent(self) -> tuple[str, ...]:
        """Fields that the page does not print at all, nor anything that could be taken for them."""
        text = "\n".join(self.doc.text_rows())
        return tuple(
            field
            for field in _ABSENTABLE
            if field not in self.doc.fields and not (field in _LOOKS and _LOOKS[field].search(text))
        )


def _noise(rng: Generator) -> float:
    """The level of noise of one dialogue: exact in one of seven."""
    return 0.0 if chance(rng, 0.15) else float(rng.uniform(0.2, 1.5))


def _read(rng: Generator, split: Split) -> Reading:
    """A document with something readable on it."""
    while True:
        reading = Reading(rng, make_document(rng, split=split), random_toolbox(rng), _noise(rng))
        if reading.answers:
            return reading


def _askable_items(reading: Reading) -> list[str]:
    """Fields of the items that can be asked for without doubt: one piece, a name that no other name holds."""
    doc = reading.doc
    if doc.bill is None:
        return []
    names = [item.name.lower() for item in doc.bill.items]
    fields = []
    for index, item in enumerate(doc.bill.items):
        field = f"item{index}"
        alone = sum(names[index] in name for name in names) == 1
        if item.quantity == "1" and not item.discount and alone and field in reading.answers:
            if field + ".name" in reading.answers:
                fields.append(field)
    return fields


def _branch(rng: Generator, reading: Reading, field: str, split: Split) -> Branch:
    """A question for `field` (a wording's, an item or a form field) and the quoted reply."""
    doc = reading.doc
    if field in WORDINGS:
        question, task = ask(rng, field, doc.kind, split), field
    elif field.startswith("item"):
        name = doc.labels[field]
        question, task = ask_price(rng, pick(rng, (name, name.lower(), name.upper())), split), "item"
    else:
        question, task = ask_label(rng, doc.labels[field], doc.kind, split), "field"
    return Branch(question=question, reply=reading.reply(field), task=task)


def _unanswerable(rng: Generator, reading: Reading, split: Split) -> Branch:
    """A question for something that is not on the page."""
    doc, text = reading.doc, reading.note.text
    absent = reading.absent()
    draw = rng.random()
    if doc.kind in ("receipt", "invoice") and absent and draw < 0.5:
        question = ask(rng, pick(rng, absent), doc.kind, split)
    elif doc.bill is not None and draw < 0.7:
        question = ask_price(rng, _foreign(rng, " ".join(doc.labels.values())), split)
    elif draw < 0.8:
        question = ask_label(rng, _foreign(rng, text), doc.kind, split)
    else:
        question = ask_absent(rng, text + " ".join(doc.labels.values()), doc.kind, split)
    return Branch(question=question, reply=Reply(answer=CANNOT_TELL, cites=("e1",)), task="unanswerable")


def _foreign(rng: Generator, text: str) -> str:
    """A product or an invented word of which no word stands in `text`."""
    lower = text.lower()
    while True:
        word = pick(rng, PRODUCTS) if chance(rng, 0.7) else invented_word(rng, 2)
        if not any(part in lower for part in word.split()):
            return word


def _fields(rng: Generator, reading: Reading, count: int) -> list[str]:
    """Up to `count` fields to ask for; total and date come several times, the company's kin once."""
    pool: list[str] = []
    for field in reading.answers:
        if field in WORDINGS:
            pool.extend([field] * _COPIES.get(field, 1))
        elif field.startswith("form") and field in reading.doc.labels:
            pool.append(field)
    pool.extend(shuffled(rng, _askable_items(reading))[:2])
    return shuffled(rng, pool)[:count]


def _ambiguous(reading: Reading, field: str) -> bool:
    """A form's label that stands, letter for letter, within another label of the form."""
    labels = reading.doc.labels
    if not field.startswith("form"):
        return False
    name = labels[field].lower()
    return sum(name in other.lower() for other in labels.values()) > 1


def _questions(rng: Generator, reading: Reading, split: Split, questions: int) -> list[Branch]:
    """Branches without a question twice; the last one (in nine of ten) cannot be answered."""
    fields = [f for f in _fields(rng, reading, questions + 2) if not _ambiguous(reading, f)]
    without = int(chance(rng, 0.9)) + int(chance(rng, 0.2))
    branches: dict[str, Branch] = {}
    for field in fields[: max(questions - without, 1)]:
        branch = _branch(rng, reading, field, split)
        branches.setdefault(branch.question, branch)
    for _ in range(without if len(branches) < questions else 0):
        branch = _unanswerable(rng, reading, split)
        branches.setdefault(branch.question, branch)
    return shuffled(rng, list(branches.values()))


def reading_dialogue(rng: Generator, split: Split, questions: int = 10) -> Dialogue:
    """Questions on a document that has been read: the note is shared, the answers are quoted from it.

    Args:
        rng: where the randomness comes from.
        split: `heldout` uses paraphrases and layouts that `train` never does.
        questions: at most so many branches; short pages give fewer.
    """
    reading = _read(rng, split)
    return Dialogue(
        images=(draw_thumbnail(reading.doc),),
        tools=reading.tools.specs,
        notes=(reading.note,),
        branches=tuple(_questions(rng, reading, split, questions)),
    )


def reading_call_dialogue(rng: Generator, split: Split, questions: int = 6) -> Dialogue:
    """The same questions before anything has been read: the reply is the call of the text reader."""
    reading = _read(rng, split)
    call = Reply(calls=(reading.tools.call("read_text"),))
    asked = [branch.question for branch in _questions(rng, reading, split, questions)]
    if len(asked) < questions or chance(rng, 0.3):
        asked = [*asked[: questions - 1], pick(rng, _GENERAL if split == "train" else _HELD_GENERAL)]
    return Dialogue(
        images=(draw_thumbnail(reading.doc),),
        tools=reading.tools.specs,
        branches=tuple(
            Branch(question=question, reply=call, task="read call") for question in dict.fromkeys(asked)
        ),
    )


def _value(rng: Generator) -> str:
    """A value to copy: a number, an amount, a code, words, a date, a time or a name."""
    country = pick(rng, tuple(COUNTRIES))
    values = (
        digits(rng, span(rng, 1, 8)),
        f"{span(rng, 0, 9999)}.{digits(rng, 2)}",
        f"{pick(rng, 'ABCDEFGHKLMNPRSTUVWXYZ')}{digits(rng, span(rng, 2, 5))}-{digits(rng, 2)}",
        " ".join(pick(rng, COMMON) for _ in range(span(rng, 1, 3))),
        invented_word(rng),
        write_date(date_form(rng, country), make_day(rng)),
        write_time(rng),
        write_name(rng),
    )
    return pick(rng, values)


def copy_dialogue(rng: Generator, questions: int = 10) -> Dialogue:
    """A note of 5 to 30 rows `label | value` with invented words for labels; the answers are the values."""
    tools = random_toolbox(rng)
    pairs: dict[str, str] = {}
    wanted = span(rng, 5, 30)
    while len(pairs) < wanted:
        words = [
            invented_word(rng) if chance(rng, 0.7) else pick(rng, COMMON) for _ in range(span(rng, 1, 2))
        ]
        text = " ".join(words)
        label = pick(rng, (text, text.upper(), text.title()))
        # No label may stand within another, or a question for the shorter one would have two answers.
        if not any(label.lower() in other.lower() or other.lower() in label.lower() for other in pairs):
            pairs[label] = _value(rng)
    between = pick(rng, (" | ", ": ", ":", " : ", " = ", " "))
    note = Note(
        id="e1",
        call=tools.call("read_text"),
        text="ok: " + "\n".join(f"{label}{between}{value}" for label, value in pairs.items()),
    )
    branches: dict[str, Branch] = {}
    for label in shuffled(rng, list(pairs))[: max(questions - 1, 1)]:
        question = ask_label(rng, label, "form", "train")
        reply = Reply(answer=pairs[label], quote=True, cites=("e1",))
        branches[question] = Branch(question=question, reply=reply, task="copy")
    if chance(rng, 0.6):
        question = frame(rng, f"the {_foreign(rng, note.text)}", "form", "train")
        reply = Reply(answer=CANNOT_TELL, cites=("e1",))
        branches[question] = Branch(question=question, reply=reply, task="unanswerable")
    return Dialogue(tools=tools.specs, notes=(note,), branches=tuple(branches.values()))


def reading_pairs(rng: Generator, split: Split) -> Pair:
    """A preference: the right quotation against another text of the same page, or against a false one.

    In one of five the page does not hold the answer, and quoting anything is turned down; in one of ten
    it does, and `cannot tell` is turned down.
    """
    while True:
        reading = _read(rng, split)
        if chance(rng, 0.2):
            branch = _unanswerable(rng, reading, split)
            rejected = reading.reply(pick(rng, list(reading.answers)))
            return Pair(dialogue=_with_one(reading, branch), rejected=rejected)
        rivals = {
            field: [r for r in _rivals(reading, field) if reading.answers[r] != reading.answers[field]]
            for field in ("total", "total", "date", *_RIVALS, *_askable_items(reading)[:2])
            if field in reading.answers
        }
        fields = [field for field, others in rivals.items() if others]
        if not fields:
            continue
        main = [field for field in fields if field in _COPIES]
        field = pick(rng, main if main and chance(rng, 0.6) else fields)
        branch = _branch(rng, reading, field, split)
        rejected = reading.reply(pick(rng, rivals[field]))
        if chance(rng, 0.1):
            rejected = Reply(answer=CANNOT_TELL, cites=("e1",))
        return Pair(dialogue=_with_one(reading, branch), rejected=rejected)


def _rivals(reading: Reading, field: str) -> list[str]:
    """Fields of the page whose text could be taken for that of `field`."""
    others = _RIVALS.get(field) or tuple(f for f in reading.answers if f.startswith("item") and "." not in f)
    return [other for other in others if other in reading.answers and other != field]


def _with_one(reading: Reading, branch: Branch) -> Dialogue:
    return Dialogue(
        images=(draw_thumbnail(reading.doc),),
        tools=reading.tools.specs,
        notes=(reading.note,),
        branches=(branch,),
    )


def corpus(rng: Generator, n: int) -> Iterator[str]:
    """`n` texts for training a tokenizer: pages as read, questions, words."""
    for index in range(n):
        kind = index % 4
        if kind == 3:
            yield make_words(rng).text
            continue
        reading = _read(rng, "train")
        if kind == 2:
            yield "\n".join(branch.question for branch in _questions(rng, reading, "train", 8))
        else:
            yield reading.note.text
