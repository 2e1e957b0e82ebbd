"""What the values of a document are: its date among several, its time, its number, its phone, its amounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sightline.tools.document_head import Head
from sightline.tools.document_labels import ALONE, Found
from sightline.tools.document_layout import DATES, Row, Spans, cut_out, fits
from sightline.tools.document_totals import Sum, parts_of, tax_in
from sightline.tools.document_values import Day, Style, amount_in, days_in, phones_in, settled, times_in
from sightline.tools.document_words import plain
from sightline.tools.reading import whole
from sightline.types import DocumentField, TextSpan

NAMED = ("invoice number", "order number", "customer number", "email", "fax", "tax id", "bill to", "ship to")
"""Kinds that are known by their label alone."""

INSTEAD, LESS_SURE = ("print date", "other date"), 0.7
"""Dates that stand for the document's own where there is no other, and how sure they then are, of 1."""

PLACE = 0.8
"""How sure an address is that stands at the head."""


@dataclass(frozen=True)
class Page:
    """One document: its rows as read and in pieces, its labels with their values, the rows of tax tables."""

    style: Style
    read: Sequence[Spans]
    rows: Sequence[Row]
    found: Sequence[Found]
    tables: frozenset[int]

    @property
    def spans(self) -> list[TextSpan]:
        """All runs of text, from top to bottom."""
        return [span for row in self.read for span in row]

    @cached_property
    def days(self) -> dict[str, Day]:
        """Every date by its text, those that may be two days told by the others."""
        texts = [span.text for span in self.spans] + [one.text for one in self.found]
        days = [day for text in texts for day in days_in(text)]
        dated = [one for one in self.found if set(one.kinds) & DATES]
        days += [day for one in dated for day in days_in(one.text, compact=True)]
        return {day.text: day for day in settled(days, self.style.day_first)}

    def of_kind(self, kind: str) -> list[Found]:
        """The labels that say so, beside a value that may be it."""
        return [one for one in self.found if kind in one.kinds and fits(kind, one.text, self.style)]


def known(
    page: Page, head: Head, sums: Sequence[Sum], total: tuple[Sum, float] | None
) -> list[DocumentField]:
    """The fields that are known, by what they are: company, address, phone, date, ..., total."""
    found = [*_issuer(page, head), *_phone(page), *_dates(page), *_time(page), *_named(page)]
    return [*found, *_amounts(page, sums, total)]


def made(
    name: str,
    spans: Sequence[TextSpan],
    sure: float,
    value: float | str | None = None,
    text: str | None = None,
) -> DocumentField:
    """A field of spans; `sure` times the reader's own score. `text`: where it is not all that they say."""
    return DocumentField(
        name=name,
        text=" ".join(span.text for span in spans) if text is None else text,
        value=value,
        score=sure * min(span.score for span in spans),
        box=whole([span.box for span in spans]),
    )


def part_of(span: TextSpan, text: str) -> TextSpan:
    """The part of a span that says `text`; all of it where it does not."""
    at = span.text.find(text)
    return cut_out(span, at, at + len(text)) if at >= 0 else span


def _field(name: str, one: Found, value: float | str | None = None) -> DocumentField:
    return DocumentField(name=name, text=one.text, value=value, score=one.score, box=one.box)


def _issuer(page: Page, head: Head) -> list[DocumentField]:
    """The company and its address: from the head, else as labelled."""
    found = []
    if head.company:
        found.append(made("company", head.company.spans, head.sure, text=head.company.text))
    elif named := page.of_kind("company"):
        found.append(_field("company", named[0]))
    if head.address:
        found.append(made("address", [span for line in head.address for span in line.spans], PLACE))
    elif named := page.of_kind("address"):
        found.append(_field("address", named[0]))
    return found


def _phone(page: Page) -> list[DocumentField]:
    for one in page.of_kind("phone")[:1]:
        number = phones_in(one.text)[0]
        spans = [part_of(one.spans[0], number)] if len(one.spans) == 1 else one.spans
        return [
            _field("phone", one).model_copy(update={"text": number, "box": whole([s.box for s in spans])})
        ]
    return []


# Dates and times.


def _dates(page: Page) -> list[DocumentField]:
    """The document's date, then the first of each other kind that is labelled."""
    own = _labelled_date(page) or _loose_date(page) or _other_date(page)
    others = [kind for kind in sorted(DATES - {"date", "other date"}) if page.of_kind(kind)]
    found = [_dated(page, kind, page.of_kind(kind)[0]) for kind in others]
    return [own, *found] if own else found


def _labelled_date(page: Page) -> DocumentField | None:
    labelled = page.of_kind("date")
    return _dated(page, "date", labelled[0]) if labelled else None


def _loose_date(page: Page) -> DocumentField | None:
    """The first date with no label of another kind; last of all a run of digits alone that may be one."""
    others = [one for kind in DATES for one in page.of_kind(kind)]
    taken = {span.box.y1: one.text for one in others for span in one.spans}
    for compact in (False, True):
        for span in page.spans:
            for day in days_in(span.text, compact=compact):
                if day.text not in taken.get(span.box.y1, "") and (not compact or day.text == span.text):
                    return _day("date", [span], ALONE * span.score, page.days.get(day.text, day))
    return None


def _other_date(page: Page) -> DocumentField | None:
    """The day on which it was printed, entered or left."""
    found = [one for kind in INSTEAD for one in page.of_kind(kind)]
    if not found:
        return None
    field = _dated(page, "date", found[0])
    return field.model_copy(update={"score": LESS_SURE * field.score})


def _dated(page: Page, name: str, one: Found) -> DocumentField:
    day = page.days[days_in(one.text, compact=True)[0].text]
    return _day(name, one.spans, one.score, day)


def _day(name: str, spans: Sequence[TextSpan], score: float, day: Day) -> DocumentField:
    holds = next((span for span in spans if day.text in span.text), None)
    parts = [part_of(holds, day.text)] if holds else spans
    value = day.value.isoformat() if day.value else None
    box = whole([part.box for part in parts])
    return DocumentField(name=name, text=day.text, value=value, score=score, box=box)


def _time(page: Page) -> list[DocumentField]:
    """The time that is labelled so, else the first beside a date, else the first."""
    for one in page.of_kind("time")[:1]:
        said = times_in(one.text)
        return [
            made("time", [part_of(span, said[0]) for span in one.spans] if said else one.spans, one.score)
        ]
    timed = [(row, span) for row in page.read for span in row if times_in(span.text)]
    timed.sort(key=lambda at: not any(days_in(span.text) for span in at[0]))
    return [made("time", [part_of(span, times_in(span.text)[0])], ALONE) for _, span in timed[:1]]


# Numbers and amounts.


def _named(page: Page) -> list[DocumentField]:
    found = []
    for kind in NAMED:
        # `No` alone may number anything.
        fitting = sorted(page.of_kind(kind), key=lambda one: plain(one.name) == "no")
        found += [_field(kind, one) for one in fitting[:1]]
    return found


def _amounts(page: Page, sums: Sequence[Sum], total: tuple[Sum, float] | None) -> list[DocumentField]:
    parts = parts_of(sums, total[0] if total else None)
    # A net amount is what comes before tax, as a subtotal does.
    found = [_sum("subtotal" if part.kind == "net" else part.kind, part, part.found.score) for part in parts]
    if not any(part.kind == "tax" for part in parts):
        found += _tax_of_table(page)
    if total:
        spans = total[0].found.spans
        found.append(_sum("total", total[0], total[1] * min(span.score for span in spans)))
    return found


def _sum(name: str, one: Sum, score: float) -> DocumentField:
    return DocumentField(name=name, text=one.found.text, value=one.value, score=score, box=one.found.box)


def _tax_of_table(page: Page) -> Iterable[DocumentField]:
    """The tax of a table of taxes; of several rates the sum, which is then printed nowhere as one amount."""
    if spans := tax_in(page.rows, page.tables, page.style):
        value = round(sum(amount_in(span.text, page.style) or 0.0 for span in spans), 2)
        yield made("tax", spans, ALONE, value)
