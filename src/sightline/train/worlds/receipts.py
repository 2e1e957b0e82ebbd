"""Receipts as shops of many countries print them."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from sightline.train.worlds.bills import company_name, make_bill, registration
from sightline.train.worlds.dice import chance, digits, pick, shuffled, span, weighted
from sightline.train.worlds.lexicon import COMMON, FIRST_NAMES
from sightline.train.worlds.locales import (
    COUNTRIES,
    DAYS,
    Country,
    Day,
    Money,
    date_form,
    make_day,
    make_money,
    write_address,
    write_date,
    write_name,
    write_phone,
    write_time,
)
from sightline.train.worlds.pages import (
    HELD_OUT_LAYOUTS,
    Align,
    Bill,
    Document,
    Item,
    Part,
    Sheet,
    make_style,
)
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.totals import write_totals


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What one receipt's blocks share."""

    country: Country
    money: Money
    bill: Bill
    day: Day
    form: str
    colon: str
    align: Align


_TITLES = (
    "TAX INVOICE",
    "Tax Invoice",
    "RECEIPT",
    "Receipt",
    "CASH BILL",
    "CASH SALES",
    "SALES RECEIPT",
    "INVOICE",
    "SIMPLIFIED TAX INVOICE",
    "OFFICIAL RECEIPT",
    "*** TAX INVOICE ***",
    "BILL",
    "CASH RECEIPT",
    "SALE",
    "GUEST CHECK",
    "CUSTOMER COPY",
)
_NUMBER_LABELS = (
    "Receipt No",
    "Receipt #",
    "Rcpt No",
    "Invoice No",
    "Invoice #",
    "Inv No",
    "Bill No",
    "Bill #",
    "Doc No",
    "Document No",
    "Slip No",
    "Check No",
    "Trans No",
    "Transaction #",
    "Order No",
    "Ref No",
    "Bil No",
    "Chk",
    "Beleg-Nr.",
    "No",
)
_CASHIER_LABELS = (
    "Cashier",
    "Cashier",
    "Served by",
    "Server",
    "Staff",
    "Operator",
    "Salesperson",
    "Sales Person",
    "Clerk",
    "User",
    "Kasir",
)
_DATE_LABELS = (
    "Date",
    "Date",
    "DATE",
    "Date",
    "Invoice Date",
    "Bill Date",
    "Trans Date",
    "Receipt Date",
    "Dt",
    "Doc Date",
    "Sales Date",
)
_LOCAL_DATE = {"MY": "Tarikh", "ID": "Tanggal", "DE": "Datum"}
_FOOTERS = (
    "Thank you",
    "THANK YOU",
    "Thank You. Please Come Again",
    "THANK YOU FOR SHOPPING WITH US",
    "Goods sold are not returnable",
    "Goods Sold Are Not Refundable & Exchangeable",
    "Please come again",
    "No refund without receipt",
    "Exchange within 7 days with receipt",
    "Customer Copy",
    "Have a nice day!",
    "This is a computer generated receipt",
    "No signature required",
    "Powered by POS System",
    "Terima Kasih",
    "Sila Datang Lagi",
    "Vielen Dank für Ihren Einkauf",
    "Price inclusive of GST where applicable",
    "Follow us on facebook",
    "Please keep this receipt for warranty",
    "Thank you for dining with us",
    "Returns accepted within 14 days",
    "Open daily 10am - 10pm",
    "SR = Standard Rated, ZR = Zero Rated",
    "*** END OF RECEIPT ***",
    "Your satisfaction is our priority",
    "How did we do? Tell us online",
    "Please retain receipt for exchange",
)


def make_receipt(rng: Generator, split: Split = "train") -> Document:
    """A receipt of a shop in one of the countries, with its bill."""
    country = weighted(rng, COUNTRIES)
    bill = make_bill(rng, country, most=24)
    shop = Shop(
        country=country,
        money=make_money(rng, country),
        bill=bill,
        day=make_day(rng),
        form=date_form(rng, country),
        colon=pick(rng, (":", ": ", " : ", " :", "", ":")),
        align="centre" if chance(rng, 0.75) else "left",
    )
    sheet = Sheet(upper=chance(rng, 0.5))
    _header(rng, sheet, shop)
    dated_below = chance(rng, 0.13)
    dateless = chance(rng, 0.03)
    _meta(rng, sheet, shop, dated=not dated_below and not dateless)
    _separator(rng, sheet)
    layout = HELD_OUT_LAYOUTS["receipt"] if split == "heldout" else weighted(rng, _ITEM_LAYOUTS)
    labels = _items(rng, sheet, shop, layout)
    _separator(rng, sheet)
    write_totals(rng, sheet, country, shop.money, bill)
    _separator(rng, sheet)
    if dated_below and not dateless:
        _date_row(rng, sheet, shop)
    _footer(rng, sheet, shop)
    return Document(
        kind="receipt",
        rows=tuple(sheet.rows),
        fields=sheet.fields(),
        labels=labels,
        bill=bill,
        layout=layout,
        style=make_style(rng, "receipt"),
    )


def _separator(rng: Generator, sheet: Sheet) -> None:
    if chance(rng, 0.5):
        sheet.rule()
    else:
        sheet.blank(float(rng.choice((0.0, 0.5, 1.0))))


def _header(rng: Generator, sheet: Sheet, shop: Shop) -> None:
    country, align = shop.country, shop.align
    big = pick(rng, (1.0, 1.0, 1.25, 1.5))
    if chance(rng, 0.08):
        sheet.line(pick(rng, ("Welcome to", "*** COPY ***", write_name(rng), digits(rng, 6))), align=align)
    sheet.line(("company", company_name(rng, country)), align=align, size=big, bold=chance(rng, 0.4))
    if chance(rng, 0.12):
        place = f"{pick(rng, COMMON)} {pick(rng, COMMON)} {pick(rng, ('Branch', 'Outlet', 'Store'))}"
        sheet.line(f"({place.title()})", align=align)
    lines = [registration(rng, country)] if chance(rng, 0.65) else []
    address = write_address(rng, country) if chance(rng, 0.9) else []
    contact: list[tuple[str | Part, ...]] = []
    if chance(rng, 0.75):
        label = pick(rng, ("Tel", "TEL", "Phone", "Tel No", "T", "Ph", "Telephone", "Contact"))
        contact.append((label + (shop.colon or " "), ("phone", write_phone(rng, country))))
    if contact and chance(rng, 0.25):
        fax = pick(rng, ("Fax", "FAX", "F")) + (shop.colon or " ") + write_phone(rng, country)
        contact = [(*contact[0], "  " + fax)] if chance(rng, 0.5) else [*contact, (fax,)]
    for line in [*lines, *address]:
        sheet.line(line, align=align)
    for pieces in contact:
        sheet.line(*pieces, align=align)
    if chance(rng, 0.15):
        word = pick(rng, COMMON)
        sheet.line(
            pick(rng, (f"www.{word}shop.com", f"{word}@{pick(rng, COMMON)}.com", f"{word}mart.com.my")),
            align=align,
        )
    if chance(rng, 0.3):
        sheet.line(registration(rng, country), align=align)
    if chance(rng, 0.6):
        sheet.blank()
        sheet.line(pick(rng, _TITLES), align="centre", size=pick(rng, (1.0, 1.2)), bold=chance(rng, 0.3))
        sheet.blank(0.4)


def _number(rng: Generator) -> str:
    series = pick(rng, ("CS", "INV", "R", "A", "TI", "BL", "OR", "POS", "CB")) + pick(rng, ("", "-", "/"))
    makers = (
        digits(rng, span(rng, 3, 8)),
        series + digits(rng, span(rng, 4, 8)),
        f"{digits(rng, 2)}-{digits(rng, 5)}",
        f"{digits(rng, 4)}/{digits(rng, 3)}/{digits(rng, 4)}",
        f"{pick(rng, 'ABCDVX')}{digits(rng, 3)}-{digits(rng, 6)}",
    )
    return pick(rng, makers)


def _date_parts(rng: Generator, shop: Shop) -> tuple[list[str | Part], list[str | Part]]:
    """The date (label and value) and the time that stands with it or on a row of its own."""
    label = pick(rng, _DATE_LABELS)
    if shop.country.code in _LOCAL_DATE and chance(rng, 0.25):
        label = _LOCAL_DATE[shop.country.code]
    if chance(rng, 0.08):
        label = "Date/Time"
    lead = (
        "" if chance(rng, 0.28) else label + pick(rng, (":", ": ", " : ", " ", " :", ". ", shop.colon or " "))
    )
    if chance(rng, 0.06):
        lead += DAYS[shop.day.weekday] + pick(rng, (" ", ", "))
    date: list[str | Part] = [lead, ("date", write_date(shop.form, shop.day))]
    time: list[str | Part] = [("time", write_time(rng))] if chance(rng, 0.75) else []
    return [p for p in date if p], time


def _date_row(rng: Generator, sheet: Sheet, shop: Shop) -> None:
    date, time = _date_parts(rng, shop)
    layout = weighted(rng, {"same": 0.42, "columns": 0.18, "two rows": 0.18, "aligned": 0.14, "first": 0.08})
    label = pick(rng, ("Time", "TIME", "Time", "Masa" if shop.country.code == "MY" else "Time")) + (
        shop.colon or ":"
    )
    if layout == "aligned" and len(date) == 2:
        value = [date[1], "  ", *time] if time and chance(rng, 0.6) else [date[1]]
        sheet.add(sheet.run(str(date[0])), sheet.run(*value, x=pick(rng, (0.3, 0.42))))
    elif not time:
        sheet.line(*date)
    elif layout == "same":
        between = pick(rng, (" ", "  ", " ", ", ", " - ", "   "))
        sheet.line(*date, between + (label + " " if chance(rng, 0.15) else ""), *time)
    elif layout == "columns":
        lead = [label + " "] if chance(rng, 0.5) else []
        sheet.add(sheet.run(*date), sheet.run(*lead, *time, x=1.0, align="right"))
    elif layout == "two rows":
        sheet.line(*date)
        sheet.line(label + " ", *time)
    else:
        sheet.line(*time, " ", *date)


def _meta(rng: Generator, sheet: Sheet, shop: Shop, *, dated: bool) -> None:
    """Receipt number, date, cashier and the like, in any order, in one or two columns."""
    colon = shop.colon or " "
    entries: list[tuple[str | Part, ...]] = []
    if chance(rng, 0.85):
        entries.append((pick(rng, _NUMBER_LABELS) + colon + " ", ("number", _number(rng))))
    if chance(rng, 0.55):
        name = (
            pick(rng, FIRST_NAMES)
            if chance(rng, 0.75)
            else f"{pick(rng, ('POS', 'C', 'USER', 'ADMIN'))}{digits(rng, 1)}"
        )
        entries.append((pick(rng, _CASHIER_LABELS) + colon + " ", ("cashier", name)))
    if chance(rng, 0.2):
        entries.append(
            (pick(rng, ("Table", "Table No", "Tbl", "TABLE")) + colon + " ", ("table", str(span(rng, 1, 60))))
        )
    machine = pick(rng, ("Terminal", "Counter", "Till", "Reg", "POS No", "Station"))
    customer = pick(rng, ("Member", "Member ID", "Cust", "Customer", "Card No"))
    who = pick(rng, (digits(rng, 8), "CASH", write_name(rng)))
    extras = (
        f"{machine}{colon} {span(rng, 1, 12)}",
        f"{pick(rng, ('Pax', 'Covers', 'Guests'))}{colon} {span(rng, 1, 9)}",
        f"{customer}{colon} {who}",
        pick(rng, ("Dine In", "Take Away", "Eat In", "To Go", "Cash Sales", "Walk-in")),
        f"Member Since{colon} {write_date(shop.form, make_day(rng, 2001, 2009))}",
    )
    for extra, probability in zip(extras, (0.3, 0.12, 0.18, 0.15, 0.015), strict=True):
        if chance(rng, probability):
            entries.append((extra,))
    entries = shuffled(rng, entries)
    at = span(rng, 0, len(entries)) if dated else -1
    paired = chance(rng, 0.2)
    aligned = chance(rng, 0.2)
    while entries or at == 0:
        if at == 0:
            _date_row(rng, sheet, shop)
            at = -1
        elif paired and len(entries) > 1 and at != 1:
            sheet.add(sheet.run(*entries.pop(0)), sheet.run(*entries.pop(0), x=1.0, align="right"))
            at -= 2
        else:
            pieces = entries.pop(0)
            if aligned and len(pieces) == 2:
                sheet.add(sheet.run(pieces[0]), sheet.run(pieces[1], x=0.42))
            else:
                sheet.line(*pieces)
            at -= 1


_ITEM_LAYOUTS = {"plain": 0.16, "lead": 0.16, "two": 0.28, "code": 0.2, "columns": 0.1}


def _items(rng: Generator, sheet: Sheet, shop: Shop, layout: str) -> dict[str, str]:
    """The goods, with or without a head row. Gives field -> the item's name."""
    head = {
        "plain": (("Item", 0.0), ("Amount", 1.0)),
        "lead": (("Qty Item", 0.0), ("Amt", 1.0)),
        "two": (("Description", 0.0), ("Amount", 1.0)),
        "code": (("Code/Desc", 0.0), ("Price", 0.7), ("Amount", 1.0)),
        "columns": (("Item", 0.0), ("Qty", 0.55), ("Price", 0.78), ("Amount", 1.0)),
        "below": (("Qty", 0.0), ("U.Price", 0.6), ("Total", 1.0)),
    }[layout]
    if chance(rng, 0.5):
        unit = f"({shop.money.currency.strip()})" if shop.money.currency and chance(rng, 0.5) else ""
        sheet.add(
            *(sheet.run(t + (unit if x == 1.0 else ""), x=x, align="right" if x else "left") for t, x in head)
        )
        if chance(rng, 0.6):
            sheet.rule()
    tail = shop.money.tail
    labels: dict[str, str] = {}
    for index, item in enumerate(shop.bill.items):
        field = f"item{index}"
        labels[field] = item.name
        _item_rows(rng, sheet, shop, item, layout, field, tail)
    return labels


def _item_rows(
    rng: Generator, sheet: Sheet, shop: Shop, item: Item, layout: str, field: str, tail: str
) -> None:
    money, cross = shop.money, pick(rng, (" x ", " X ", " @ ", "x", " * ", "@"))
    name: Part = (field + ".name", item.name)
    with_currency = money.currency and money.before and chance(rng, 0.1)
    amount = sheet.run(
        money.currency if with_currency else "",
        (field, money.number(item.amount)),
        tail,
        x=1.0,
        align="right",
    )
    price = money.number(item.price)
    unit = pick(rng, ("", "", " PC", " PCS", " EA", " UNIT"))
    single = item.quantity == "1"
    if layout == "plain":
        quantity = "" if single else f" x{item.quantity}"
        sheet.add(sheet.run(name, quantity), amount)
    elif layout == "lead":
        sheet.add(sheet.run(item.quantity + pick(rng, (" ", "x ", " x ")), name), amount)
    elif layout == "two":
        sheet.line(name)
        sheet.add(sheet.run(f"{item.quantity}{unit}{cross}{price}", x=pick(rng, (0.0, 0.05, 0.1))), amount)
    elif layout == "code":
        sheet.line(digits(rng, pick(rng, (4, 6, 8, 13)), "123456789") + " ", name)
        sheet.add(sheet.run(item.quantity + unit, x=0.1), sheet.run(price, x=0.7, align="right"), amount)
    elif layout == "columns":
        sheet.add(
            sheet.run(name),
            sheet.run(item.quantity, x=0.55, align="right"),
            sheet.run(price, x=0.78, align="right"),
            amount,
        )
    else:
        sheet.add(sheet.run(item.quantity), sheet.run(price, x=0.6, align="right"), amount)
        sheet.line(name)
    if item.discount:
        sheet.add(
            sheet.run(pick(rng, ("Disc", "Discount", "Less 10%")), x=0.1),
            sheet.run(money.number(-item.discount), x=0.7, align="right"),
        )


def _footer(rng: Generator, sheet: Sheet, shop: Shop) -> None:
    for _ in range(min(int(rng.exponential(3.0)), 8)):
        sheet.line(pick(rng, _FOOTERS), align=shop.align)
    draw = rng.random()
    if draw < 0.05:
        later = Day(year=shop.day.year + 1, month=shop.day.month, day=min(shop.day.day, 28))
        sheet.line(
            pick(rng, ("Valid until ", "Expiry Date: ", "Voucher expires ", "Exchange before "))
            + write_date(shop.form, later)
        )
    elif draw < 0.1:
        sheet.line(
            pick(rng, ("Printed: ", "Printed on ", "Print Date: ", ""))
            + write_date("d/m/Y", shop.day)
            + " "
            + write_time(rng)
        )
    elif draw < 0.13:
        sheet.line(f"#{digits(rng, 10)}", align="centre")
