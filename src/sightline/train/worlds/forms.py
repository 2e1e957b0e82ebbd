"""Invoices, forms and signs."""

from __future__ import annotations

from numpy.random import Generator

from sightline.train.worlds.bills import company_name, make_bill, registration
from sightline.train.worlds.dice import chance, digits, pick, shuffled, span, weighted
from sightline.train.worlds.lexicon import CITIES, COMMON, LAST_NAMES, STREETS, invented_word
from sightline.train.worlds.locales import (
    COUNTRIES,
    Country,
    date_form,
    make_day,
    make_money,
    write_address,
    write_date,
    write_name,
    write_phone,
    write_time,
)
from sightline.train.worlds.pages import HELD_OUT_LAYOUTS, Align, Document, Part, Sheet, make_style
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.totals import write_totals

_FORM_TITLES = (
    "Application Form",
    "Registration Form",
    "Patient Record",
    "Delivery Note",
    "Membership Form",
    "Leave Request",
    "Work Order",
    "Inspection Report",
    "Customer Details",
    "Order Form",
    "Visitor Pass",
    "Claim Form",
    "Boarding Pass",
    "Certificate",
    "Booking Confirmation",
    "Service Report",
    "Packing List",
    "Test Report",
    "Employee Record",
    "Data Sheet",
)


def make_invoice(rng: Generator, split: Split = "train") -> Document:
    """An invoice: sender, customer, number, dates, a table of goods, totals, bank details."""
    country = weighted(rng, COUNTRIES)
    bill = make_bill(rng, country, most=12)
    money = make_money(rng, country)
    form = date_form(rng, country)
    sheet = Sheet(upper=chance(rng, 0.1))
    sheet.line(("company", company_name(rng, country)), size=pick(rng, (1.2, 1.6)), bold=True)
    for line in [*write_address(rng, country), registration(rng, country)]:
        sheet.line(line)
    sheet.line(pick(rng, ("Tel: ", "Phone ", "T: ")), ("phone", write_phone(rng, country)))
    sheet.blank(1.0)
    sheet.line(pick(rng, ("INVOICE", "Tax Invoice", "Invoice", "Proforma Invoice")), size=1.5, bold=True)
    layout = HELD_OUT_LAYOUTS["invoice"] if split == "heldout" else "side" if chance(rng, 0.6) else "below"
    _invoice_facts(rng, sheet, country, form, layout)
    sheet.blank(1.0)
    heads = (("Description", 0.0), ("Qty", 0.6), ("Unit Price", 0.8), ("Amount", 1.0))
    sheet.add(*(sheet.run(t, x=x, align="right" if x else "left") for t, x in heads), bold=True)
    sheet.rule()
    labels: dict[str, str] = {}
    for index, item in enumerate(bill.items):
        labels[f"item{index}"] = item.name
        cells: tuple[tuple[str | Part, float], ...] = (
            ((f"item{index}.name", item.name), 0.0),
            (item.quantity, 0.6),
            (money.number(item.price), 0.8),
            ((f"item{index}", money.number(item.amount)), 1.0),
        )
        sheet.add(*(sheet.run(c, x=x, align="right" if x else "left") for c, x in cells))
    sheet.rule()
    write_totals(rng, sheet, country, money, bill)
    if chance(rng, 0.5):
        sheet.blank(1.0)
        sheet.line(f"Bank: {pick(rng, LAST_NAMES)} Bank  Account: {digits(rng, 10)}")
    if chance(rng, 0.5):
        sheet.line(pick(rng, ("Payment due within 30 days", "Thank you for your business", "E. & O. E.")))
    return Document(
        kind="invoice",
        rows=tuple(sheet.rows),
        fields=sheet.fields(),
        labels=labels,
        bill=bill,
        layout=layout,
        style=make_style(rng, "invoice"),
    )


def _invoice_facts(rng: Generator, sheet: Sheet, country: Country, form: str, layout: str) -> None:
    """Number and dates to the right of the customer (`side`), above (`below`) or at the left (`mirrored`)."""
    day = make_day(rng)
    due = make_day(rng, day.year + 1, day.year + 1)
    colon = pick(rng, (": ", " : ", ":", " "))
    facts: list[tuple[str | Part, ...]] = [
        (
            pick(rng, ("Invoice No", "Invoice Number", "Invoice #", "No")) + colon,
            ("number", f"INV-{digits(rng, 5)}"),
        ),
        (pick(rng, ("Invoice Date", "Date", "Date", "Issued")) + colon, ("date", write_date(form, day))),
    ]
    if chance(rng, 0.6):
        facts.append(
            (pick(rng, ("Due Date", "Payment Due", "Due")) + colon, ("due date", write_date(form, due)))
        )
    if chance(rng, 0.3):
        facts.append((pick(rng, ("PO Number", "P.O. #", "Your Ref")) + colon, f"PO{digits(rng, 5)}"))
    buyer: list[tuple[str | Part, ...]] = [(pick(rng, ("Bill To:", "Sold To:", "To:", "Customer:")),)]
    buyer.append((("customer", company_name(rng, country)),))
    buyer.extend((line,) for line in write_address(rng, country))
    if layout == "below":
        for pieces in [*facts, *buyer]:
            sheet.line(*pieces)
        return
    first, second, x = (buyer, facts, 0.62) if layout == "side" else (facts, buyer, 0.5)
    for index in range(max(len(facts), len(buyer))):
        left = [sheet.run(*first[index])] if index < len(first) else []
        right = [sheet.run(*second[index], x=x)] if index < len(second) else []
        sheet.add(*left, *right)


_FORM_LAYOUTS = {"one": 0.4, "columns": 0.35, "two": 0.25}


def _form_fields(rng: Generator) -> list[tuple[str, str]]:
    """Labels and values of a form; no label twice."""
    country = weighted(rng, COUNTRIES)
    form = date_form(rng, country)
    makers = {
        "Name": write_name(rng),
        "Full Name": f"{write_name(rng)} {pick(rng, LAST_NAMES)}",
        "Date": write_date(form, make_day(rng)),
        "Date of Birth": write_date(form, make_day(rng, 1940, 2010)),
        "Expiry Date": write_date(form, make_day(rng, 2026, 2032)),
        "Issue Date": write_date(form, make_day(rng, 2015, 2025)),
        "Phone": write_phone(rng, country),
        "Mobile": write_phone(rng, country),
        "Email": f"{pick(rng, COMMON)}{span(rng, 1, 99)}@{pick(rng, COMMON)}.com",
        "City": pick(rng, CITIES[country.code]),
        "Street": f"{span(rng, 1, 200)} {pick(rng, STREETS[country.code])}",
        "Company": company_name(rng, country),
        "Department": pick(
            rng, ("Sales", "Finance", "Engineering", "Legal", "Support", "Research", "Logistics")
        ),
        "Reference": f"{pick(rng, 'ABCKRX')}{digits(rng, 6)}",
        "Order No": digits(rng, 6),
        "Serial Number": f"SN{digits(rng, 8)}",
        "Invoice No": f"INV{digits(rng, 5)}",
        "Amount": f"{span(rng, 1, 9000)}.{digits(rng, 2)}",
        "Quantity": str(span(rng, 1, 500)),
        "Weight": f"{span(rng, 1, 99)}.{digits(rng, 1)} kg",
        "Height": f"{span(rng, 20, 210)} cm",
        "Temperature": f"{span(rng, 30, 42)}.{digits(rng, 1)} C",
        "Age": str(span(rng, 1, 99)),
        "Gender": pick(rng, ("F", "M", "Female", "Male")),
        "Colour": pick(rng, ("red", "blue", "green", "black", "white", "silver")),
        "Room": f"{pick(rng, 'ABCD')}{span(rng, 1, 400)}",
        "Seat": f"{span(rng, 1, 40)}{pick(rng, 'ABCDEF')}",
        "Gate": f"{pick(rng, 'ABCD')}{span(rng, 1, 40)}",
        "Flight": f"{pick(rng, ('MH', 'SQ', 'BA', 'LH', 'AK'))}{digits(rng, 3)}",
        "Time": write_time(rng),
        "Signature": write_name(rng),
        "Approved by": write_name(rng),
        "Status": pick(rng, ("Approved", "Pending", "Rejected", "Paid", "Open", "Closed")),
        "Postcode": digits(rng, 5),
        "Nationality": pick(rng, ("Malaysian", "British", "German", "Indian", "Canadian", "Indonesian")),
        "Occupation": pick(rng, ("Teacher", "Engineer", "Nurse", "Driver", "Chef", "Clerk", "Student")),
        "Tax ID": digits(rng, 10),
        "Vehicle No": f"W{pick(rng, 'ABCDEF')}{pick(rng, 'KLMN')} {digits(rng, 4)}",
        "Model": f"{invented_word(rng).title()} {span(rng, 1, 900)}",
        "Result": pick(rng, ("Pass", "Fail", "Negative", "Positive", "Normal")),
        "Total": f"{span(rng, 1, 900)}.{digits(rng, 2)}",
    }
    chosen = [(k, makers[k]) for k in shuffled(rng, list(makers))[: span(rng, 6, 18)]]
    for _ in range(int(rng.exponential(1.0))):
        label = f"{pick(rng, COMMON)} {pick(rng, COMMON)}".title()
        if label not in dict(chosen):
            chosen.append((label, pick(rng, (digits(rng, 4), write_name(rng), pick(rng, COMMON)))))
    return chosen


def make_form(rng: Generator, split: Split = "train") -> Document:
    """A form: a title, then `label: value` in one or two columns; held out, a value below its label."""
    sheet = Sheet(upper=chance(rng, 0.12))
    country = weighted(rng, COUNTRIES)
    if chance(rng, 0.6):
        sheet.line(("issuer", company_name(rng, country)), align=pick(rng, ("left", "centre")), bold=True)
    sheet.line(("title", pick(rng, _FORM_TITLES)), align=pick(rng, ("left", "centre")), size=1.4, bold=True)
    sheet.blank(1.0)
    chosen = _form_fields(rng)
    labels = {f"form{i}": label for i, (label, _) in enumerate(chosen)}
    modes = {HELD_OUT_LAYOUTS["form"]: 1.0} if split == "heldout" else _FORM_LAYOUTS
    layout = weighted(rng, modes)
    colon = pick(rng, (": ", ":", " : ", " "))
    cells: list[tuple[str | Part, ...]] = [
        (label + colon, (f"form{i}", value)) for i, (label, value) in enumerate(chosen)
    ]
    if layout == "two":
        for left, right in zip(cells[::2], [*cells[1::2], ()], strict=False):
            sheet.add(sheet.run(*left), *([sheet.run(*right, x=0.53)] if right else []))
    for label, value in cells if layout != "two" else []:
        if layout == "one":
            sheet.line(label, value)
        elif layout == HELD_OUT_LAYOUTS["form"]:
            sheet.line(label)
            sheet.line(value)
        else:
            sheet.add(sheet.run(label), sheet.run(value, x=0.4))
        sheet.blank(float(rng.random() * 0.5))
    if chance(rng, 0.4):
        sheet.line(
            pick(rng, ("Please print clearly", "For office use only", "Page 1 of 1", "Keep this copy"))
        )
    return Document(
        kind="form",
        rows=tuple(sheet.rows),
        fields=sheet.fields(),
        labels=labels,
        layout=layout,
        style=make_style(rng, "form"),
    )


_SIGNS = (
    "No Parking",
    "No Smoking",
    "Exit",
    "Emergency Exit",
    "Push",
    "Pull",
    "Open",
    "Closed",
    "Caution Wet Floor",
    "Danger High Voltage",
    "Staff Only",
    "Private Property",
    "Keep Out",
    "Sale",
    "Special Offer",
    "Now Hiring",
    "Lost Dog",
    "For Rent",
    "Toilets",
    "Reception",
    "Please Queue Here",
    "Mind the Gap",
    "Speed Limit",
    "Road Closed",
    "Welcome",
    "Notice",
    "Room to Let",
    "Library",
    "Car Park Full",
    "Meeting Today",
    "Grand Opening",
    "Garage Sale",
    "Concert Tonight",
    "Fire Assembly Point",
    "Do Not Enter",
    "Ticket Office",
)


def make_sign(rng: Generator, split: Split = "train") -> Document:
    """A sign or notice: a large first line and up to six further ones, some with a fact to ask for."""
    align: Align = "left" if split == "heldout" else "centre"
    country = weighted(rng, COUNTRIES)
    sheet = Sheet(upper=chance(rng, 0.5))
    first = pick(rng, _SIGNS) if chance(rng, 0.7) else f"{pick(rng, COMMON)} {pick(rng, COMMON)}".title()
    sheet.line(("sign", first), align=align, size=pick(rng, (1.0, 1.3, 1.6)), bold=chance(rng, 0.5))
    money = make_money(rng, country)
    price = money.number(span(rng, 1, 400) * (50 if country.decimals else 500))
    opens = pick(rng, ("9am - 5pm", "8:00 - 18:00", "10:00 - 22:00", "24 hours", "09:00-17:30"))
    lines: list[tuple[str | Part, ...]] = [
        (pick(rng, ("Open ", "Hours: ", "Opening hours ")), ("hours", opens)),
        (pick(rng, ("Call ", "Tel: ", "Phone ")), ("phone", write_phone(rng, country))),
        (pick(rng, ("Only ", "Price: ", "From ", "Fee ")), money.currency, ("price", price)),
        (
            pick(rng, ("Date: ", "On ", "Until ", "From ")),
            ("date", write_date(date_form(rng, country), make_day(rng))),
        ),
        (
            pick(
                rng,
                (
                    "Ask at the desk",
                    "Thank you",
                    "By order",
                    "No entry without pass",
                    "Keep clear",
                    "Free entry",
                ),
            ),
        ),
        (pick(rng, ("Room ", "Gate ", "Floor ", "Platform ")) + str(span(rng, 1, 40)),),
        (f"{pick(rng, COMMON)} {pick(rng, COMMON)} {pick(rng, COMMON)}".capitalize(),),
    ]
    for pieces in shuffled(rng, lines)[: span(rng, 0, 6)]:
        sheet.blank(float(rng.random() * 0.5))
        sheet.line(*pieces, align=align, size=pick(rng, (0.6, 0.8)))
    return Document(
        kind="sign",
        rows=tuple(sheet.rows),
        fields=sheet.fields(),
        layout=align,
        style=make_style(rng, "sign"),
    )
