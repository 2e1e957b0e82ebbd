"""What the agent says to small inputs that fail, beside what is right: a table of several planners.

    python examples/cases_table.py CASES [H01-questions D02-missing ...] --planner old --planner FOLDER

CASES holds a folder a case, with pictures and an `expect.txt`: a line `sightline ask PICTURE "QUESTION"`,
then one that begins with `right:`. What is no such pair is left out. An answer is right where it is one of
the forms that stand there, `A or B`; what stands in brackets is a note. A number also matches with a
currency or a unit.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from packs import markdown
from planner_table import OLD, Bench, voice
from scoring import normalise
from sightline import Agent, Answer
from sightline.errors import SightlineError

CUT = re.compile(r"\.\.\. \(\d+ characters of preamble\) \.\.\.")
PREAMBLE = (
    "I am preparing a report for my class and I need to be careful with every number that I write down. "
)
"""What stands in the place of a preamble that a case leaves out; it is repeated."""


@dataclass(frozen=True)
class Case:
    """One question of a case, and what is right."""

    name: str
    picture: Path
    question: str
    right: str


def cases(folder: Path, names: Sequence[str]) -> Iterator[Case]:
    """The questions of some cases, or of all."""
    for place in sorted(p for p in folder.iterdir() if p.is_dir() and (not names or p.name in names)):
        lines = (place / "expect.txt").read_text(encoding="utf-8").splitlines()
        for line, after in pairwise(lines):
            if line.startswith("sightline ask ") and after.strip().startswith("right:"):
                said = asked(line)
                if said is not None and (place / said[0]).is_file():
                    yield Case(place.name, place / said[0], said[1], after.strip()[6:].strip())


def asked(line: str) -> tuple[str, str] | None:
    """Picture and question of a command, None for another form; a question may hold quotation marks."""
    found = re.fullmatch(r'sightline ask (\S+) "(.*)"(?: --json)?', line)
    if found is None:
        return None
    question = CUT.sub(lambda _: PREAMBLE * 16, found[2])
    return shlex.split(found[1])[0], question


def is_right(answer: Answer, right: str) -> bool:
    """Whether an answer is one of the right forms."""
    forms = [form.strip() for form in re.sub(r"\(.*?\)", "", right).split(" or ")]
    return any(_is(answer, form) for form in forms)


def _is(answer: Answer, form: str) -> bool:
    if form.startswith(("cannot tell", "refusal")) or form == "unsupported":
        return answer.status != "answered"
    if answer.status != "answered":
        return False
    if form.casefold() in ("yes", "no"):
        return answer.text.casefold() == form.casefold()
    if re.fullmatch(r"-?\d+(?:\.\d+)?", form):
        return form in re.findall(r"-?\d+(?:\.\d+)?", answer.text.replace(",", ""))
    return normalise(form) in normalise(answer.text)


def main() -> int:
    """Ask every question of every planner."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--planner", action="append", required=True, help="old or a folder; again for more")
    parser.add_argument("--cache", type=Path, default=Path("runs", "planner-cache"), help="what was read")
    given = parser.parse_args()
    asks = list(cases(given.cases, given.names))
    said: list[list[Answer | str]] = [[] for _ in asks]
    bench = Bench(folder=given.cache)
    for planner in given.planner:
        agent = bench.agent(voice(planner).planner, OLD if planner == OLD else "all")
        for one, row in zip(asks, said, strict=True):
            row.append(_said(agent, one))
    bench.close()
    lines = [
        [one.name, one.question[:60], one.right, *(_cell(answer, one.right) for answer in row)]
        for one, row in zip(asks, said, strict=True)
    ]
    rights = [
        [isinstance(answer, Answer) and is_right(answer, one.right) for answer in row]
        for one, row in zip(asks, said, strict=True)
    ]
    sums = [f"{sum(column)} of {len(asks)}" for column in zip(*rights, strict=True)]
    names = ["case", "question", "right", *(Path(planner).name for planner in given.planner)]
    print(markdown(names, [*lines, ["all", "", "", *sums]]))
    return 0


def _said(agent: Agent, one: Case) -> Answer | str:
    try:
        return agent.run(one.picture, one.question)
    except SightlineError as error:
        return str(error)


def _cell(answer: Answer | str, right: str) -> str:
    if isinstance(answer, str):
        return answer[:60]
    mark = "✓" if is_right(answer, right) else "✗"
    sure = f" {answer.confidence:.0%}" if answer.status == "answered" else ""
    return f"{mark} {answer.text[:40]}{sure}".replace("|", "/")


if __name__ == "__main__":
    raise SystemExit(main())
