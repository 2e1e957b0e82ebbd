"""Color names: the CSS colors against what people may call them, drawn colors, photographs' exposure, Lab."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from matplotlib.colors import CSS4_COLORS

from sightline.tools.colors import TERMS, Color, color_difference, color_name, terms_of, to_lab
from sightline.train.worlds import scenes

CSS = """
aliceblue white blue; antiquewhite white yellow orange brown pink; aqua blue green; aquamarine green blue;
azure white blue; beige white yellow brown; bisque white orange brown pink yellow; black black;
blanchedalmond white yellow orange brown; blue blue; blueviolet purple blue; brown red brown;
burlywood brown orange yellow; cadetblue blue gray; chartreuse green yellow; chocolate brown orange;
coral orange red pink; cornflowerblue blue; cornsilk white yellow; crimson red; cyan blue green;
darkblue blue; darkcyan blue green; darkgoldenrod brown yellow orange; darkgray gray; darkgreen green;
darkkhaki green brown yellow; darkmagenta purple; darkolivegreen green; darkorange orange;
darkorchid purple; darkred red brown; darksalmon orange pink; darkseagreen green gray;
darkslateblue purple blue; darkslategray gray green blue; darkturquoise blue green; darkviolet purple;
deeppink pink; deepskyblue blue; dimgray gray; dodgerblue blue; firebrick red brown; floralwhite white;
forestgreen green; fuchsia pink purple; gainsboro gray white; ghostwhite white; gold yellow orange;
goldenrod yellow orange brown; gray gray; green green; greenyellow green yellow; honeydew white green;
hotpink pink; indianred red pink brown; indigo purple blue; ivory white yellow; khaki yellow green brown;
lavender purple white blue gray; lavenderblush white pink; lawngreen green; lemonchiffon yellow white;
lightblue blue; lightcoral pink red; lightcyan white blue; lightgoldenrodyellow yellow white;
lightgray gray; lightgreen green; lightpink pink; lightsalmon orange pink; lightseagreen green blue;
lightskyblue blue; lightslategray gray blue; lightsteelblue blue gray; lightyellow white yellow; lime green;
limegreen green; linen white; magenta pink purple; maroon red brown; mediumaquamarine green;
mediumblue blue; mediumorchid purple; mediumpurple purple; mediumseagreen green; mediumslateblue blue purple;
mediumspringgreen green; mediumturquoise blue green; mediumvioletred purple pink; midnightblue blue;
mintcream white; mistyrose pink white; moccasin orange yellow brown; navajowhite orange yellow brown;
navy blue; oldlace white; olive green brown yellow; olivedrab green; orange orange; orangered red orange;
orchid purple pink; palegoldenrod yellow; palegreen green; paleturquoise blue; palevioletred pink purple;
papayawhip white yellow orange; peachpuff orange pink; peru brown orange; pink pink; plum purple pink;
powderblue blue; purple purple; rebeccapurple purple; red red; rosybrown brown pink gray; royalblue blue;
saddlebrown brown; salmon pink orange red; sandybrown orange brown; seagreen green; seashell white;
sienna brown orange; silver gray; skyblue blue; slateblue purple blue; slategray gray blue; snow white;
springgreen green; steelblue blue; tan brown orange yellow; teal green blue; thistle purple pink gray;
tomato red orange; turquoise blue green; violet purple pink; wheat brown yellow orange; white white;
whitesmoke white; yellow yellow; yellowgreen green
"""
"""Each CSS color and the basic terms that people may call it; written before the model was run."""


def test_every_css_color_has_a_sensible_name() -> None:
    told = {}
    for entry in CSS.replace("\n", " ").split(";"):
        name, *accepted = entry.split()
        r, g, b = bytes.fromhex(CSS4_COLORS[name][1:])
        if (said := color_name((r, g, b))) not in accepted:
            told[name] = said
    assert told == {}


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((0, 0, 255), "blue"), ((0, 0, 128), "blue"), ((135, 206, 235), "blue"), ((0, 255, 255), "blue")],
)
def test_what_was_called_purple_and_white(rgb: tuple[int, int, int], name: str) -> None:
    assert color_name(rgb) == name


def test_the_drawn_colors_keep_their_names_in_photographs_too() -> None:
    rng = np.random.default_rng(0)
    for name, anchor in scenes.ANCHORS.items():
        fills = np.array([scenes._jitter(rng, anchor) for _ in range(200)], np.uint8)
        assert {color_name((int(r), int(g), int(b))) for r, g, b in fills} == {name}
        assert {TERMS[n] for n in terms_of(fills, photo=False)} == {name}
        assert {TERMS[n] for n in terms_of(fills, photo=True)} == {name}


def test_what_is_white_in_a_photograph_is_gray_on_a_screen() -> None:
    dim = np.array([[200, 200, 198], [190, 130, 30], [90, 60, 40], [20, 20, 22]], np.uint8)
    assert [TERMS[n] for n in terms_of(dim, photo=True)] == ["white", "orange", "brown", "black"]
    assert [TERMS[n] for n in terms_of(dim, photo=False)] == ["gray", "brown", "brown", "black"]


def test_lab_agrees_with_opencv() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (200, 3), np.uint8)
    theirs = cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    assert np.abs(to_lab(rgb) - theirs).max() < 0.6


def test_the_color_difference_of_known_colors() -> None:
    # sRGB primaries in Lab (D65): red (53.24, 80.09, 67.20), green (87.73, -86.18, 83.18).
    assert color_difference((255, 0, 0), (0, 255, 0)) == pytest.approx(170.6, abs=0.1)
    assert color_difference((255, 255, 255), (0, 0, 0)) == pytest.approx(100, abs=0.01)
    assert color_difference((10, 20, 30), (10, 20, 30)) == 0


def test_a_color_says_its_code() -> None:
    assert Color(name="red", rgb=(214, 38, 40), share=1.0).code == "#d62628"
