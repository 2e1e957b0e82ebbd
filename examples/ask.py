"""Ask one question about one image, and see what the answer stands on.

python examples/ask.py [IMAGE QUESTION]
"""

from __future__ import annotations

import sys
from pathlib import Path

from sightline import Agent

SCENE = Path(__file__).parent / "images" / "scene.png"


def main() -> None:
    """Print the answer, its confidence and its evidence."""
    image, question = sys.argv[1:3] if len(sys.argv) > 2 else (SCENE, "How many red circles are there?")
    with Agent() as agent:
        answer = agent.run(image, question)
    print(f"{answer.text}   ({answer.status}, {answer.confidence:.0%} sure)")
    for evidence in answer.evidence:
        mark = "*" if evidence.id in answer.cites else " "
        call = evidence.call
        print(f"{mark} {evidence.id} {call.name} {call.arguments} -> {evidence.result.to_text(400)}")


if __name__ == "__main__":
    main()
