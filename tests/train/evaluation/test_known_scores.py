"""The scorers reproduce scores that were published, on the predictions that they were computed from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sightline.train.evaluation.boxes import Corners, Found, coco_map, voc_ap
from sightline.train.evaluation.captions import by_spaces, captions
from sightline.train.evaluation.hallusion import Place, hallusion, rights
from sightline.train.evaluation.mathvision import equal, extract, mathvision
from sightline.train.evaluation.mme import COGNITION, PERCEPTION, mme
from sightline.train.evaluation.pope import pope
from sightline.train.evaluation.tokens import tokenise

Rows = list[dict[str, Any]]


def jsonl(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def mme_truth(pack: Path) -> list[tuple[str, str, str, str]]:
    """(task, image, question, label) in the order of the files."""
    return [
        (task, *line.split("\t"))
        for task in (*PERCEPTION, *COGNITION)
        for line in (pack / f"mme/ground_truth/{task}.txt").read_text(encoding="utf-8").splitlines()
    ]


def test_mme_of_lavin(pack: Path, expected: dict[str, Any]) -> None:
    rows = [
        (task, *line.split("\t"))
        for task in (*PERCEPTION, *COGNITION)
        for line in (pack / f"mme/LaVIN/{task}.txt").read_text(encoding="utf-8").splitlines()
    ]
    tasks, images, _, labels, replies = zip(*rows, strict=True)
    scores = mme(replies, labels, tasks=tasks, images=images)
    known = expected["mme"]["LaVIN-13B"]
    assert scores.figures["perception"] == pytest.approx(known["perception"], abs=1e-9)
    assert scores.figures["cognition"] == pytest.approx(known["cognition"], abs=1e-9)
    assert f"{scores.figures['perception']:.2f} {scores.figures['cognition']:.2f}" == "963.61 249.64"
    assert {task: round(scores.figures[task], 2) for task in known["per_task"]} == known["per_task"]
    assert len(scores.credits) == len(rows)


def test_mme_of_llava(pack: Path, expected: dict[str, Any]) -> None:
    """LLaVA's file names a category and an image, and has other words around the question."""
    said = {}
    for row in jsonl(pack / "mme/llava-v1.5-13b.jsonl"):
        task, _, image = row["question_id"].partition("/")
        said[task, Path(image).stem, bare(row["prompt"])] = row["text"]
    truth = mme_truth(pack)
    replies = [said[task, Path(image).stem, bare(question)] for task, image, question, _ in truth]
    tasks, images, _, labels = zip(*truth, strict=True)
    scores = mme(replies, labels, tasks=tasks, images=images)
    known = expected["mme"]["llava-v1.5-13b"]
    assert scores.figures["perception"] == pytest.approx(known["perception"], abs=1e-9)
    assert scores.figures["cognition"] == pytest.approx(known["cognition"], abs=1e-9)
    assert f"{scores.figures['perception']:.2f}" == "1531.32"


def bare(question: str) -> str:
    for tail in ("Answer the question using a single word or phrase.", "Please answer yes or no."):
        question = question.replace(tail, "")
    return " ".join(question.split())


def test_a_missing_reply_is_wrong_in_mme(pack: Path) -> None:
    truth = mme_truth(pack)
    tasks, images, _, labels = zip(*truth, strict=True)
    scores = mme(labels, labels, tasks=tasks, images=images)
    assert (scores.figures["perception"], scores.figures["cognition"]) == (2000, 800)
    first = mme([None, *labels[1:]], labels, tasks=tasks, images=images)
    of_task = tasks.count(tasks[0])
    assert 200 - first.figures[tasks[0]] == pytest.approx(100 / of_task + 100 / (of_task / 2))


@pytest.mark.parametrize("kind", ["popular", "adversarial", "random"])
def test_pope_of_llava(pack: Path, expected: dict[str, Any], kind: str) -> None:
    labels = jsonl(pack / f"pope/coco_pope_{kind}.json")
    about = {row["question_id"]: row for row in jsonl(pack / "pope/llava_pope_test.jsonl")}
    said = [
        (about[row["question_id"]], row["text"])
        for row in jsonl(pack / "pope/llava-v1.5-13b.jsonl")
        if about[row["question_id"]]["category"] == kind
    ]
    if kind == "random":  # LLaVA asked an older, shorter list
        label = {(row["image"], bare(row["text"])): row["label"] for row in labels}
        pairs = [(text, label.get((row["image"], bare(row["text"])))) for row, text in said]
        pairs = [(text, gold) for text, gold in pairs if gold is not None]
        assert len(pairs) > 2500
        assert pope(*zip(*pairs, strict=True)).figures["F1"] == pytest.approx(87.1, abs=0.5)
        return
    scores = pope([text for _, text in said], [row["label"] for row in labels])
    assert round(scores.figures["F1"], 2) == expected["pope"]["llava-v1.5-13b"][f"{kind}_F1"]
    assert f"{scores.figures['F1']:.2f}" == {"popular": "86.25", "adversarial": "84.46"}[kind]


def test_coco_map(pack: Path, expected: dict[str, Any]) -> None:
    folder = pack / "detection_map/test_coco_eval"
    truth = json.loads((folder / "gts/sampled_gts_bbox_area.json").read_text())
    found = json.loads((folder / "cocoapi_results.json").read_text())
    scores = coco_map(truth, found)
    assert {k: round(v, 6) for k, v in scores.items()} == expected["detection_map"]["test_coco_eval"]


def voc_boxes(folder: Path) -> Iterator[tuple[str, list[float]]]:
    """(image, numbers) of each line: an optional score, then x, y, width and height."""
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text().splitlines():
            yield path.stem, [float(v) for v in line.split()[1:]]


def corners(x: float, y: float, width: float, height: float) -> Corners:
    return x, y, x + width, y + height


@pytest.mark.parametrize("eleven", [True, False])
def test_voc_ap(pack: Path, expected: dict[str, Any], eleven: bool) -> None:
    folder = pack / "detection_map/test_case_1"
    truth = defaultdict(list)
    for image, box in voc_boxes(folder / "gts"):
        truth[image].append(corners(*box))
    found = [Found(image=i, box=corners(*b), score=score) for i, (score, *b) in voc_boxes(folder / "dets")]
    known = expected["detection_map"]["test_case_1"]["eleven_point" if eleven else "every_point"]
    for iou_from, ap in known.items():
        assert voc_ap(truth, found, from_iou=float(iou_from), eleven=eleven) == pytest.approx(ap, abs=1e-10)


def opencqa(pack: Path) -> tuple[list[str], list[list[str]]]:
    references = defaultdict(list)
    for row in json.loads((pack / "cider/opencqa_bertqa_refs.json").read_text()):
        references[row["image_id"]].append(row["caption"])
    said = json.loads((pack / "cider/opencqa_bertqa_cands.json").read_text())
    return [row["caption"] for row in said], [references[row["image_id"]] for row in said]


def test_cider_of_opencqa_without_java(pack: Path, expected: dict[str, Any]) -> None:
    known = json.loads((pack / "cider/opencqa_bertqa_results.json").read_text())["CIDErD"]
    scores = captions(*opencqa(pack))
    assert scores.figures["CIDEr"] == pytest.approx(
        expected["cider"]["opencqa_bertqa"]["CIDErD_mean"], abs=1e-12
    )
    assert scores.credits == pytest.approx(known, abs=1e-9)
    bleu = json.loads((pack / "cider/expected_pycocoevalcap.json").read_text())["opencqa bertqa_data PTB"][
        "Bleu"
    ]
    assert [scores.figures[f"BLEU-{n}"] for n in (1, 2, 3, 4)] == pytest.approx(bleu, abs=1e-9)


@pytest.mark.parametrize("letter", ["B", "C"])
@pytest.mark.parametrize(("name", "tokens"), [("whitespace-lower", by_spaces), ("PTB", tokenise)])
def test_captions_of_abstract_scenes(pack: Path, letter: str, name: str, tokens: Any) -> None:
    """48 references an image; of the two candidates for each image the last one was scored."""
    references = defaultdict(list)
    for row in json.loads((pack / "cider/abstract48S.json").read_text()):
        references[row["image_id"]].append(row["caption"])
    said = {
        r["image_id"]: r["caption"]
        for r in json.loads((pack / f"cider/abstract_cands{letter}.json").read_text())
    }
    known = json.loads((pack / "cider/expected_pycocoevalcap.json").read_text())[
        f"abstract_cands{letter} {name}"
    ]
    scores = captions(list(said.values()), [references[image] for image in said], tokens=tokens)
    assert scores.figures["CIDEr"] == pytest.approx(known["CIDEr"], abs=1e-12)
    assert [scores.figures[f"BLEU-{n}"] for n in (1, 2, 3, 4)] == pytest.approx(known["Bleu"], abs=1e-12)
    assert scores.figures["ROUGE-L"] == pytest.approx(known["ROUGE_L"], abs=1e-12)


def test_mathvision_reads_and_judges_as_officially(pack: Path) -> None:
    """The gold answers are not in the pack: where a model was right, its answer is one."""
    rows = [row for path in sorted((pack / "mathvision").glob("*.jsonl")) for row in jsonl(path)]
    assert len(rows) == 4560
    alike = sum(extract(row["response"]) == row["model_answer"] for row in rows)
    assert alike >= 4545
    golds = defaultdict(set)
    for row in rows:
        if row["correct"]:
            golds[row["id"]].add(row["model_answer"])
    known = [row for row in rows if row["id"] in golds]
    assert len(known) > 3000
    for row in known:
        right = any(equal(extract(row["response"]), gold) for gold in golds[row["id"]])
        assert right == row["correct"], row


def test_mathvision_accuracy_of_a_model(pack: Path) -> None:
    rows = jsonl(pack / "mathvision/Gemini-Pro.jsonl")
    golds = [row["model_answer"] if row["correct"] else "no such answer" for row in rows]
    scores = mathvision([row["response"] for row in rows], golds)
    assert scores.figures["accuracy"] == pytest.approx(100 * sum(row["correct"] for row in rows) / 304)


def test_hallusionbench(pack: Path) -> None:
    """No predictions with known verdicts are public: extremes, one fault, and the leaderboard's mean."""
    rows = json.loads((pack / "hallusionbench/HallusionBench.json").read_text())
    names = ("category", "subcategory", "set_id", "figure_id", "question_id")
    places = [Place(**{name: row[name] for name in names}) for row in rows]
    perfect = hallusion([True] * len(rows), places)
    assert set(perfect.figures.values()) == {100}
    yes = hallusion(rights(["Yes."] * len(rows), [row["gt_answer"] for row in rows]), places)
    assert yes.figures["aAcc"] == pytest.approx(100 * sum(r["gt_answer"] == "1" for r in rows) / len(rows))
    assert yes.figures["qAcc"] < yes.figures["aAcc"]
    for row in json.loads((pack / "hallusionbench/leaderboard.json").read_text())[:10]:
        assert sum(row[k] for k in ("aAcc", "fAcc", "qAcc")) / 3 == pytest.approx(row["overall"], abs=0.1)
    one = hallusion([False] + [True] * (len(rows) - 1), places)
    shared = [p.pair == places[0].pair for p in places]
    assert sum(shared) > 1
    assert one.figures["qAcc"] == pytest.approx(100 * (1 - 1 / len({p.pair for p in places})))
