"""The block of totals on a receipt: the amount to pay among the sums that look like it."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

from sightline.train.worlds.dice import chance, digits, pick, span, weighted
from sightline.train.worlds.locales import Country, Money
from sightline.train.worlds.pages import Bill, Part, Sheet

TOTAL = {
    "Total": 10,
    "TOTAL": 8,
    "Grand Total": 4,
    "Total Amount": 3,
    "Amount Due": 2,
    "Net Total": 2,
    "Nett Total": 1,
    "Balance Due": 1,
    "Total Due": 1,
    "Total Payable": 1,
    "Amount Payable": 0.7,
    "Total To Pay": 0.7,
    "Net Amount": 0.7,
    "Bill Total": 0.7,
    "Total Sales": 1,
    "Total Sale": 0.7,
    "Total Amt": 1,
    "Total Payment": 0.5,
    "Total Bill": 0.5,
    "Invoice Total": 0.4,
    "Net Payable": 0.4,
    "To Pay": 0.5,
    "TTL": 0.3,
    "Sum Total": 0.2,
    "Amount": 0.3,
}
TOTAL_INCLUSIVE = {
    "Total Sales (Inclusive of {t})": 3,
    "Total (Incl. {t})": 3,
    "Total Incl {t}": 2,
    "Total Inc. Tax": 1,
    "Total Inclusive {t}": 1,
    "Total Amount Incl. {t}": 2,
    "Total Sales (Incl {t})": 2,
    "Total Amt Incl. {t} @ {r}%": 2,
    "Total Incl. of {t}": 1,
    "Total {t} Incl.": 1,
    "Total With {t}": 0.5,
    "Total ({t} Included)": 0.7,
}
TOTAL_ROUNDED = {
    "Rounded Total": 3,
    "Rounded Total (RM)": 1,
    "Total Rounded": 2,
    "Total After Rounding": 1,
    "Total Amt Rounded": 1,
    "Final Total": 0.7,
    "Total Payable": 1,
    "Net Total": 2,
    "Amount Due": 1,
    "Grand Total": 2,
    "Total After Rounding Adj": 0.6,
    "Nett Amount": 0.5,
    "Total": 2,
}
_LOCAL_TOTAL = {
    "MY": ("Jumlah", "Jumlah Besar", "Jumlah Bayaran"),
    "DE": ("Summe", "SUMME", "Gesamt", "Gesamtbetrag", "zu zahlen", "Total"),
    "ID": ("Total", "Total Bayar", "Total Belanja", "Jumlah"),
}
_SUBTOTAL = ("Subtotal", "Sub Total", "Sub-Total", "SubTotal", "Sub-total", "SUB TOTAL", "Sub Ttl", "S/Total")
_NET = (
    "Total Excl. {t}",
    "Total Excluding {t}",
    "Total Sales (Excluding {t})",
    "Total Before {t}",
    "Amount Excl {t}",
    "Taxable Amount",
    "Total (Excl. {t})",
    "Total Excl Tax",
)
_ROUNDING = (
    "Rounding",
    "Rounding Adj",
    "Rounding Adjustment",
    "Round",
    "Rounding Adj.",
    "Rnd Adj",
    "Bill Rounding",
    "Rounding(Adj)",
)
_CASH = (
    "Cash",
    "CASH",
    "Cash Tendered",
    "Tendered",
    "Cash Paid",
    "Paid",
    "Amount Tendered",
    "Payment",
    "Cash Received",
    "Received",
    "Pay Amount",
)
_CHANGE = ("Change", "CHANGE", "Change Due", "Balance", "Cash Change", "Change Given")
_CARD = (
    "VISA",
    "MasterCard",
    "Credit Card",
    "Debit Card",
    "Card",
    "NETS",
    "Touch n Go",
    "E-Wallet",
    "EFTPOS",
    "AMEX",
    "Bank Card",
)
_LOCAL_CASH = {"MY": ("Tunai", "Baki"), "DE": ("Bar", "Rückgeld"), "ID": ("Tunai", "Kembali")}


class _Block:
    """Writes label and amount rows of one receipt in one manner."""

    def __init__(self, rng: Generator, sheet: Sheet, country: Country, money: Money) -> None:
        self.rng, self.sheet, self.country, self.money = rng, sheet, country, money
        self.colon = pick(rng, ("", "", ":", " :", ": "))
        self.unit = weighted(rng, {"none": 0.5, "amount": 0.3, "label": 0.2}) if money.currency else "none"
        self.label_x = pick(rng, (0.0, 0.0, 0.0, 0.25, 0.4))
        self.glued = chance(rng, 0.12)
        self.tax_name = pick(rng, country.tax_names)
        self.short_tax = "Tax" if "tax" in self.tax_name.lower() else self.tax_name.split()[0]

    def row(self, label: str, field: str, minor: int, *, size: float = 1.0, bold: bool = False) -> None:
        """`label` and the amount, at the two sides or in one run."""
        currency, sheet = self.money.currency, self.sheet
        pieces: list[str | Part] = [(field, self.money.number(minor))]
        if self.unit == "amount":
            pieces = [currency, *pieces] if self.money.before else [*pieces, " " + currency.strip()]
        name = label
        if self.unit == "label" and "RM" not in label:
            name += pick(self.rng, (f" ({currency.strip()})", f" {currency.strip()}"))
        name += self.colon
        if self.glued:
            sheet.line(name + ("" if name.endswith(" ") else " "), *pieces, size=size, bold=bold)
            return
        x = self.label_x if len(label) < 22 else 0.0
        sheet.add(sheet.run(name, x=x), sheet.run(*pieces, x=1.0, align="right"), size=size, bold=bold)

    def plain(self, label: str, value: str) -> None:
        """A label and a count."""
        if chance(self.rng, 0.5):
            self.sheet.line(f"{label}{self.colon} {value}")
        else:
            self.sheet.add(self.sheet.run(label + self.colon), self.sheet.run(value, x=1.0, align="right"))

    def named(self, template: str, rate: float) -> str:
        """A label with the tax's name and rate filled in."""
        return template.format(t=self.short_tax, r=f"{rate:g}")


def write_totals(rng: Generator, sheet: Sheet, country: Country, money: Money, bill: Bill) -> None:
    """Subtotal to change, with counts, tax and rounding around the amount to pay (the field `total`)."""
    block = _Block(rng, sheet, country, money)
    base = bill.total - bill.rounding - (0 if bill.inclusive else bill.tax)
    rate = round(100 * bill.tax / max(base - (bill.tax if bill.inclusive else 0), 1), 1)
    rate = min(country.tax_rates, key=lambda r: abs(r - rate))
    _counts(rng, block, bill, 0.25)
    _before(rng, block, bill, rate)
    split = bill.rounding != 0 or (country.step == 5 and chance(rng, 0.35))
    _final(rng, block, bill, rate, split=split)
    _counts(rng, block, bill, 0.12)
    _payment(rng, block, bill)
    if bill.tax and chance(rng, 0.35):
        _tax_summary(rng, block, bill, rate)


def _counts(rng: Generator, block: _Block, bill: Bill, probability: float) -> None:
    if not chance(rng, probability):
        return
    pieces = sum(int(item.quantity) if item.quantity.isdigit() else 1 for item in bill.items)
    label = pick(
        rng,
        (
            "Total Qty",
            "Total Item(s)",
            "Total Items",
            "No. of Items",
            "Item Count",
            "Total Quantity",
            "Items",
            "Qty",
            "Total Item",
        ),
    )
    block.plain(label, str(pieces))


def _before(rng: Generator, block: _Block, bill: Bill, rate: float) -> None:
    """The rows above the amount to pay: subtotal, discount, service, net, tax."""
    extra = bool(bill.discount or bill.service or (bill.tax and not bill.inclusive))
    if chance(rng, 0.85 if extra else 0.3):
        block.row(pick(rng, _SUBTOTAL), "subtotal", bill.subtotal)
    if bill.discount:
        label = pick(
            rng, ("Discount", "Total Discount", "Less Discount", "Member Disc", "You Saved", "Total Savings")
        )
        block.row(label, "discount", -bill.discount if chance(rng, 0.7) else bill.discount)
    elif chance(rng, 0.06):
        block.row(pick(rng, ("Discount", "Total Discount", "Disc")), "", 0)
    if bill.service:
        block.row(
            pick(rng, ("Service Charge", "Service Charge 10%", "Svc Chg 10%", "SVC", "Serv. Charge @10%")),
            "service",
            bill.service,
        )
    if not bill.tax:
        return
    if not bill.inclusive or chance(rng, 0.35):
        net = bill.total - bill.rounding - bill.tax
        if chance(rng, 0.35):
            block.row(block.named(pick(rng, _NET), rate), "net", net)
        name = block.tax_name
        label = pick(
            rng,
            (
                name,
                f"{name} {rate:g}%",
                f"{name} @ {rate:g}%",
                f"{name} ({rate:g}%)",
                f"Total {name}",
                f"Add {name}",
                "Total Tax",
            ),
        )
        block.row(label, "tax", bill.tax)


def _final(rng: Generator, block: _Block, bill: Bill, rate: float, *, split: bool) -> None:
    """The amount to pay; where `split`, with the rounding before it or between two totals."""
    big, bold = pick(rng, (1.0, 1.0, 1.0, 1.3, 1.6)), chance(rng, 0.35)
    rounding = pick(rng, _ROUNDING)
    labels: dict[str, float] = TOTAL_INCLUSIVE if bill.tax and chance(rng, 0.3) else TOTAL
    label = block.named(weighted(rng, labels), rate)
    local = _LOCAL_TOTAL.get(block.country.code)
    if local and chance(rng, 0.4 if block.country.code != "MY" else 0.05):
        label = pick(rng, local)
    if not split:
        _total_row(rng, block, label, bill, big, bold)
    elif chance(rng, 0.5):
        block.row(rounding, "rounding", bill.rounding)
        _total_row(rng, block, label, bill, big, bold)
    else:
        # Where the rounding is zero, both totals are the same amount, and both are the field.
        block.row(label, "total" if bill.rounding == 0 else "", bill.total - bill.rounding)
        block.row(rounding, "rounding", bill.rounding)
        last = weighted(rng, TOTAL_ROUNDED)
        last = last if last != label else "Rounded Total"
        _total_row(rng, block, last, bill, big, bold)
    if chance(rng, 0.06):
        block.row(pick(rng, ("Total", "Amount", "Total Paid", "Sale Total")), "total", bill.total)


def _total_row(rng: Generator, block: _Block, label: str, bill: Bill, size: float, bold: bool) -> None:
    style = weighted(rng, {"row": 0.88, "two rows": 0.05, "counted": 0.07})
    if style == "row":
        block.row(label, "total", bill.total, size=size, bold=bold)
        return
    currency = block.money.currency if block.unit != "none" and block.money.before else ""
    value = block.sheet.run(currency, ("total", block.money.number(bill.total)), x=1.0, align="right")
    if style == "two rows":
        block.sheet.line(label + block.colon, size=size, bold=bold)
        block.sheet.add(value, size=size, bold=bold)
    else:
        count = block.sheet.run(str(len(bill.items)), x=0.6, align="right")
        block.sheet.add(block.sheet.run(label), count, value, bold=bold)


def _payment(rng: Generator, block: _Block, bill: Bill) -> None:
    if chance(rng, 0.12):
        return
    local = _LOCAL_CASH.get(block.country.code)
    if local and not chance(rng, 0.6 if block.country.code == "DE" else 0.15):
        local = None
    if bill.change == 0 and chance(rng, 0.6):
        block.row(pick(rng, _CARD), "card", bill.paid)
        if chance(rng, 0.4):
            block.plain("Card No", "*" * 8 + digits(rng, 4))
        if chance(rng, 0.3):
            block.plain(pick(rng, ("Approval Code", "Auth Code", "Trace No")), digits(rng, 6))
        return
    block.row(local[0] if local else pick(rng, _CASH), "cash", bill.paid)
    if chance(rng, 0.9):
        block.row(local[1] if local else pick(rng, _CHANGE), "change", bill.change)


def _columns(sheet: Sheet, texts: Sequence[str | Part]) -> None:
    places = (0.0, 0.65, 1.0)
    sheet.add(
        *(sheet.run(t, x=x, align="right" if x else "left") for t, x in zip(texts, places, strict=True))
    )


def _tax_summary(rng: Generator, block: _Block, bill: Bill, rate: float) -> None:
    """The table of tax codes below the payment; it has a total row of its own."""
    sheet, number = block.sheet, block.money.number
    net = bill.total - bill.rounding - bill.tax
    name = block.short_tax
    sheet.blank(0.5)
    sheet.line(
        pick(rng, (f"{name} Summary", f"{name} SUMMARY", "Tax Summary", f"{name} Analysis")),
        align="centre" if chance(rng, 0.3) else "left",
    )
    _columns(
        sheet,
        (
            pick(rng, ("Tax Code", "Code", f"{name} Code", "Rate")),
            pick(rng, ("Amount", "Amt", "Net", "Amount(RM)")),
            pick(rng, ("Tax", name, "Tax(RM)")),
        ),
    )
    code = pick(
        rng, (f"SR {rate:g}%", f"SR @ {rate:g}%", f"S={rate:g}%", "SR", "S", f"{rate:g}%", f"A {rate:g}%")
    )
    _columns(sheet, (code, number(net), ("tax", number(bill.tax))))
    if chance(rng, 0.4):
        _columns(sheet, (pick(rng, ("ZR 0%", "Z = 0%", "ZRL", "ZR")), number(0), number(0)))
    if chance(rng, 0.45):
        _columns(sheet, (pick(rng, ("Total", "TOTAL", "Total:")), number(net), number(bill.tax)))
    if chance(rng, 0.05 * span(rng, 0, 2)):
        sheet.line(f"{name} included in total")
