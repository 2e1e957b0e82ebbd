"""What was bought and what it costs: goods, tax, rounding, payment, in whole minor units."""

from __future__ import annotations

from numpy.random import Generator

from sightline.train.worlds.dice import chance, digits, pick, span, weighted
from sightline.train.worlds.lexicon import COMMON, COMPANY_WORDS, LAST_NAMES, PRODUCTS, SUFFIXES, TRADES
from sightline.train.worlds.locales import Country
from sightline.train.worlds.pages import Bill, Item

_PACKS = (
    "500G",
    "1KG",
    "250ML",
    "1L",
    "1.5L",
    "330ML",
    "12S",
    "X6",
    "(L)",
    "(S)",
    "100G",
    "2KG",
    "5KG",
    "60ML",
    "A4",
    '1/2"',
)


def company_name(rng: Generator, country: Country) -> str:
    """A shop's or company's invented name, with or without its legal form."""
    trade = pick(rng, TRADES[pick(rng, tuple(TRADES))])
    stem = weighted(rng, {"one": 0.35, "two": 0.35, "family": 0.2, "short": 0.1})
    if stem == "one":
        name = pick(rng, COMPANY_WORDS)
    elif stem == "two":
        name = f"{pick(rng, COMPANY_WORDS)} {pick(rng, COMPANY_WORDS)}"
    elif stem == "family":
        name = pick(rng, LAST_NAMES) + pick(rng, ("", "'s", " & " + pick(rng, LAST_NAMES), " Brothers"))
    else:
        name = "".join(pick(rng, "ABCDEFGHJKLMNPRSTVWXYZ") for _ in range(span(rng, 2, 3)))
    suffix = pick(rng, SUFFIXES[country.code])
    core = f"{name} {trade}" if chance(rng, 0.85) else f"{name} {pick(rng, COMMON).title()}"
    if suffix in ("PT", "CV", "Toko"):
        return f"{suffix} {core}"
    return f"{core} {suffix}".strip()


def registration(rng: Generator, country: Country) -> str:
    """A registration or tax id line, such as `(123456-X)` or `GST ID : 001234567890`."""
    number = digits(rng, span(rng, 6, 7), "123456789")
    letter = pick(rng, "ABDHKMPTUVWX")
    tax = digits(rng, 12, "0")
    lines = {
        "MY": (
            f"({number}-{letter})",
            f"Co. Reg. No: {number}-{letter}",
            f"Company No: {number}-{letter}",
            f"Reg No. {number}{letter}",
            f"GST ID : {tax}",
            f"GST Reg No: {tax}",
            f"GST No : {tax}",
            f"(GST ID No : {tax})",
            f"SST ID: W10-{digits(rng, 4)}-{digits(rng, 8)}",
        ),
        "SG": (
            f"UEN: 20{digits(rng, 7)}{letter}",
            f"GST Reg No: 20{digits(rng, 7)}{letter}",
            f"Co Reg No 19{digits(rng, 7)}{letter}",
        ),
        "UK": (
            f"VAT No: GB {digits(rng, 3)} {digits(rng, 4)} {digits(rng, 2)}",
            f"VAT Reg. {digits(rng, 9)}",
        ),
        "US": (f"Store #{digits(rng, 4)}", f"Tax ID {digits(rng, 2)}-{digits(rng, 7)}"),
        "DE": (
            f"USt-IdNr. DE{digits(rng, 9)}",
            f"St.-Nr. {digits(rng, 2)}/{digits(rng, 3)}/{digits(rng, 5)}",
        ),
        "IN": (
            f"GSTIN: {digits(rng, 2)}ABCDE{digits(rng, 4)}F1Z{digits(rng, 1)}",
            f"GSTIN {digits(rng, 2)}AAACB{digits(rng, 4)}K1Z5",
        ),
        "ID": (f"NPWP {digits(rng, 2)}.{digits(rng, 3)}.{digits(rng, 3)}.{digits(rng, 1)}-{digits(rng, 3)}",),
        "AU": (f"ABN {digits(rng, 2)} {digits(rng, 3)} {digits(rng, 3)} {digits(rng, 3)}",),
    }
    return pick(rng, lines[country.code])


def _item(rng: Generator, country: Country, scale: float) -> Item:
    name = pick(rng, PRODUCTS)
    if chance(rng, 0.15):
        name = f"{pick(rng, COMPANY_WORDS)} {name}"
    if chance(rng, 0.25):
        name = f"{name} {pick(rng, _PACKS)}"
    price = country.cheap * scale * float(rng.lognormal(1.0, 0.9))
    grain = (
        pick(rng, (1, 5, 10, 10, 50))
        if country.decimals and country.code != "IN"
        else pick(rng, (100, 500, 500, 1000))
    )
    unit = max(round(price / grain), 1) * grain - (1 if grain == 10 and chance(rng, 0.3) else 0)
    quantity = weighted(rng, {1: 0.66, 2: 0.18, 3: 0.07, 4: 0.03, 5: 0.02, 6: 0.02, 10: 0.02})
    discount = round(unit * 0.1) if chance(rng, 0.03) and unit >= 100 else 0
    title = name if chance(rng, 0.3) else name.title()
    return Item(
        name=title, quantity=str(quantity), price=unit, amount=unit * quantity - discount, discount=discount
    )


def _fuel(rng: Generator, country: Country) -> Item:
    price = span(rng, 130, 260) if country.decimals else span(rng, 7, 15) * 1000
    litres = span(rng, 4_000, 60_000)
    name = pick(
        rng, ("RON95", "RON97", "Diesel", "Unleaded 95", "Super E10", "Premium 98", "Regular", "V-Diesel")
    )
    return Item(name=name, quantity=f"{litres / 1000:.3f}", price=price, amount=round(litres * price / 1000))


def make_bill(rng: Generator, country: Country, most: int) -> Bill:
    """One to `most` goods, then discount, service, tax, rounding and payment."""
    scale = float(rng.choice((1, 1, 1, 4, 15)))
    items: list[Item] = [_fuel(rng, country)] if chance(rng, 0.04) else []
    if not items:
        count = min(span(rng, 8, 25) if chance(rng, 0.3) else 1 + int(rng.exponential(4.8)), most)
        while len(items) < count:
            item = _item(rng, country, scale)
            if all(item.name.lower() != other.name.lower() for other in items):
                items.append(item)
    subtotal = sum(item.amount for item in items)
    discount = round(subtotal * pick(rng, (0.05, 0.1, 0.2))) if chance(rng, 0.08) else 0
    service = round((subtotal - discount) * 0.1) if chance(rng, country.service) else 0
    base = subtotal - discount + service
    rate, inclusive, tax = pick(rng, country.tax_rates), chance(rng, country.inclusive), 0
    if chance(rng, 0.7):
        tax = round(base * rate / (100 + rate)) if inclusive else round(base * rate / 100)
    due = base if inclusive else base + tax
    rounds = country.step > 1 and chance(rng, 0.7)
    total = (due + country.step // 2) // country.step * country.step if rounds else due
    paid = _paid(rng, country, total)
    return Bill(
        items=tuple(items),
        subtotal=subtotal,
        discount=discount,
        service=service,
        tax=tax,
        inclusive=inclusive,
        rounding=total - due,
        total=total,
        paid=paid,
        change=paid - total,
    )


def _paid(rng: Generator, country: Country, total: int) -> int:
    """What is handed over: the exact amount, or the next round one."""
    if chance(rng, 0.35):
        return total
    unit = 10**country.decimals if country.decimals else 1000
    steps = [unit * s for s in (1, 5, 10, 20, 50, 100) if country.code != "IN" or s > 5]
    step = pick(rng, steps)
    return -(-total // step) * step
