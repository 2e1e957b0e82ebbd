"""The segmenter: masks, frames, sizes, prompts in order, and every kind of weights that it loads."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import supervision as sv
import torch
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.images import Picture, load_image, make_picture
from sightline.tools import guard, sam
from sightline.tools.crop import cut
from sightline.tools.masks import cut_out, segment
from sightline.tools.sam import Ask, Asked, Floats, Pixels, SamSizes, Segmentation
from sightline.tools.segment import Segmenter, load_segmenter
from sightline.train.worlds.scenes import Scene, Thing, draw_scene, make_scene, thing_box
from sightline.types import Box, Mask, Masks, map_box

SCENE = Scene(
    things=(
        Thing(shape="circle", colour="red", size="small", x=0.2, y=0.2, diameter=0.12),
        Thing(shape="square", colour="blue", size="large", x=0.6, y=0.3, diameter=0.22),
        Thing(shape="circle", colour="green", size="large", x=0.3, y=0.7, diameter=0.24),
        Thing(shape="star", colour="yellow", size="small", x=0.8, y=0.8, diameter=0.12),
    )
)
TINY = SamSizes(
    image=64,
    width=16,
    depth=3,
    heads=2,
    mlp=32,
    window=2,
    whole=(1,),
    prompt=16,
    mask_channels=4,
    decoder_mlp=32,
)


@pytest.fixture(scope="module")
def segmenter() -> Iterator[Segmenter]:
    made = Segmenter()
    made.warm()
    yield made
    made.close()


def run(tool: Segmenter, shown: Picture, status: str = "ok", **arguments: object) -> tuple[Mask, ...]:
    result = guard.run(tool, shown, arguments, timeout_s=120)
    assert result.status == status, result.message
    assert isinstance(result.payload, Masks)
    return result.payload.items


def pixels_of(mask: Mask) -> NDArray[np.bool_]:
    return sv.rle_to_mask(mask.rle, (mask.box.frame.width, mask.box.frame.height))


def true_mask(thing: Thing, side: int) -> NDArray[np.bool_]:
    alone = Thing(**{**vars(thing), "fill": (0, 0, 0), "outline": False})
    return np.asarray(draw_scene(Scene(things=(alone,)), side)[..., 0] < 128)


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(a & b) / np.count_nonzero(a | b))


def test_a_mask_for_each_box_in_order(segmenter: Segmenter) -> None:
    side = 320
    shown = make_picture(draw_scene(SCENE, side))
    boxes = tuple(Box.clipped(*thing_box(thing, side), shown.frame) for thing in SCENE.things)
    masks = run(segmenter, shown, regions=boxes)
    assert len(masks) == len(boxes)
    for mask, thing in zip(masks, SCENE.things, strict=True):
        found = pixels_of(mask)
        assert iou(found, true_mask(thing, side)) > 0.85, thing
        assert mask.area == np.count_nonzero(found)
        rows, columns = np.nonzero(found)
        assert (mask.box.x1, mask.box.y1) == (columns.min(), rows.min())
        assert (mask.box.x2, mask.box.y2) == (columns.max() + 1, rows.max() + 1)
        assert 0.5 < mask.score <= 1
        outline = cv2.fillPoly(np.zeros((side, side), np.uint8), [np.array(mask.polygon, np.int32)], 1)
        assert iou(outline > 0, found) > 0.9


def test_held_out_scenes(segmenter: Segmenter) -> None:
    of_boxes, of_points = [], []
    for seed in range(8):
        scene = make_scene(np.random.default_rng((78, seed)), split="heldout")
        shown = make_picture(draw_scene(scene, 256))
        boxes = tuple(Box.clipped(*thing_box(thing, 256), shown.frame) for thing in scene.things)
        points = tuple(box.center for box in boxes)
        masks = run(segmenter, shown, regions=boxes, points=points)
        true = [true_mask(thing, 256) for thing in scene.things]
        of_boxes += [iou(pixels_of(m), t) for m, t in zip(masks[: len(true)], true, strict=True)]
        of_points += [iou(pixels_of(m), t) for m, t in zip(masks[len(true) :], true, strict=True)]
    assert np.mean(of_boxes) >= 0.9
    assert np.mean(of_points) >= 0.8


def test_everything(segmenter: Segmenter) -> None:
    shown = make_picture(draw_scene(SCENE, 320))
    masks = run(segmenter, shown)
    found = [pixels_of(mask) for mask in masks]
    hits = [max(iou(mask, true_mask(thing, 320)) for mask in found) for thing in SCENE.things]
    assert sum(hit > 0.75 for hit in hits) >= 3, hits
    assert len(masks) <= 6
    assert [mask.score for mask in masks] == sorted((mask.score for mask in masks), reverse=True)
    assert run(segmenter, shown) == masks


def test_a_blank_page_is_empty(segmenter: Segmenter) -> None:
    blank = load_image(np.full((300, 200), 255, np.uint8))
    assert run(segmenter, blank, "empty") == ()


def test_a_crop_and_regions_of_another_frame(segmenter: Segmenter) -> None:
    wide = np.full((320, 800, 3), 250, np.uint8)
    wide[:, 400:720] = draw_scene(SCENE, 320)
    whole = make_picture(wide)
    x1, y1, x2, y2 = thing_box(SCENE.things[1], 320)
    square = Box(x1=x1 + 400, y1=y1, x2=x2 + 400, y2=y2, frame=whole.frame)
    part = cut(whole, Box(x1=400, y1=0, x2=720, y2=320, frame=whole.frame), at_least=448)
    (mask,) = run(segmenter, part, regions=(square,))
    assert mask.box.frame == part.frame
    assert map_box(mask.box, whole.frame).iou(square) > 0.85


def test_a_large_picture(segmenter: Segmenter) -> None:
    page = np.full((3000, 4000, 3), 240, np.uint8)
    cv2.ellipse(page, (3000, 2000), (150, 90), 20, 0, 360, (30, 90, 200), -1, cv2.LINE_AA)
    true = page[..., 2] < 220
    shown = make_picture(page)
    box = Box(x1=2850, y1=1895, x2=3150, y2=2105, frame=shown.frame)
    of_box, of_point = run(segmenter, shown, regions=(box,), points=((3010.0, 1990.0),))
    assert iou(pixels_of(of_box), true) > 0.85
    assert iou(pixels_of(of_point), true) > 0.75


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": ((10.0, 500.0),)}, "the point (10, 500) lies outside the picture of 64 x 48 px"),
        ({"points": ()}, "points must be x,y;x,y;... in px of the image, not []"),
        (
            {"regions": "e1"},
            'regions must be x1,y1,x2,y2;x1,y1,x2,y2;... in px of the image, not "e1"',
        ),
        ({"query": "cat"}, "segment takes no argument query"),
    ],
)
def test_refused(arguments: dict[str, object], message: str) -> None:
    with closing(Segmenter()) as tool:
        result = guard.run(tool, make_picture(np.zeros((48, 64, 3), np.uint8)), arguments, timeout_s=1)
    assert (result.status, result.message) == ("refused", message)


def test_a_region_beside_the_picture_is_refused() -> None:
    whole = make_picture(np.zeros((48, 64, 3), np.uint8))
    part = cut(whole, Box(x1=0, y1=0, x2=16, y2=16, frame=whole.frame), at_least=0)
    beside = Box(x1=32, y1=32, x2=40, y2=40, frame=whole.frame)
    with closing(Segmenter()) as tool:
        result = guard.run(tool, part, {"regions": (beside,)}, timeout_s=1)
    assert (result.status, result.message) == (
        "refused",
        "regions: region 1 is empty, or lies outside this picture",
    )


# Geometry, with a network that knows what is red.


def red_finder(side: int) -> Segmentation:
    """Answers every prompt with what is red in the square of `side` cells that it sees."""

    def encode(pixels: Pixels) -> Ask:
        height, width = pixels.shape[:2]
        scale = side / max(height, width)
        red = (pixels[..., 0] > 150).astype(np.float32) * 8 - 4
        to = (max(round(width * scale), 1), max(round(height * scale), 1))
        cells = cv2.resize(red, to, interpolation=cv2.INTER_AREA)
        logits = np.full((side, side), -4, np.float32)
        logits[: cells.shape[0], : cells.shape[1]] = cells
        where = (cells.shape[1] / width, cells.shape[0] / height)

        def ask(prompts: Floats) -> Asked:
            count = len(prompts)
            found = np.broadcast_to(logits, (count, 1, side, side))
            return Asked(logits=found, scores=np.full((count, 1), 0.9, np.float32), scale=where)

        return ask

    return Segmentation(encode=encode, side=side * 4)


@pytest.mark.parametrize("side", [64, 256])  # looks closer, and does not
@pytest.mark.parametrize("size", [(300, 400), (1500, 700), (90, 64)])
def test_masks_come_back_to_where_they_were_seen(side: int, size: tuple[int, int]) -> None:
    height, width = size
    page = np.zeros((height, width, 3), np.uint8)
    middle, axes = (int(width * 0.8), int(height * 0.3)), (width // 9, height // 7)
    cv2.ellipse(page, middle, axes, 30, 0, 360, (255, 0, 0), -1)
    true = page[..., 0] > 150
    rows, columns = np.nonzero(true)
    box = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    point = (float(middle[0]), float(middle[1]))
    for soft in (*segment(red_finder(side), page, [box], [point]), *segment(red_finder(side), page, [], [])):
        found = cut_out(soft, (height, width))
        mask = sv.rle_to_mask(found.rle, (width, height))
        assert iou(mask, true) > 0.95
        assert np.abs(np.array(found.box) - box).max() <= 1.5 + max(size) / side / 4
    assert len(segment(red_finder(side), page, [], [])) == 1


def test_nothing_found_is_a_mask_without_pixels() -> None:
    page = np.zeros((50, 80, 3), np.uint8)
    of_box, of_point = segment(red_finder(64), page, [(10, 10, 30, 20)], [(70, 40)])
    for soft, middle in ((of_box, (20, 15)), (of_point, (70, 40))):
        found = cut_out(soft, (50, 80))
        assert (found.area, found.score, found.polygon) == (0, 0.0, ())
        assert found.box == (*middle, *middle)
        assert not sv.rle_to_mask(found.rle, (80, 50)).any()


# Weights.


@pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
def test_the_sizes_of_metas_models_are_read_off_their_tensors(name: str) -> None:
    from segment_anything import sam_model_registry

    with torch.device("meta"):
        theirs = sam_model_registry[name]().state_dict()
        ours = sam.new_sam(sam.sizes_of(theirs))
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in theirs.items()
    }
    blocks = ours.image_encoder.blocks
    assert [n for n, block in enumerate(blocks) if not block.window_size] == [
        n for n, block in enumerate(sam_model_registry_blocks(name)) if not block.window_size
    ]
    assert blocks[0].attn.num_heads == sam_model_registry_blocks(name)[0].attn.num_heads


def sam_model_registry_blocks(name: str) -> torch.nn.ModuleList:
    from segment_anything import sam_model_registry

    with torch.device("meta"):
        blocks: torch.nn.ModuleList = sam_model_registry[name]().image_encoder.blocks
    return blocks


def tiny() -> torch.nn.Module:
    torch.manual_seed(3)
    model: torch.nn.Module = sam.new_sam(TINY).eval()
    return model


def test_a_file_of_metas_format_gives_what_metas_predictor_gives(tmp_path: Path) -> None:
    from segment_anything import SamPredictor

    path = tmp_path / "sam_vit_tiny.pth"
    torch.save(tiny().state_dict(), path)
    loaded = sam.load_sam(path)
    assert sam.sizes_of(loaded.state_dict()) == TINY
    pixels = draw_scene(SCENE, 96)[:60]
    predictor = SamPredictor(tiny())
    predictor.set_image(pixels)
    ask = sam.of_sam(loaded).encode(pixels)
    box, point = np.array([[10, 12, 40, 44]], np.float32), np.array([[33, 20]], np.float32)
    _, scores, logits = predictor.predict(box=box[0], multimask_output=False)
    assert np.allclose(ask(box).logits[0], logits, atol=1e-5)
    assert np.allclose(ask(box).scores[0], scores, atol=1e-5)
    _, scores, logits = predictor.predict(point, np.ones(1), multimask_output=True)
    assert np.allclose(ask(point).logits[0], logits, atol=1e-5)
    assert np.allclose(ask(point).scores[0], scores, atol=1e-5)


def test_a_manifest_round_trip_and_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    manifest = sam.save_sam(tiny(), path, record={"note": "tiny"})
    assert json.loads(path.read_text()) == manifest
    half = {key: value.half().float() for key, value in tiny().state_dict().items()}
    loaded = sam.load_sam(path).state_dict()
    assert all(torch.equal(loaded[key], half[key]) for key in half)
    other = bytearray(path.with_suffix(".safetensors").read_bytes())
    other[-1] ^= 1
    path.with_suffix(".safetensors").write_bytes(other)
    with pytest.raises(WeightsError, match=r"the hash of tiny\.safetensors is not the one"):
        sam.load_sam(path)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("code ran",))


def test_weights_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.pth"
    bad.write_bytes(pickle.dumps({"image_encoder.pos_embed": Evil()}, protocol=2))
    with pytest.raises(WeightsError, match="no SAM weights"):
        sam.load_sam(bad)
    assert "code ran" not in capsys.readouterr().out
    torch.save({"layer.weight": torch.zeros(2)}, bad)
    with pytest.raises(WeightsError, match="not the weights of a SAM"):
        sam.load_sam(bad)
    state = tiny().state_dict()
    state.pop("mask_decoder.iou_token.weight")
    torch.save(state, bad)
    with pytest.raises(WeightsError, match="iou_token"):
        sam.load_sam(bad)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(WeightsError, match="a model of kind bert; known are sam, sam2"):
        sam.load_segmentation(tmp_path)
    missing = Segmenter(tmp_path / "none.json")
    assert missing.weights == ""
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        missing.covers()
    result = guard.run(missing, make_picture(draw_scene(SCENE, 64)), {}, timeout_s=60)
    assert result.status == "error"
    assert "none.json" in result.message


def save_transformers(kind: str, folder: Path) -> None:
    """A tiny SAM or SAM 2 with its processor, randomly initialised."""
    import transformers as t

    torch.manual_seed(5)
    prompts = {"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4}
    decoder = {
        "hidden_size": 16,
        "mlp_dim": 32,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "iou_head_hidden_dim": 16,
    }
    square, small = {"height": 64, "width": 64}, {"height": 16, "width": 16}
    if kind == "sam":
        vision = {
            "hidden_size": 32,
            "output_channels": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 64,
            "window_size": 2,
            "global_attn_indexes": [1],
            "mlp_dim": 64,
            "num_pos_feats": 8,
        }
        config = t.SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
        t.SamModel(config).save_pretrained(folder)
        images = t.SamImageProcessor(
            size={"longest_edge": 64}, pad_size=square, mask_size={"longest_edge": 16}, mask_pad_size=small
        )
        t.SamProcessor(images).save_pretrained(folder)
        return
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "num_attention_heads": 1,
        "image_size": [64, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 4, 4, 2],
        "global_attention_blocks": [3],
        "window_positional_embedding_background_size": [2, 2],
        "mlp_ratio": 2.0,
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 16,
        "num_feature_levels": 3,
    }
    config = t.Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    t.Sam2Model(config).save_pretrained(folder)
    t.Sam2Processor(t.Sam2ImageProcessor(size=square, mask_size=small)).save_pretrained(folder)


@pytest.mark.parametrize("kind", ["sam", "sam2"])
def test_a_folder_of_transformers_gives_what_its_own_processor_gives(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModelForMaskGeneration, AutoProcessor

    save_transformers(kind, tmp_path)
    pixels = draw_scene(SCENE, 96)[:60]
    model, processor = (
        AutoModelForMaskGeneration.from_pretrained(tmp_path),
        AutoProcessor.from_pretrained(tmp_path),
    )
    given = {"input_boxes": [[[10.0, 12.0, 40.0, 44.0], [50.0, 5.0, 90.0, 50.0]]]}
    inputs = processor(images=pixels, return_tensors="pt", **given)
    with torch.inference_mode():
        theirs = model.eval()(
            **{k: v for k, v in inputs.items() if k in ("pixel_values", "input_boxes")},
            multimask_output=False,
        )
    loaded = sam.load_segmentation(tmp_path)
    assert loaded.side == 64
    ours = loaded.encode(pixels)(np.array(given["input_boxes"][0], np.float32))
    assert np.allclose(ours.logits, theirs.pred_masks[0].numpy(), atol=1e-4)
    assert np.allclose(ours.scores, theirs.iou_scores[0].numpy(), atol=1e-4)
    points = loaded.encode(pixels)(np.array([[33, 20], [50, 30]], np.float32))
    assert points.logits.shape[:2] == (2, 3)
    along, down = points.scale
    assert along * 96 == pytest.approx(16, rel=0.02)
    assert down * 60 == pytest.approx(10 if kind == "sam" else 16, rel=0.02)


def test_a_folder_of_transformers_cuts_masks_out(tmp_path: Path) -> None:
    save_transformers("sam2", tmp_path)
    cut_all = load_segmenter(str(tmp_path))
    pixels = draw_scene(SCENE, 96)[:60]
    assert len(cut_all(pixels, [(10, 12, 40, 44)], [(60.0, 30.0)])) == 2
    mine = Segmenter(tmp_path)
    assert len(mine.weights) == 16
    assert mine.version.startswith("transformers ")
    assert "drawn shapes" not in mine.covers()


def test_metas_weights_run_as_the_cut_all(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save(tiny().state_dict(), path)
    mine = Segmenter(path)
    try:
        shown = make_picture(draw_scene(SCENE, 96)[:60])
        box = Box(x1=10, y1=12, x2=40, y2=44, frame=shown.frame)
        result = guard.run(mine, shown, {"regions": (box,), "points": ((60.0, 30.0),)}, timeout_s=200)
        assert result.status in ("ok", "empty"), result.message
        assert isinstance(result.payload, Masks)
        assert len(result.payload.items) == 2
        assert len(mine.weights) == 16
        assert mine.version.startswith("segment-anything ")
    finally:
        mine.close()


def test_the_shipped_weights_are_small_and_are_what_the_manifest_says() -> None:
    manifest = sam.read_manifest(sam.EMBEDDED)
    weights = sam.model_file(sam.EMBEDDED)
    assert weights.stat().st_size < 5 * 2**20
    assert manifest["scores"]["scenes"]["boxes"] >= 0.9
    assert Segmenter().weights == manifest["sha256"][:16]
