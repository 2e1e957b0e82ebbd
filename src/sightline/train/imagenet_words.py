"""Makes the table of words that `classify` answers with: ImageNet's 1,000 classes and what they are kinds of.

    python -m sightline.train.imagenet_words --wordnet /usr/share/wordnet/data.noun

The chains are WordNet 3.0's (`data.noun`, Debian's package wordnet-base): of all that a class is a kind of,
the words of `EVERYDAY` stay. What people call otherwise than WordNet does stands in `NAMES` and `KINDS`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "tools" / "imagenet_words.txt"

HEAD = """\
# ImageNet's 1,000 classes in their order: a name, a tab, and what it is a kind of, from specific to general.
# Made by train/imagenet_words.py from WordNet 3.0, Copyright 2006 by Princeton University.
# All rights reserved. THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO
# REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. The whole license is in NOTICE.
"""

EVERYDAY = {
    # animals
    "n00015388": "animal",
    "n01861778": "mammal",
    "n02084071": "dog",
    "n02092468": "terrier",
    "n02087551": "hound",
    "n02101108": "spaniel",
    "n02099029": "retriever",
    "n02104523": "sheepdog",
    "n02100399": "setter",
    "n02113335": "poodle",
    "n02112826": "corgi",
    "n02109811": "sled dog",
    "n02114100": "wolf",
    "n02115335": "wild dog",
    "n02118333": "fox",
    "n02120997": "feline",
    "n02121808": "cat",
    "n02127808": "big cat",
    "n02131653": "bear",
    "n02329401": "rodent",
    "n02355227": "squirrel",
    "n02324045": "rabbit",
    "n02394477": "hoofed animal",
    "n02373336": "hoofed animal",
    "n02395003": "pig",
    "n02402010": "cattle",
    "n02411705": "sheep",
    "n02419796": "antelope",
    "n02437136": "camel",
    "n02374451": "horse",
    "n02469914": "primate",
    "n02470325": "ape",
    "n02484322": "monkey",
    "n02496913": "lemur",
    "n02503517": "elephant",
    "n02062744": "whale",
    "n02076196": "seal",
    "n01874434": "marsupial",
    "n01503061": "bird",
    "n01524359": "songbird",
    "n01557185": "thrush",
    "n01604330": "bird of prey",
    "n01621127": "owl",
    "n01816887": "parrot",
    "n01846331": "duck",
    "n01844917": "water bird",
    "n02002075": "stork",
    "n02008041": "heron",
    "n01661091": "reptile",
    "n01726692": "snake",
    "n01674464": "lizard",
    "n01662784": "turtle",
    "n01696633": "crocodilian",
    "n01627424": "amphibian",
    "n01639765": "frog",
    "n01629276": "salamander",
    "n02512053": "fish",
    "n01482330": "shark",
    "n01495701": "ray",
    "n02159955": "insect",
    "n02164464": "beetle",
    "n02274259": "butterfly",
    "n01769347": "arachnid",
    "n01772222": "spider",
    "n01974773": "crustacean",
    "n01976957": "crab",
    "n01982650": "lobster",
    "n01940736": "mollusk",
    "n01922303": "worm",
    # people and plants
    "n00007846": "person",
    "n00017222": "plant",
    "n11669921": "flower",
    "n12992868": "fungus",
    # food
    "n07555863": "food",
    "n00021265": "food",
    "n13134947": "plant",
    "n07705931": "fruit",
    "n07707451": "vegetable",
    "n07679356": "bread",
    "n07609840": "dessert",
    "n07695965": "sandwich",
    "n07881800": "drink",
    # vehicles
    "n04524313": "vehicle",
    "n03791235": "motor vehicle",
    "n02958343": "car",
    "n04490091": "truck",
    "n04520170": "van",
    "n02924116": "bus > motor vehicle > vehicle",
    "n04468005": "train > vehicle",
    "n03684823": "locomotive",
    "n02834778": "bicycle",
    "n03790512": "motorcycle",
    "n04264914": "spacecraft",
    "n02959942": "train > vehicle",
    "n02686568": "aircraft",
    "n02691156": "airplane",
    "n04530566": "boat or ship",
    "n02858304": "boat",
    "n04194289": "ship",
    "n04128499": "sailboat",
    "n02970849": "cart",
    "n04235291": "sled",
    # things
    "n03051540": "clothing",
    "n03497657": "hat",
    "n03057021": "coat",
    "n04199027": "shoe",
    "n03381126": "footwear",
    "n03380867": "footwear",
    "n02739668": "armor",
    "n03597469": "jewelry",
    "n04447443": "toiletry",
    "n03513137": "helmet",
    "n04371563": "swimsuit",
    "n04370048": "sweater",
    "n03815615": "tie",
    "n03725035": "mask",
    "n04143897": "scarf",
    "n03405725": "furniture",
    "n03001627": "chair",
    "n04161981": "seat",
    "n02818832": "bed",
    "n02766320": "bed",
    "n02828884": "bench",
    "n04256520": "sofa",
    "n04379243": "table",
    "n02933112": "cabinet",
    "n02729837": "appliance",
    "n03528263": "appliance",
    "n04401088": "telephone",
    "n03082979": "computer > electronic device",
    "n03614007": "keyboard",
    "n02942699": "camera",
    "n03046257": "clock",
    "n04555897": "watch",
    "n04437953": "timepiece",
    "n03278248": "electronic device",
    "n03277771": "electronic device",
    "n03800933": "musical instrument",
    "n03467517": "guitar",
    "n03928116": "piano",
    "n04338517": "stringed instrument",
    "n04586932": "wind instrument",
    "n02891788": "brass instrument",
    "n03915437": "percussion instrument",
    "n04451818": "tool",
    "n03733925": "measuring instrument",
    "n03623556": "knife",
    "n04565375": "weapon",
    "n03467984": "gun",
    "n03948459": "gun",
    "n04285146": "sports equipment",
    "n03414162": "game equipment",
    "n02778669": "ball",
    "n04516672": "kitchenware",
    "n03101986": "kitchenware",
    "n04381994": "tableware",
    "n03094503": "container",
    "n02876657": "bottle",
    "n02801938": "basket",
    "n02773037": "bag",
    "n02880940": "bowl",
    "n03990474": "pot",
    "n02883344": "box",
    "n03797390": "mug",
    "n03438257": "glass",
    "n03906997": "pen",
    "n04608567": "writing tool",
    "n03964744": "toy",
    "n03636248": "lamp",
    "n02851099": "blind",
    "n03151077": "curtain",
    "n03309808": "fabric",
    "n03682487": "lock",
    "n03323703": "fastener",
    "n04118021": "rug",
    "n03039947": "cleaning tool",
    "n03739693": "medical instrument",
    "n03743902": "monument",
    "n02913152": "building",
    "n03544360": "house",
    "n03953416": "place of worship",
    "n04202417": "shop",
    "n02898711": "bridge",
    "n03327234": "fence",
    "n04460130": "tower",
    "n04105068": "roof",
    "n03699975": "machine",
    "n06595351": "publication",
    # the outdoors
    "n09287968": "landscape",
    "n09359803": "mountain",
    "n09433442": "shore",
}
"""Synset of WordNet 3.0 -> what people call it, and what all of its kind are besides."""

_GROUPS = {
    "airplane > aircraft > vehicle": ("wing", "warplane"),
    "armor": ("pickelhaube", "shield", "breastplate"),
    "appliance": ("stove", "electric fan", "space heater", "radiator"),
    "bathroom fixture": ("bathtub", "tub", "washbasin", "toilet seat"),
    "bear > mammal > animal": ("giant panda",),
    "bedding": ("quilt", "pillow"),
    "building": ("castle", "prison", "lumbermill", "cliff dwelling", "yurt"),
    "chicken > bird > animal": ("cock", "hen"),
    "clothing": ("cloak", "poncho"),
    "electronic device": (
        "loudspeaker",
        "microphone",
        "television",
        "radio",
        "remote control",
        "projector",
        "hard disc",
        "photocopier",
    ),
    "elephant > mammal > animal": ("tusker",),
    "food": ("ear", "corn", "plate"),
    "glasses": ("sunglass", "sunglasses"),
    "goat > hoofed animal > mammal > animal": ("ibex",),
    "kitchenware": (
        "ladle",
        "measuring cup",
        "strainer",
        "mortar",
        "cocktail shaker",
        "saltshaker",
        "pitcher",
    ),
    "motorcycle > motor vehicle > vehicle": ("moped", "motor scooter"),
    "page": ("website",),
    "printed matter": ("menu", "crossword puzzle", "comic book", "book jacket"),
    "sheep > hoofed animal > mammal > animal": ("bighorn",),
    "shop": ("grocery store",),
    "sports equipment": ("racket", "ski", "puck", "paddle"),
    "swimsuit > clothing": ("maillot",),
    "tableware > container": ("cup",),
    "train > vehicle": (
        "electric locomotive",
        "steam locomotive",
        "freight car",
        "passenger car",
        "bullet train",
    ),
    "van > motor vehicle > vehicle": ("minivan", "police van"),
}
"""Kinds, from specific to general, of classes (the first of their names) that WordNet files otherwise."""

_NOT = {
    "menu": {"food"},
    "minivan": {"truck"},
    "police van": {"truck"},
    "cup": {"drink"},
    "maillot": {"footwear"},
}
"""What WordNet calls a class, and its photographs do not show."""

_NAMES = {
    "admiral": "admiral butterfly",
    "basset": "basset hound",
    "beach wagon": "station wagon",
    "bow": "bow (weapon)",
    "boxer": "boxer dog",
    "cab": "taxi",
    "capuchin": "capuchin monkey",
    "chow": "chow chow",
    "cock": "rooster",
    "colobus": "colobus monkey",
    "crash helmet": "motorcycle helmet",
    "drake": "mallard",
    "ear": "ear of corn",
    "file": "filing cabinet",
    "groom": "bridegroom",
    "guenon": "guenon monkey",
    "half track": "half-track",
    "hotdog": "hot dog",
    "iron": "clothes iron",
    "jean": "jeans",
    "kite": "kite (bird)",
    "maillot": "one-piece swimsuit",
    "monarch": "monarch butterfly",
    "monitor": "computer monitor",
    "mouse": "computer mouse",
    "nail": "nail (metal)",
    "notebook": "notebook computer",
    "organ": "pipe organ",
    "patas": "patas monkey",
    "pick": "guitar pick",
    "plane": "carpenter's plane",
    "plate": "plate of food",
    "pop bottle": "soda bottle",
    "ram": "ram (sheep)",
    "ringlet": "ringlet butterfly",
    "sax": "saxophone",
    "screen": "computer screen",
    "slot": "slot machine",
    "sorrel": "sorrel horse",
    "studio couch": "sofa bed",
    "sunglass": "sunglasses",
    "switch": "electric switch",
    "tabby": "tabby cat",
    "titi": "titi monkey",
    "torch": "torch (flame)",
    "tusker": "tusker elephant",
    "upright": "upright piano",
    "vault": "vaulted ceiling",
    "cellular telephone": "cell phone",
    "bicycle-built-for-two": "tandem bicycle",
    "trailer truck": "semi truck",
    "web site": "website",
    "ice lolly": "popsicle",
    "dishrag": "dishcloth",
    "ashcan": "trash can",
    "hair slide": "hair clip",
    "hand blower": "hair dryer",
    "carousel": "merry-go-round",
    "bannister": "banister",
}
"""The first of a class's names -> what it is called here: plainer, or not to be taken for another thing."""

_AT = {
    134: "crane (bird)",
    517: "crane (machine)",
    474: "cardigan sweater",
    264: "Cardigan corgi",
    263: "Pembroke corgi",
}
"""The names of classes that share one, by their number."""


def read_wordnet(file: Path) -> dict[str, tuple[str, ...]]:
    """Synset -> those that it is a kind of, of WordNet's `data.noun` (format: wndb(5WN))."""
    parents: dict[str, tuple[str, ...]] = {}
    for line in file.read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):  # the license
            continue
        fields = line.partition(" | ")[0].split()
        at = 4 + 2 * int(fields[3], 16)
        pointers = [fields[at + 1 + 4 * n : at + 5 + 4 * n] for n in range(int(fields[at]))]
        parents["n" + fields[0]] = tuple("n" + p[1] for p in pointers if p[0] in ("@", "@i") and p[2] == "n")
    return parents


def ancestors(synset: str, parents: dict[str, tuple[str, ...]]) -> list[str]:
    """All that a synset is a kind of, by any way, the nearest first."""
    found: list[str] = []
    layer = list(parents[synset])
    while layer:
        found += [one for one in dict.fromkeys(layer) if one not in found]
        layer = [up for one in layer for up in parents[one] if up not in found]
    return found


def make_table(synsets: list[str], lemmas: list[str], parents: dict[str, tuple[str, ...]]) -> list[str]:
    """The lines of the table, one a class."""
    firsts = [names.split(",")[0] for names in lemmas]
    kinds = [_kinds(first, ancestors(synset, parents)) for first, synset in zip(firsts, synsets, strict=True)]
    counts = {kind: sum(kind in one for one in kinds) for kind in {k for one in kinds for k in one}}
    return [
        f"{_name(n, first)}\t{' > '.join(sorted(own, key=lambda kind: counts[kind]))}"
        for n, (first, own) in enumerate(zip(firsts, kinds, strict=True))
    ]


def _kinds(first: str, above: list[str]) -> list[str]:
    """What a class is a kind of. To WordNet a vehicle is a container too, and a fruit a plant: left out."""
    chains = [chain for chain, members in _GROUPS.items() if first in members]
    chains += [EVERYDAY[one] for one in above if one in EVERYDAY]
    words = dict.fromkeys(word for chain in chains for word in chain.split(" > "))
    not_so = set(_NOT.get(first, ()))
    not_so |= {other for word, other in (("vehicle", "container"), ("food", "plant")) if word in words}
    return [word for word in words if word not in not_so]


def _name(number: int, first: str) -> str:
    name = _AT.get(number) or _NAMES.get(first, first)
    return name if name == "African grey" else name.replace("grey", "gray")


def main() -> None:
    """Write the table."""
    from timm.data.imagenet_info import ImageNetInfo

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, required=True, help="data.noun of WordNet 3.0")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    info: Any = ImageNetInfo()
    synsets = [str(one) for one in info.label_names()]
    lemmas = [str(info.index_to_description(n)) for n in range(len(synsets))]
    lines = make_table(synsets, lemmas, read_wordnet(options.wordnet))
    options.out.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
