"""Receipts, invoices and forms of many countries: pages with what is true of them."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from sightline.train.symbolic.documents_pages import Paper
from sightline.train.symbolic.documents_words import (
    Hand,
    fill,
    filled_sections,
    make_hand,
    slot,
    some_day,
    spread,
    tongue,
    write_code,
)
from sightline.train.worlds.dice import chance, digits, pick, shuffled, span, weighted
from sightline.train.worlds.documents import make_document
from sightline.train.worlds.pages import Align, Part, Row, Run, Sheet
from sightline.types.overview import Medium

LANGUAGES = {"en": 0.5, "de": 0.1, "fr": 0.08, "es": 0.08, "it": 0.07, "nl": 0.06, "pt": 0.06, "ms": 0.07}


@dataclass(frozen=True, kw_only=True)
class Goods:
    """One line of a bill, in cents."""

    name: str
    quantity: int
    price: int

    @property
    def amount(self) -> int:
        """Of all."""
        return self.quantity * self.price


@dataclass(kw_only=True)
class _Draft:
    """A page in the making."""

    rng: Generator
    hand: Hand
    sheet: Sheet
    labels: dict[str, str]
    colon: str

    def word(self, name: str) -> str:
        """A label of the page's language."""
        return pick(self.rng, tongue(self.hand.language)[name])

    def fact(self, name: str, value: str, *, apart: float = 0.0) -> None:
        """A row of a label and a value, beside it or, where `apart` is given, at that place."""
        label = self.word(name)
        self.labels[name] = label
        if apart:
            self.sheet.add(
                self.sheet.run(label + self.colon.rstrip()), self.sheet.run((name, value), x=apart)
            )
        else:
            self.sheet.line(label + self.colon, (name, value))

    def sum(self, name: str, cents: int, *, rate: str = "", bold: bool = False) -> None:
        """A row of the totals."""
        before, mark, after = self.word(name).partition("{r}%")
        colon = self.colon.rstrip() if chance(self.rng, 0.5) else ""
        self.labels[name] = before + mark.replace("{r}", rate) + after
        label: list[str | Part] = (
            [before, ("tax rate", f"{rate}%"), after + colon] if mark else [before + colon]
        )
        value = self.hand.money(cents) if chance(self.rng, 0.4) else self.hand.amount(cents)
        self.sheet.add(self.sheet.run(*label), self.sheet.run((name, value), x=1.0, align="right"), bold=bold)

    def count(self, value: int) -> None:
        """How many things, as some receipts print it."""
        label = self.word("count")
        self.labels["count"] = label
        self.sheet.line(label + self.colon, ("count", str(value)))


def _draft(rng: Generator) -> _Draft:
    hand = make_hand(rng, weighted(rng, LANGUAGES))
    colon = pick(rng, (": ", ": ", ": ", " : ", ":"))
    return _Draft(rng=rng, hand=hand, sheet=Sheet(upper=chance(rng, 0.2)), labels={}, colon=colon)


def _goods(draft: _Draft, most: int, kind: str) -> list[Goods]:
    rng = draft.rng
    names = shuffled(rng, tongue(draft.hand.language)[kind])[: span(rng, 1, most)]
    scale = 1 if kind == "goods" else pick(rng, (10, 50))
    return [
        Goods(
            name=name,
            quantity=weighted(rng, {1: 0.6, 2: 0.22, 3: 0.1, 4: 0.05, 6: 0.03}),
            price=scale * max(50, round(float(rng.lognormal(6.0, 0.8)) / 5) * 5 - pick(rng, (0, 0, 1))),
        )
        for name in names
    ]


_BEFORE = ("Unit {}", "Lot {}", "Level {}", "Suite {}", "Block {}", "{}F", "Shop {}", "G{}")


def address_lines(rng: Generator, hand: Hand) -> list[str]:
    """Two to four lines: now and then a unit, the street with its number, the town with or without a code."""
    street, number = slot("street", rng, hand), span(rng, 1, 190)
    said = pick(
        rng, (f"{street} {number}", f"{number} {street}", f"{number}, {street}", f"No. {number}, {street}")
    )
    town, code = pick(rng, tongue(hand.language)["city"]), digits(rng, 5, "123456789")
    ends: tuple[str, ...] = (town,)
    if not town[:1].isdigit():
        ends = (
            town,
            f"{code} {town}",
            f"{code} {town}",
            f"{town} {code}",
            f"{town}, {digits(rng, 4, '123456789')}",
        )
    end = pick(rng, ends)
    comma = "," * chance(rng, 0.55)
    lines = [f"{said}{comma}", end]
    if chance(rng, 0.25):
        lines.insert(0, f"{pick(rng, _BEFORE).format(span(rng, 1, 40))}{comma}")
    if chance(rng, 0.12):
        lines = [" ".join([lines[0], lines[1]]), *lines[2:]]
    return [line.upper() for line in lines] if chance(rng, 0.35) else lines


def make_bill_paper(rng: Generator) -> Paper:
    """A receipt of a shop, with its sums close to each other."""
    draft = _draft(rng)
    sheet, hand = draft.sheet, draft.hand
    align: Align = "centre" if chance(rng, 0.7) else "left"
    sheet.line(("company", slot("firm", rng, hand)), align=align)
    if chance(rng, 0.85):
        for line in address_lines(rng, hand):
            sheet.line(("address", line), align=align)
    if chance(rng, 0.5):
        draft.fact("phone", slot("tel", rng, hand))
    if chance(rng, 0.35):
        draft.fact("tax id", digits(rng, 9, "123456789"))
    if chance(rng, 0.1):
        draft.fact("website", slot("web", rng, hand))
    sheet.blank(pick(rng, (0.0, 0.6)))
    _meta(draft)
    sheet.blank(pick(rng, (0.0, 0.6)))
    goods = _goods(draft, 6, "goods")
    names = _lines(draft, goods)
    sheet.blank(pick(rng, (0.0, 0.6)))
    _totals(draft, goods)
    if chance(rng, 0.12):
        draft.fact("expiry date", slot("futureday", rng, hand))
    for foot in shuffled(rng, tongue(hand.language)["foot"])[: span(rng, 0, 2)]:
        sheet.line(foot, align=align)
    return _paper(draft, "receipt", names, columns=span(rng, 36, 44))


def _paper(
    draft: _Draft, kind: str, names: tuple[str, ...], columns: int, medium: Medium = "document"
) -> Paper:
    return Paper(
        kind=kind,
        rows=tuple(draft.sheet.rows),
        labels=draft.labels,
        goods=names,
        language=draft.hand.language,
        point=draft.hand.point,
        columns=columns,
        medium=medium,
    )


def _meta(draft: _Draft) -> None:
    """Date, number, cashier and the like, in any order."""
    rng, hand = draft.rng, draft.hand
    values = {
        "date": hand.day(*some_day(rng, 2009, 2025)),
        "number": pick(rng, (write_code(rng), digits(rng, span(rng, 4, 7), "123456789"))),
        "cashier": slot("first", rng, hand),
        "table": str(span(rng, 1, 40)),
        "guests": str(span(rng, 1, 9)),
        "order number": digits(rng, 5, "123456789"),
        "customer number": digits(rng, 6, "123456789"),
        "time": slot("clock", rng, hand),
    }
    likely = (0.94, 0.75, 0.5, 0.15, 0.1, 0.08, 0.1, 0.45)
    kept = [name for name, p in zip(values, likely, strict=True) if chance(rng, p)]
    for name in shuffled(rng, kept):
        if name == "date" and chance(rng, 0.2):
            draft.sheet.line(("date", values["date"]))
        else:
            draft.fact(name, values[name])


def _lines(draft: _Draft, goods: list[Goods]) -> tuple[str, ...]:
    """The goods, in one of several layouts. Gives the fields of their names."""
    rng, sheet, hand = draft.rng, draft.sheet, draft.hand
    layout = pick(rng, ("plain", "counted", "two rows", "columns"))
    if layout == "columns":
        _heads(draft)
    for n, one in enumerate(goods):
        name: Part = (f"item{n}.name", one.name)
        amount = sheet.run((f"item{n}", hand.amount(one.amount)), x=1.0, align="right")
        if layout == "plain":
            sheet.add(sheet.run(name, "" if one.quantity == 1 else f" x{one.quantity}"), amount)
        elif layout == "counted":
            sheet.add(sheet.run(f"{one.quantity} x ", name), amount)
        elif layout == "two rows":
            sheet.line(name)
            sheet.add(sheet.run(f"{one.quantity} x {hand.amount(one.price)}", x=0.05), amount)
        else:
            sheet.add(
                sheet.run(name),
                sheet.run((f"item{n}.quantity", str(one.quantity)), x=0.58, align="right"),
                sheet.run((f"item{n}.price", hand.amount(one.price)), x=0.78, align="right"),
                amount,
            )
    return tuple(f"item{n}.name" for n in range(len(goods)))


def _heads(draft: _Draft) -> None:
    sheet = draft.sheet
    heads = tongue(draft.hand.language)["heads"]
    places: tuple[tuple[float, Align], ...] = (
        (0.0, "left"),
        (0.58, "right"),
        (0.78, "right"),
        (1.0, "right"),
    )
    sheet.add(
        *(
            sheet.run((f"head{n}", h), x=x, align=a)
            for n, (h, (x, a)) in enumerate(zip(heads, places, strict=True))
        )
    )


def _totals(draft: _Draft, goods: list[Goods], *, paid: bool = True) -> None:
    rng = draft.rng
    subtotal = sum(one.amount for one in goods)
    discount = round(subtotal * 0.1) if chance(rng, 0.15) else 0
    service = round((subtotal - discount) * 0.1) if paid and chance(rng, 0.1) else 0
    delivery = pick(rng, (490, 695, 1200)) if not paid and chance(rng, 0.3) else 0
    base = subtotal - discount + service + delivery
    rate = pick(rng, (6, 7, 8, 10, 19, 20, 21))
    tax = round(base * rate / 100) if chance(rng, 0.7) else 0
    due = base + tax
    total = (due + 2) // 5 * 5 if paid and chance(rng, 0.15) else due
    if discount or service or tax or delivery or chance(rng, 0.3):
        draft.sum("subtotal", subtotal)
    for name, cents in (("discount", -discount), ("service", service), ("delivery", delivery)):
        if cents:
            draft.sum(name, cents)
    if tax:
        draft.sum("tax", tax, rate=str(rate))
    if total != due:
        draft.sum("rounding", total - due)
    if chance(rng, 0.97):
        draft.sum("total", total, bold=True)
    if chance(rng, 0.22) and paid:
        draft.count(sum(one.quantity for one in goods))
    if paid and chance(rng, 0.85):
        _payment(draft, total)


def _payment(draft: _Draft, total: int) -> None:
    if chance(draft.rng, 0.35):
        draft.sum("card", total)
        return
    step = pick(draft.rng, (100, 500, 1000, 2000, 5000))
    cash = -(-total // step) * step
    draft.sum("cash", cash)
    draft.sum("change", cash - total)


def make_invoice_paper(rng: Generator) -> Paper:
    """An invoice with seller and buyer, two to four dates, two to four numbers."""
    draft = _draft(rng)
    sheet, hand = draft.sheet, draft.hand
    sheet.line(("company", slot("firm", rng, hand)))
    for line in address_lines(rng, hand):
        sheet.line(("address", line))
    for name in ("phone", "email", "tax id"):
        if chance(rng, 0.45):
            made = {"phone": "tel", "email": "mail", "tax id": "order"}[name]
            draft.fact(name, slot(made, rng, hand))
    sheet.blank(0.6)
    sheet.line(pick(rng, tongue(hand.language)["title"]))
    _dates(draft)
    sheet.blank(0.6)
    for name, likely in (("customer", 0.95), ("ship to", 0.3)):
        if chance(rng, likely):
            who = slot(pick(rng, ("firm", "person")), rng, hand)
            draft.fact(name, who)
    sheet.blank(0.6)
    goods = _goods(draft, 4, "work")
    _heads(draft)
    names = []
    for n, one in enumerate(goods):
        names.append(f"item{n}.name")
        sheet.add(
            sheet.run((f"item{n}.name", one.name)),
            sheet.run((f"item{n}.quantity", str(one.quantity)), x=0.58, align="right"),
            sheet.run((f"item{n}.price", hand.amount(one.price)), x=0.78, align="right"),
            sheet.run((f"item{n}", hand.amount(one.amount)), x=1.0, align="right"),
        )
    sheet.blank(0.6)
    _totals(draft, goods, paid=False)
    _pay_to(draft)
    return _paper(draft, "invoice", tuple(names), columns=span(rng, 58, 72))


def _dates(draft: _Draft) -> None:
    rng, hand = draft.rng, draft.hand
    year, month, day = some_day(rng, 2012, 2025)
    later = (year, month + 1, day) if month < 12 else (year + 1, 1, day)
    facts = {
        "number": (0.95, write_code(rng)),
        "date": (0.95, hand.day(year, month, day)),
        "due date": (0.6, hand.day(*later)),
        "delivery date": (0.3, hand.day(year, month, min(day + 2, 28))),
        "order number": (0.4, digits(rng, 5, "123456789")),
        "customer number": (0.35, digits(rng, 6, "123456789")),
        "terms": (0.25, pick(rng, tongue(hand.language)["terms said"])),
    }
    for name in shuffled(rng, list(facts)):
        likely, value = facts[name]
        if chance(rng, likely):
            draft.fact(name, value)


def _pay_to(draft: _Draft) -> None:
    rng, hand = draft.rng, draft.hand
    if chance(rng, 0.5):
        draft.sheet.blank(0.6)
        if chance(rng, 0.5):
            draft.fact("bank", f"{slot('last', rng, hand)} Bank")
        draft.fact("iban", slot("iban", rng, hand))
        if chance(rng, 0.5):
            draft.fact("bic", slot("bic", rng, hand))


def make_form_paper(rng: Generator) -> Paper:
    """A form of one of the kinds of `documents_forms.txt`."""
    kind = pick(rng, tuple(filled_sections("documents_forms.txt")))
    lines = filled_sections("documents_forms.txt")[kind]
    hand = make_hand(rng, "en")
    sheet = Sheet(upper=chance(rng, 0.1))
    if chance(rng, 0.4):
        sheet.line(("company", slot("firm", rng, hand)))
    sheet.line(("title", spread(lines[0].removeprefix("title: "), rng)))
    sheet.blank(0.6)
    colon, apart = pick(rng, (": ", ": ", ": ", " : ", ":")), pick(rng, (0.0, 0.0, 0.45))
    labels, kinds, asks = {}, {}, {}
    facts = shuffled(rng, lines[1:])[: span(rng, 4, 9)] if chance(rng, 0.5) else list(lines[1:])
    for line in facts:
        printed, answer, asked = line.split(" | ", 2)
        label, value = printed.split(" = ", 1)
        labels[label] = label
        kinds[label] = answer
        asks[label] = tuple(one.strip() for one in asked.split(";"))
        said = fill(value, rng, hand)
        if apart:
            sheet.add(sheet.run(label + colon.rstrip()), sheet.run((label, said), x=apart))
        else:
            sheet.line(label + colon, (label, said))
    medium: Medium = "screenshot" if kind == "settings" else "document"
    return Paper(
        kind="form",
        rows=tuple(sheet.rows),
        labels=labels,
        kinds=kinds,
        asks=asks,
        point=hand.point,
        columns=span(rng, 40, 60),
        medium=medium,
    )


def make_world_paper(rng: Generator) -> Paper:
    """A receipt, invoice or form of the drawn worlds."""
    while True:
        document = make_document(rng, weighted(rng, {"receipt": 0.6, "invoice": 0.15, "form": 0.25}))
        if len(document.rows) < 40:
            break
    labels = {name: label for name, label in document.labels.items() if name.startswith("form")}
    kinds = {name: _kind_of_label(label) for name, label in labels.items()}
    columns = {"receipt": 42, "invoice": 74, "form": 60}.get(document.kind, 42)
    goods = tuple(f"{name}.name" for name in document.labels if name.startswith("item"))
    return Paper(
        kind=document.kind,
        rows=document.rows,
        labels=labels,
        kinds=kinds,
        asks={name: (f"the {label.lower()}",) for name, label in labels.items()},
        goods=goods,
        point="",
        columns=columns,
    )


def _kind_of_label(label: str) -> str:
    low = label.lower()
    kinds = {
        "date": ("date",),
        "money": ("amount", "total"),
        "number": ("quantity", "weight", "height", "temperature", "age"),
        "name": (
            "name",
            "company",
            "signature",
            "approved",
            "city",
            "nationality",
            "occupation",
            "department",
        ),
        "color": ("colour",),
    }
    return next((kind for kind, words in kinds.items() if any(w in low for w in words)), "text")


def make_paper(rng: Generator) -> Paper:
    """A document with fields."""
    makers = {make_bill_paper: 0.36, make_invoice_paper: 0.24, make_form_paper: 0.26, make_world_paper: 0.14}
    return weighted(rng, makers)(rng)


def two_bills(rng: Generator) -> Paper:
    """Two receipts on one picture, one under the other with white space between."""
    while True:
        first, second = make_bill_paper(rng), make_bill_paper(rng)
        both = all("total" in paper.labels and "date" in paper.labels for paper in (first, second))
        if both and first.language == second.language and len(first.rows) + len(second.rows) < 34:
            break
    runs = [_renamed(row, "second ") for row in second.rows]
    gap = Row(runs=runs[0].runs, gap=4.0)
    return Paper(
        kind="receipt",
        rows=(*first.rows, gap, *runs[1:]),
        labels=first.labels | {f"second {k}": v for k, v in second.labels.items()},
        language=first.language,
        point=first.point,
        columns=44,
    )


def _renamed(row: Row, lead: str) -> Row:
    runs = tuple(
        Run(parts=tuple((lead + n if n else "", t) for n, t in run.parts), x=run.x, align=run.align)
        for run in row.runs
    )
    return Row(runs=runs, gap=row.gap)
