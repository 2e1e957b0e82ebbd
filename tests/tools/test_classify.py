import numpy as np
import pytest
from skimage import data

from sightline.images import load_image, make_picture
from sightline.tools.classify import Classifier, named, words
from sightline.tools.guard import run
from sightline.types import Box, Frame
from sightline.types.overview import Classes

FRAME = Frame(image="0" * 64, width=300, height=200)
WHOLE = Box(x1=0, y1=0, x2=300, y2=200, frame=FRAME)


@pytest.fixture(scope="module")
def classifier():
    tool = Classifier()
    yield tool
    tool.close()


def classified(classifier, pixels, **arguments) -> Classes:
    result = run(classifier, load_image(pixels), arguments, timeout_s=60)
    assert result.status in ("ok", "empty"), result.message
    assert isinstance(result.payload, Classes)
    return result.payload


def test_a_cat_is_sure_where_its_breed_is_not(classifier):
    found = classified(classifier, data.chelsea())
    assert found.shown in ("cat", "Egyptian cat")
    scores = {kind.name: kind.score for kind in found.kinds}
    assert scores["cat"] > 0.8
    assert scores["cat"] <= scores["feline"] <= scores["mammal"] <= scores["animal"]
    assert "cat" in found.items[0].kinds
    assert "animal 9" in found.to_text()


def test_a_cup_of_coffee(classifier):
    found = classified(classifier, data.coffee(), top=3)
    assert found.items[0].label == "espresso"
    assert len(found.items) == 3
    assert found.items[0].kinds[-1] == "food"


def test_a_region_is_looked_at_alone(classifier):
    picture = load_image(np.hstack([data.coffee(), np.full((400, 600, 3), 255, np.uint8)]))
    region = Box(x1=0, y1=0, x2=600, y2=400, frame=picture.frame)
    found = run(classifier, picture, {"region": region}, timeout_s=60).payload
    assert isinstance(found, Classes)
    assert found.items[0].label == "espresso"
    assert found.boxes() == [region]


@pytest.mark.parametrize("size", [(2, 2), (1, 900), (40, 3)])
def test_small_and_thin_pictures_are_read(classifier, size):
    classified(classifier, np.full((*size, 3), 90, np.uint8))


def test_what_it_does_not_know_is_empty_and_says_what_came_nearest(classifier):
    noise = np.random.default_rng(3).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    result = run(classifier, load_image(np.kron(noise, np.ones((30, 30, 1), np.uint8))), {}, timeout_s=60)
    found = result.payload
    assert isinstance(found, Classes)
    assert result.status == "empty", found
    assert found.to_text().startswith("nothing that it knows, nearest is ")


@pytest.mark.parametrize("top", [0, 21, -1])
def test_how_many_is_checked(classifier, top):
    result = run(classifier, make_picture(np.zeros((9, 9, 3), np.uint8)), {"top": top}, timeout_s=60)
    assert result.status == "refused"
    assert "1 to 20" in result.message


def test_it_says_what_it_does_not_know(classifier):
    assert "no people" in classifier.covers()
    assert len(classifier.weights) == 16
    assert classifier.version.startswith("timm ")


def test_every_class_has_a_name_and_kinds_hold_together():
    known = words()
    assert len(known.name_of) == 1000
    assert len(known.names) == 998  # two names each stand for two classes
    assert known.name_of.max() == 997
    by_name = dict(zip(known.names, known.kinds_of, strict=True))
    assert by_name["tabby cat"] == ("cat", "feline", "mammal", "animal")
    assert by_name["sports car"] == ("car", "motor vehicle", "vehicle")
    assert by_name["espresso"] == ("drink", "food")
    assert by_name["broccoli"] == ("vegetable", "food")
    assert by_name["crane (bird)"][-1] == "animal"
    assert not {"animal", "food", "vehicle"} & set(by_name["crane (machine)"])
    assert not any("vehicle" in kinds and "container" in kinds for kinds in known.kinds_of)
    for above, below in (("animal", "bird"), ("animal", "insect"), ("vehicle", "car"), ("food", "fruit")):
        assert all(above in kinds for kinds in known.kinds_of if below in kinds)


def test_probabilities_add_up_from_classes_to_kinds():
    logits = np.full(1000, -20.0)
    names = [words().names[n] for n in words().name_of]
    for breed in ("beagle", "basset hound", "pug"):
        logits[names.index(breed)] = 5
    found = named(logits, WHOLE, 5)
    assert found.shown == "hound"
    assert [round(item.score, 2) for item in found.items[:3]] == [0.33] * 3
    scores = {kind.name: kind.score for kind in found.kinds}
    assert scores["dog"] == pytest.approx(1, abs=1e-3)
    assert scores["hound"] == pytest.approx(2 / 3, abs=1e-3)


def test_the_text_keeps_to_its_budget_and_says_each_kind_once():
    logits = np.full(1000, -20.0)
    logits[151:200] = 1.0
    found = named(logits, WHOLE, 20)
    for budget in (0, 1, 10, 50, 100, 1000):
        assert len(found.to_text(budget)) <= budget
    assert found.to_text(2000).count("mammal") == 1


def test_flat_logits_are_empty():
    found = named(np.zeros(1000), WHOLE, 5)
    assert found.is_empty
    assert found.shown == ""
    assert found.kinds == ()  # 398 of 1,000 classes are animals, but that is no knowledge
