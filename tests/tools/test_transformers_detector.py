"""Detectors of transformers: tiny folders with random weights, loaded and run by the real classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf

from sightline.errors import WeightsError
from sightline.images import make_picture
from sightline.tools import guard, vocabulary
from sightline.tools.detect import Detector
from sightline.tools.transformers_detector import load_predictor
from sightline.tools.vocabulary import load_detector
from sightline.types import Detections

PIXELS = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
NAMES = {0: "N/A", 1: "person", 2: "traffic light"}
LABELS = {"id2label": NAMES, "label2id": {name: n for n, name in NAMES.items()}}
SMALL = {"d_model": 16, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
SMALL |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 6}
STAGES = {"out_features": ["stage2", "stage3", "stage4"]}
RT = {"encoder_hidden_dim": 16, "encoder_in_channels": [8] * 3, "decoder_in_channels": [16] * 3}
RT |= {"num_denoising": 0, "feat_strides": [8, 16, 32]}
EDGES = {"shortest_edge": 128, "longest_edge": 128}
LETTERS = list("abcdefghijklmnopqrstuvwxyz")


def save(folder: Path, model: Any, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def yolos(folder: Path) -> Path:
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = hf.YolosConfig(**sizes, image_size=[64, 64], num_detection_tokens=5, **LABELS)
    return save(folder, hf.YolosForObjectDetection(config), hf.YolosImageProcessor(size=EDGES))


def detr(folder: Path) -> Path:
    backbone = hf.ResNetConfig(
        embedding_size=8, hidden_sizes=[8] * 4, depths=[1] * 4, out_features=["stage4"]
    )
    config = hf.DetrConfig(
        backbone_config=backbone, backbone=None, use_timm_backbone=False, encoder_layers=1, **SMALL, **LABELS
    )
    return save(folder, hf.DetrForObjectDetection(config), hf.DetrImageProcessor(size=EDGES))


def rt_detr(folder: Path) -> Path:
    backbone = hf.RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8] * 4, depths=[1] * 4, **STAGES)
    config = hf.RTDetrConfig(backbone_config=backbone, **RT, **SMALL, **LABELS)
    processor = hf.RTDetrImageProcessor(size={"height": 64, "width": 64})
    return save(folder, hf.RTDetrForObjectDetection(config), processor)


def d_fine(folder: Path) -> Path:
    ones, eights = [1] * 4, [8] * 4
    backbone = hf.HGNetV2Config(
        stem_channels=[3, 8, 8],
        stage_in_channels=eights,
        stage_mid_channels=eights,
        stage_out_channels=eights,
        stage_num_blocks=ones,
        stage_numb_of_layers=ones,
        hidden_sizes=eights,
        depths=ones,
        embedding_size=8,
        **STAGES,
    )
    config = hf.DFineConfig(backbone_config=backbone, decoder_n_points=[2] * 3, **RT, **SMALL, **LABELS)
    processor = hf.RTDetrImageProcessor(size={"height": 64, "width": 64})
    return save(folder, hf.DFineForObjectDetection(config), processor)


def grounding_dino(folder: Path) -> Path:
    parts = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *LETTERS, *(f"##{c}" for c in LETTERS)]
    tokenizer = hf.BertTokenizer(vocab={part: n for n, part in enumerate(parts)})
    text = {"vocab_size": len(parts), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    swin = hf.SwinConfig(
        embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=4, image_size=64, **STAGES
    )
    config = hf.GroundingDinoConfig(
        backbone_config=swin,
        text_config=hf.BertConfig(**text, intermediate_size=16),
        encoder_layers=1,
        max_text_len=32,
        **{**SMALL, "d_model": 32},
    )
    images = hf.GroundingDinoImageProcessor(size=EDGES)
    processor = hf.GroundingDinoProcessor(image_processor=images, tokenizer=tokenizer)
    return save(folder, hf.GroundingDinoForObjectDetection(config), processor)


def owl(folder: Path) -> Path:
    parts = ["!", *LETTERS, *(f"{c}</w>" for c in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = hf.CLIPTokenizer(vocab={part: n for n, part in enumerate(parts)}, merges=[], pad_token="!")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": len(parts) - 2, "eos_token_id": len(parts) - 1, "pad_token_id": 0}
    text = {**sizes, **ends, "vocab_size": len(parts), "max_position_embeddings": 32}
    vision = {**sizes, "image_size": 64, "patch_size": 16}
    config = hf.Owlv2Config(text_config=text, vision_config=vision, projection_dim=16)
    images = hf.Owlv2ImageProcessor(size={"height": 64, "width": 64})
    processor = hf.Owlv2Processor(image_processor=images, tokenizer=tokenizer)
    return save(folder, hf.Owlv2ForObjectDetection(config), processor)


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("make", [yolos, detr, rt_detr, d_fine])
def test_models_with_classes(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    names, predict = load_predictor(make(tmp_path), score_from=0.0)
    assert names == ["person", "traffic light"]
    found = predict(PIXELS, "ignored")
    assert found
    for label, score, (x1, y1, x2, y2) in found:
        assert label in NAMES.values()
        assert 0 <= score <= 1
        assert -160 < x1 <= x2 < 320
        assert -90 < y1 <= y2 < 180
    assert found == predict(PIXELS, "")
    sure = sorted(score for _, score, _ in found)[len(found) // 2]
    few = load_predictor(tmp_path, score_from=sure)[1](PIXELS, "")
    assert few == [row for row in found if row[1] > sure]


@pytest.mark.parametrize("make", [grounding_dino, owl])
def test_models_for_any_words(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    names, predict = load_predictor(make(tmp_path), score_from=0.0)
    assert names == []
    found = predict(PIXELS, "A small red cup.")
    assert found
    assert {label for label, _, _ in found} == {"A small red cup."}
    assert found == predict(PIXELS, "A small red cup.")
    assert found != predict(PIXELS, "a dog")
    with pytest.raises(ValueError, match="too long for this model"):
        predict(PIXELS, "word " * 20)


class Here:
    """A worker's calls in this process."""

    def __init__(self, *arguments: Any) -> None:
        self.function = load_detector(*arguments)

    def warm(self) -> None:
        pass

    def call(self, *arguments: Any, timeout_s: float | None = None) -> Any:
        return self.function(*arguments)


def test_the_tool_with_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "Worker", lambda factory, *arguments: Here(*arguments))
    tool = Detector(yolos(tmp_path), score_from=0.0, alone=True)
    shown = make_picture(PIXELS)
    result = guard.run(tool, shown, {"query": "people"}, timeout_s=100)
    assert result.status in ("ok", "empty"), result.message
    assert isinstance(result.payload, Detections)
    assert {item.label for item in result.payload.items} <= {"person"}
    assert all(box.frame == shown.frame for box in result.payload.boxes())
    unknown = guard.run(tool, shown, {"query": "dogs"}, timeout_s=100)
    assert unknown.status == "unsupported"
    assert unknown.message == 'no class for "dogs"; it knows person, traffic light'
    assert tool.covers() == "finds person, traffic light; measures color and size"
    assert result.version.startswith("transformers ")
    assert len(result.weights) == 16


def test_the_tool_for_any_words(tmp_path: Path) -> None:
    """A phrase that no class could be found for is looked for as it stands."""
    tool = Detector(owl(tmp_path), score_from=0.0, alone=True)
    try:
        result = guard.run(tool, make_picture(PIXELS), {"query": "odd red cups"}, timeout_s=100)
        assert result.status == "ok", result.message
        assert isinstance(result.payload, Detections)
        assert {item.label for item in result.payload.items} == {"odd red cups"}
        assert tool.covers() == "finds whatever words name; measures color and size"
        long = guard.run(tool, make_picture(PIXELS), {"query": "word " * 20}, timeout_s=100)
        assert (long.status, "too long for this model" in long.message) == ("error", True)
    finally:
        tool.close()


def test_folders_that_hold_no_detector(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no config\.json"):
        load_predictor(tmp_path, score_from=None)
    made = yolos(tmp_path)
    config = json.loads((made / "config.json").read_text())
    (made / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(WeightsError, match="type bert, which detects no objects"):
        load_predictor(made, score_from=None)
    (made / "config.json").write_text("[]")
    with pytest.raises(WeightsError, match="is no model's"):
        load_predictor(made, score_from=None)
    (made / "config.json").write_text(json.dumps(config))
    (made / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be loaded by AutoModelForObjectDetection"):
        load_predictor(made, score_from=None)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    made = yolos(tmp_path)
    weights = (made / "model.safetensors").rename(made / "pytorch_model.bin")
    assert weights.is_file()
    with pytest.raises(WeightsError, match="safetensors"):
        load_predictor(made, score_from=None)
