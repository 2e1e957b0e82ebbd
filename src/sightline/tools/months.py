"""Names of months, whole and cut short, in en, de, fr, es, it, nl, pt, ms, id, sv, da, no and pl."""

from __future__ import annotations

import unicodedata

_NAMES = (
    "january januar janvier enero gennaio januari janeiro jan janv ene genn gen styczen stycznia sty",
    "february februar fevrier febrero febbraio februari fevereiro feb febr fevr fev feber pebruari "
    "luty lutego lut",
    "march marz maerz mars marzo maart marco mac maret mar mrt mrz marts marzec marca",
    "april avril abril aprile apr avr abr kwiecien kwietnia kwi",
    "may mai mayo maggio mei maio mag maj maja",
    "june juni juin junio giugno junho jun giu czerwiec czerwca cze",
    "july juli juillet julio luglio julho julai jul juil lug lipiec lipca lip",
    "august aout agosto augustus ogos agustus aug ago agu agt augusti sierpien sierpnia sie",
    "september septembre septiembre setiembre settembre setembro sep sept set wrzesien wrzesnia wrz",
    "october oktober octobre octubre ottobre outubro oct okt ott out pazdziernik pazdziernika paz",
    "november novembre noviembre novembro nov listopad listopada lis",
    "december dezember decembre diciembre dicembre dezembro disember desember dec dez dic dis des "
    "grudzien grudnia gru",
)
_NUMBERS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}


def month_of(word: str) -> int | None:
    """The number of the month that a word names, 1 to 12; case, accents and a full stop aside."""
    folded = unicodedata.normalize("NFKD", word.casefold().rstrip("."))
    return _NUMBERS.get("".join(c for c in folded if not unicodedata.combining(c)))
