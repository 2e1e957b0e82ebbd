"""What labels mean, in nine languages, as printed and as a reader misreads them."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from sightline.tools.document_words import amount_label, column_of, kinds_of, plain

LANGUAGES = {"en", "de", "fr", "es", "it", "nl", "pt", "ms", "id"}


def test_every_kind_is_named_in_the_languages() -> None:
    tables = tomllib.loads(
        files("sightline.tools").joinpath("document_words.toml").read_text(encoding="utf-8")
    )
    for kind in ("date", "due date", "time", "phone", "address", "bill to", "cashier", "payment method"):
        assert tables["labels"][kind].keys() >= LANGUAGES - {"id"}, kind
    assert tables["numbered"]["invoice number"].keys() >= LANGUAGES


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        (
            "total",
            "Total|TOTAL AMOUNT|Grand Total|Total incl. 6% GST|TotalIncl.GST@6%|Amount Due|Gesamtbetrag|"
            "zu zahlen|Total TTC|Net à payer|Importe total|Totale|Te betalen|Valor a pagar|Jumlah besar|"
            "Total Bayar|Tota1|TOTAI|Rounded Total (RM)|Total Rounded|To Pay|Nett Total",
        ),
        (
            "subtotal",
            "Subtotal|SUB-TOTAL|S/Total|Sub Ttl|Zwischensumme|Sous-total|Subtotale|Subtotaal|10SubTotal",
        ),
        ("net", "Total excl. VAT|Total HT|Total before tax|Base imponible|Imponibile|Taxable Amount"),
        ("tax", "Tax|GST 6%|Total GST|VAT @ 20 %|MwSt. 19 %|TVA 5,5 %|IVA|Btw|Pajak|GST included in total"),
        ("quantity", "Total Qty|TOTAL ITEMS|No. of Items|Anzahl|Item(s)"),
        ("discount", "Total Savings|Discount|Rabatt|Remise|You saved|Less 10%"),
        ("rounding", "Rounding|Rounding Adj.|Rundung|Arrondi|Pembundaran"),
        ("cash", "Cash|Cash Tendered|Bar|Gegeben|Espèces|Efectivo|Contanti|Contant|Dinheiro|Tunai"),
        ("change", "Change|Change Due|Rückgeld|Rendu|Vuelto|Resto|Wisselgeld|Troco|Baki|Kembali"),
        ("card", "VISA|Credit Card|Karte|E-Wallet"),
        ("points", "Total Points"),
    ],
)
def test_labels_of_amounts(kind: str, labels: str) -> None:
    for text in labels.split("|"):
        label = amount_label(text)
        assert label is not None, text
        assert label.kind == kind, text


@pytest.mark.parametrize(
    "text", ["Coffee", "Chocolate Bar", "Car wash", "Taxi", "Stems", "Rice 25kg", "Dim sum", ""]
)
def test_goods_are_no_labels(text: str) -> None:
    assert amount_label(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Receipt #", "invoice number"),
        ("Rechnung Nr.", "invoice number"),
        ("Facture n°", "invoice number"),
        ("Invoiee No", "invoice number"),
        ("P.O. No", "order number"),
        ("Tel.", "phone"),
        ("DATE/TIME", "date"),
        ("Fällig am", "due date"),
        ("Échéance", "due date"),
        ("Tarikh", "date"),
        ("Bill To:", "bill to"),
        ("Surname", ""),
        ("Nachname", ""),
    ],
)
def test_other_labels(text: str, kind: str) -> None:
    assert kind in kinds_of(text)


def test_how_strongly_a_label_says_what_to_pay() -> None:
    def strength(text: str) -> float:
        label = amount_label(text)
        return label.strength if label else 0.0

    assert strength("Grand total") > strength("Total") > strength("Total Bazaar") > strength("Amount")
    assert strength("Total 6 %") < strength("Total")


def test_heads_of_columns() -> None:
    assert [
        column_of(t) for t in ("Qty", "U/Price", "Amt(RM)", "Menge", "Désignation", "Importe", "Tea")
    ] == [
        "quantity",
        "price",
        "amount",
        "quantity",
        "name",
        "amount",
        "",
    ]


def test_labels_are_compared_as_their_letters() -> None:
    assert plain("Rechnungs-Nr. #7") == "rechnungs no no"
    assert plain("T0TAL (6%)") == "total"
