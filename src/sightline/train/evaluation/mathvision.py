r"""MATH-Vision: the final answer out of a worked solution; Wang et al. 2024, arXiv 2402.14804, `evaluate.py`.

What a reply says last in `\boxed{}`, or after "the answer is", is compared with the gold answer: as text, or
as numbers that agree when both are rounded to two places. The official script compares any LaTeX by sympy;
here are the forms that its answers have: integers, decimals, fractions, roots and products of those.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from sightline.train.evaluation.scores import Scores, accuracy

_BOX = "oxed{"  # as in \boxed{ and \fboxed{
_FLAGS = ("the final answer is", "the answer is", "the correct answer is", "the answer should be")
_NOISE = (
    *(" ", "\n", r"\,", r"\text", r"\mbox", r"\left", r"\right", r"^{\circ}", r"^\circ"),
    *("{m}^3", "m^3", "{units}", "units", "{km}", "km", r"\!", r"\$", "$", r"\%"),
)
_ATOM = re.compile(
    r"(?P<number>\d+\.?\d*|\.\d+)"
    r"|\\d?t?frac\{?(?P<top>\d+)\}?\{?(?P<bottom>\d+)\}?"
    r"|\\sqrt\{?(?P<root>\d+)\}?"
    r"|(?P<pi>\\pi)"
)


def extract(reply: str) -> str:
    """The final answer of a reply, in lower case without LaTeX spacing and units; the whole at worst."""
    said = _letter(reply.strip())
    last = said.split("is ")[-1].rstrip(".")
    if _is_number(last):
        said = last
    if _BOX not in said:
        for flag in _FLAGS:
            for form in (flag, flag.replace("the", "The")):
                said = _after(said, form)
    elif said.count(_BOX) > 1:
        said = "\\b" + _BOX + said.split(_BOX)[-1]
    bare = _plain(_unboxed(said.lower().replace("{}", "")))
    for letter in "abcde":
        bare = bare.replace(f"({letter})", letter).replace(f"{{{letter}}}", letter)
    return bare.rstrip(".").lstrip(":").strip()


def _letter(said: str) -> str:
    """The option that the reply is opened or closed with, or the reply."""
    for c in "ABCDE":
        if said.endswith((f" {c}.", f" ({c}).")) or said.startswith((f"{c}\n", f"({c})\n", f"({c}) {c}\n")):
            return c
    return said


def _after(said: str, flag: str) -> str:
    """The rest of the sentence after the last `flag`, or all of it where there is none."""
    if flag not in said:
        return said.strip()
    return said.split(flag)[-1].strip().split("\n")[0].split(". ")[0]


def _unboxed(said: str) -> str:
    found = re.findall(r"oxed\{(.*)\}", said, re.DOTALL)
    inside = found[-1] if found else said
    opening, closing = inside.find("{"), inside.find("}")
    return inside[:closing] if closing >= 0 and (opening < 0 or closing < opening) else inside


def _plain(said: str) -> str:
    """What stands after the last `=` or approximation, without what does not change a value."""
    said = said.split("=")[-1].split("\\approx")[-1].replace("∞", "\\infty").replace("\\\\", "\\")
    for noise in _NOISE:
        said = said.replace(noise, "")
    said = re.sub(r"^\.(?=.)", "0.", said.replace("\\\\", "\\"))
    if said == "0.5":
        return r"\frac{1}{2}"
    return re.sub(r"^(-?[1-9]\d*|0)/(-?[1-9]\d*)$", r"\\frac{\1}{\2}", said)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def value(text: str) -> float | None:
    r"""The number that a text such as `-2.5`, `\frac{1}{2}` or `3\sqrt{2}` is, or None."""
    sign, rest, product = 1.0, text.strip(), 1.0
    if rest[:1] in ("-", "+"):
        sign, rest = (-1.0 if rest[0] == "-" else 1.0), rest[1:]
    if not rest:
        return None
    while rest:
        atom = _ATOM.match(rest)
        if atom is None:
            return None
        product *= _atom(atom)
        rest = rest[atom.end() :].removeprefix(r"\times").removeprefix(r"\cdot")
    return sign * product if math.isfinite(product) else None


def _atom(atom: re.Match[str]) -> float:
    if atom["pi"]:
        return math.pi
    if atom["root"]:
        return math.sqrt(int(atom["root"]))
    if atom["top"]:
        return int(atom["top"]) / int(atom["bottom"]) if int(atom["bottom"]) else math.inf
    return float(atom["number"])


def equal(answer: str, gold: str) -> bool:
    """Whether two answers are the same text, case aside, or the same number to two places."""
    a, b = answer.strip().lower(), gold.strip().lower()
    if not a or not b:
        return False
    if a == b:
        return True
    x, y = value(a), value(b)
    return x is not None and y is not None and round(x, 2) == round(y, 2)


def mathvision(
    replies: Sequence[str | None], golds: Sequence[str], *, choices: Sequence[Sequence[str]] = ()
) -> Scores:
    """Accuracy in percent.

    Args:
        replies: worked solutions; None where there is none, which is wrong.
        golds: the answers: a value, or the letter of an option.
        choices: the options of each question, if it has any: then an option's own value counts as well.
    """
    options = choices or [()] * len(golds)
    credits = []
    for reply, gold, of in zip(replies, golds, options, strict=True):
        wanted = [gold, *([of["ABCDE".index(gold)]] if of and gold in "ABCDE"[: len(of)] else [])]
        said = None if reply is None else extract(reply)
        credits.append(float(said is not None and any(equal(said, w) for w in wanted)))
    return accuracy(credits)
