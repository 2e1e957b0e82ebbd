"""`sightline train ...`: one command a stage."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sightline.train.cli_planner import eyes, planner, planner_dpo, planner_ship

if TYPE_CHECKING:
    import torch

    from sightline.train.data.faults import Tally
    from sightline.train.data.readers import Format
    from sightline.train.own_data import OwnData
    from sightline.train.recipe import Recipe
    from sightline.train.worlds.scenes import Split

app = typer.Typer(no_args_is_help=True, help="Train the model that Sightline ships, or one like it.")

RecipeName = Annotated[
    str, typer.Option("--recipe", help="A file in sightline/train/recipes, without its ending.")
]
Run = Annotated[Path | None, typer.Option("--run", help="The run's folder; runs/<recipe> if not given.")]


Data = Annotated[
    list[str] | None,
    typer.Option(
        help="Rows of yours: LLaVA JSON, JSONL, Parquet, shards, ...; again for more, each with =WEIGHT; "
        "`worlds=0.2` mixes in the recipe's own."
    ),
]
Images = Annotated[Path | None, typer.Option(help="The folder of the images' paths.")]
Form = Annotated[str | None, typer.Option("--format", help="Of the rows; found out if not given.")]
Bad = Annotated[
    Literal["stop", "skip"], typer.Option(help="What a row with a fault does, before training begins.")
]
Epochs = Annotated[float, typer.Option(help="How often each row of yours is shown.")]
Batch = Annotated[int | None, typer.Option(help="Rows of yours in a micro-batch.", min=1)]
Start = Annotated[
    str | None,
    typer.Option(help="The folder of a model to go on from, or `embedded`; the stage before if not given."),
]


@app.command()
def pretrain(
    recipe: RecipeName = "embedded",
    run: Run = None,
    vision: Annotated[str | None, typer.Option(help="A vision encoder's folder or name.")] = None,
    language: Annotated[str | None, typer.Option(help="A language model's folder or name.")] = None,
    stage: Annotated[
        str | None, typer.Option(help="On backbones: which stage; the first if not given.")
    ] = None,
    data: Data = None,
    images: Images = None,
    form: Form = None,
    bad: Bad = "stop",
    epochs: Epochs = 1.0,
    batch: Batch = None,
) -> None:
    """Stage 1: a model from nothing on the worlds, or pretrained backbones on captions, stage by stage."""
    from functools import partial

    from sightline.train.backbones import BackboneRecipe
    from sightline.train.pretrain import pretrain as train

    parts = {name: part for name, part in (("vision", vision), ("language", language)) if part}
    own = _own(data, images, form, bad, epochs, batch)
    loaded: Any = _recipe(recipe)
    if parts and isinstance(loaded, BackboneRecipe) and loaded.stage(stage)[0]:
        raise typer.BadParameter(f"--{next(iter(parts))} is for the first stage; {stage} goes on from it")
    _run(partial(train, own=own, stage=stage), recipe, run, **parts)


@app.command()
def sft(
    recipe: RecipeName = "embedded",
    run: Run = None,
    data: Data = None,
    images: Images = None,
    form: Form = None,
    bad: Bad = "stop",
    epochs: Epochs = 1.0,
    batch: Batch = None,
    start: Start = None,
    lora: Annotated[int | None, typer.Option(help="Train an adapter of this rank alone.", min=1)] = None,
    quantize: Annotated[
        bool, typer.Option("--quantize", help="With --lora: the frozen weights in 4 bits (extra qlora).")
    ] = False,
) -> None:
    """Stage 2: questions, thoughts and planner traces, or rows of yours; loss on replies alone."""
    from functools import partial

    from sightline.train.lora import Lora
    from sightline.train.sft import sft as stage

    if quantize and lora is None:
        raise typer.BadParameter("--quantize needs --lora RANK")
    adapter = Lora(rank=lora, quantize=quantize) if lora else None
    own = _own(data, images, form, bad, epochs, batch)
    _run(partial(stage, own=own, lora=adapter, start=_start(start)), recipe, run)


@app.command()
def dpo(
    recipe: RecipeName = "embedded",
    run: Run = None,
    data: Data = None,
    images: Images = None,
    form: Form = None,
    bad: Bad = "stop",
    epochs: Epochs = 1.0,
    batch: Batch = None,
    start: Start = None,
) -> None:
    """Stage 3: preference pairs of the worlds, of the model's own replies set right, or of yours."""
    from functools import partial

    from sightline.train.dpo import dpo as stage

    own = _own(data, images, form, bad, epochs, batch)
    _run(partial(stage, own=own, start=_start(start)), recipe, run)


def _start(name: str | None) -> Path | None:
    from sightline.mllm.weights import EMBEDDED

    return EMBEDDED if name == "embedded" else Path(name) if name else None


def _own(
    data: list[str] | None,
    images: Path | None,
    form: str | None,
    bad: Literal["stop", "skip"],
    epochs: float,
    batch: int | None,
) -> OwnData | None:
    from typing import cast

    from sightline.train.own_data import OwnData, source_of

    if not data:
        return None
    return OwnData(
        sources=tuple(map(source_of, data)),
        images=images,
        form=cast("Format | None", form),
        bad=bad,
        epochs=epochs,
        samples=batch,
    )


@app.command()
def grpo(recipe: RecipeName = "embedded", run: Run = None, start: Start = None) -> None:
    """Stage 4: replies of the model's own, rewarded by the worlds."""
    from functools import partial

    from sightline.train.grpo import grpo as stage

    _run(partial(stage, start=_start(start)), recipe, run)


@app.command()
def grpo_tools(
    context: typer.Context,
    recipe: RecipeName = "embedded",
    run: Run = None,
    detector: Annotated[
        bool, typer.Option("--detector", help="Our detector in place of one that knows what the world shows.")
    ] = False,
) -> None:
    """Stage 4 with tools: whole episodes of the agent, rewarded by the worlds."""
    from functools import partial

    from sightline.errors import ConfigError
    from sightline.train.episodes import grpo_tools as stage

    if context.obj is None:
        raise ConfigError("episodes with tools need the agent: use `sightline train grpo-tools`")
    with context.obj(detector) as environment:
        _run(partial(stage, environment=environment), recipe, run)


@app.command()
def blip2(recipe: RecipeName = "embedded", run: Run = None) -> None:
    """BLIP-2's stage 1: a Q-Former on images with descriptions, the tower frozen."""
    from sightline.train.blip2 import blip2 as stage

    _run(stage, recipe, run)


@app.command()
def blip2_llm(recipe: RecipeName = "embedded", run: Run = None) -> None:
    """BLIP-2's stage 2: that Q-Former as the connector of the language model, which is frozen."""
    from sightline.train.blip2_language import blip2_llm as stage

    _run(stage, recipe, run)


@app.command()
def reward(recipe: RecipeName = "embedded", run: Run = None) -> None:
    """A reward model: the model after SFT learns which reply of a pair is the better one."""
    from sightline.train.reward import reward as stage

    _run(stage, recipe, run)


@app.command()
def ppo(recipe: RecipeName = "embedded", run: Run = None) -> None:
    """Replies of the model's own, rewarded by the worlds or by the reward model, held near SFT."""
    from sightline.train.ppo import ppo as stage

    _run(stage, recipe, run)


app.command()(planner)
app.command()(planner_dpo)
app.command()(planner_ship)
app.command()(eyes)


@app.command()
def detector(
    to: Annotated[Path, typer.Argument(help="The manifest (.json) to write; the weights go beside it.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder of images with COCO's, VOC's or boxes.jsonl's boxes; drawn shapes if not given."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(help="The manifest to start from; with --data the embedded one if not given."),
    ] = None,
    scratch: Annotated[bool, typer.Option("--scratch", help="With --data, start from nothing.")] = False,
    any_way_up: Annotated[
        bool, typer.Option("--any-way-up", help="With --data: what is shown has no up and down, as cells.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(help="Where training saves itself, and goes on from; runs/<name>.pt.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="2500 of 16 images if not given; with --start alone 1200 of 8.", min=1),
    ] = None,
    side: Annotated[
        int | None, typer.Option(help="px that images are fitted to; 256, with --data 416.", min=32)
    ] = None,
    bf16: Annotated[
        bool | None,
        typer.Option(help="Run the network in bfloat16; where the processor is made for it if not said."),
    ] = None,
) -> None:
    """The detector (YOLO), on drawn shapes or on a folder of yours, and its mAP on held-out images."""
    import json
    from dataclasses import replace
    from functools import partial

    from sightline.tools.yolo import EMBEDDED
    from sightline.train.detector import FURTHER, DetectorConfig, fast_bf16, train_detector, train_on_folder

    side = side or (416 if data else DetectorConfig.imgsz)
    if side % 32:
        raise typer.BadParameter(f"--side {side} is no multiple of 32")
    config = FURTHER if start and not data else DetectorConfig()
    fast = fast_bf16() if bf16 is None else bf16
    config = replace(config, steps=steps or config.steps, imgsz=side, bf16=fast)
    train = partial(train_detector, start=start)
    if data:
        from sightline.train.detection_data import Augment

        begin = None if scratch else start or EMBEDDED
        augment = Augment(any_way_up=any_way_up)
        train = partial(train_on_folder, data, start=begin, augment=augment)
    state = state or Path("runs") / f"{to.stem}.pt"
    manifest = train(to, config=config, state=state, report=lambda row: typer.echo(json.dumps(row), err=True))
    typer.echo(json.dumps(manifest["scores"]))


@app.command()
def segmenter(
    to: Annotated[Path, typer.Argument(help="The manifest (.json) to write; the weights go beside it.")],
    run: Annotated[
        Path, typer.Option(help="The run's folder: checkpoints to go on from, log, curves.")
    ] = Path("runs/segmenter"),
    steps: Annotated[int | None, typer.Option(help="Steps of 8 new pictures; 2000 if not given.")] = None,
) -> None:
    """The segmenter (a small SAM), from scratch, and its IoU on held-out scenes and solids."""
    import json

    from sightline.train.segmenter import SegmenterConfig, train_segmenter

    config = SegmenterConfig(steps=steps or SegmenterConfig.steps)
    manifest = train_segmenter(
        to, run=run, config=config, report=lambda row: typer.echo(json.dumps(row), err=True)
    )
    typer.echo(json.dumps(manifest["scores"]))


@app.command()
def check(
    data: Annotated[Path, typer.Argument(help="A file of rows, a folder of shards, or a folder of images.")],
    form: Annotated[
        str | None,
        typer.Option("--format", help="llava, trl, rlhf-v, mimic-it, ...; found out if not given."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="The folder of the images' paths, or MIMIC-IT's images file.")
    ] = None,
    decode: Annotated[bool, typer.Option(help="Decode every image too: slower.")] = True,
) -> None:
    """What a data set holds and what is wrong with it; 1 where anything is."""
    from typing import cast

    from sightline.mllm.tokenizer import Vocabulary
    from sightline.mllm.weights import EMBEDDED
    from sightline.train.data.check import check as read_all
    from sightline.train.data.readers import Source

    source = Source(
        path=data, form=cast("Format | None", form), images=images, look="decode" if decode else "there"
    )
    vocabulary = Vocabulary.load(EMBEDDED)
    report = read_all(source, lambda text: len(vocabulary.text(text)))
    typer.echo("\n".join(report.lines()))
    raise typer.Exit(1 if report.tally.faults else 0)


@app.command()
def convert(
    data: Annotated[Path, typer.Argument(help="A file of rows, or a folder of shards.")],
    out: Annotated[Path, typer.Argument(help="The file to write: .json, .jsonl, .parquet or .tar.")],
    read_as: Annotated[
        str | None,
        typer.Option("--from", help="llava, trl, rlhf-v, mimic-it, ...; found out if not given."),
    ] = None,
    write_as: Annotated[str, typer.Option("--to", help="The format of the rows written.")] = "llava",
    images: Annotated[
        Path | None, typer.Option(help="The folder of the images' paths, or MIMIC-IT's images file.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Copy the images into this folder; the rows name them from there.")
    ] = None,
    embed: Annotated[bool, typer.Option("--embed", help="Put the images into the file.")] = False,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out rows with a fault; else the first one ends it.")
    ] = False,
) -> None:
    """Write rows of one form in another; with --skip, 1 where any was left out."""
    from sightline.train.data import commands

    tally = commands.convert(
        data, out, read_as=read_as, write_as=write_as, images=images, save=save, embed=embed, skip=skip
    )
    _end(tally, out)


@app.command()
def describe(
    folder: Annotated[Path, typer.Argument(help="A folder of images, with all folders in it.")],
    out: Annotated[Path, typer.Argument(help="LLaVA JSON to write: .json or .jsonl.")],
    tools: Annotated[
        str, typer.Option(help="package.module:function that makes tools of yours by name.")
    ] = "sightline.tools.registry:default_tools",
    seconds: Annotated[float, typer.Option(help="Limit of one tool on one image.", min=0.1)] = 60.0,
    seed: Annotated[int, typer.Option(help="Of the wordings.")] = 0,
) -> None:
    """Questions with answers about a folder of images, made by our tools; 1 where one of them failed."""
    from sightline.train.data import commands

    _end(commands.describe(folder, out, tools=tools, seconds=seconds, seed=seed), out)


def _end(tally: Tally, out: Path) -> None:
    typer.echo(f"{tally.rows:,} rows written to {out}", err=True)
    if tally.faults:
        typer.echo("\n".join(tally.lines()), err=True)
        raise typer.Exit(1)


@app.command()
def worlds(
    to: Annotated[Path, typer.Argument(help="The folder to write to.")],
    names: Annotated[list[str] | None, typer.Argument(help="Which worlds; all if not given.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="A contact sheet (PNG) with questions.")] = False,
    samples: Annotated[int, typer.Option(help="How many samples to write as shards.", min=1)] = 1000,
    per_shard: Annotated[int, typer.Option(help="Samples in a shard.", min=1)] = 1000,
    workers: Annotated[int, typer.Option(help="Processes; the bytes are the same from any number.")] = 1,
    seed: Annotated[int, typer.Option(help="Another seed, other samples.")] = 0,
    held_out: Annotated[bool, typer.Option("--held-out", help="What is never trained on.")] = False,
) -> None:
    """Draw the synthetic worlds: contact sheets to look at, or shards (WebDataset) to train on."""
    chosen = _worlds(names)
    split: Split = "heldout" if held_out else "train"
    to.mkdir(parents=True, exist_ok=True)
    if preview:
        written = [_preview(name, to, seed, split) for name in chosen]
    else:
        from sightline.train.worlds.shards import write_shards

        written = write_shards(
            chosen, to, samples=samples, per_shard=per_shard, seed=seed, split=split, workers=workers
        )
    for path in written:
        typer.echo(path)


@app.command()
def audit(
    names: Annotated[list[str] | None, typer.Argument(help="Which worlds; all if not given.")] = None,
    samples: Annotated[int, typer.Option(help="Samples of each world.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed, other samples.")] = 0,
) -> None:
    """Count what the worlds ask while training: held-out material (1 if any), answers that can be guessed."""
    from sightline.train.worlds.audit import audit as count

    found = 0
    for name in _worlds(names):
        report = count(name, samples=samples, seed=seed)
        found += len(report.held_out)
        typer.echo(
            f"{name}: {report.samples} samples, {report.questions} questions, "
            f"{len(report.answers)} templates, {len(report.held_out)} held out"
        )
        for line in report.held_out[:3]:
            typer.echo(f"  held out: {line[:200]}")
        shares = list(report.shares().items())
        for template, (answer, share) in shares[: max(len(report.guessable()), 1)]:
            typer.echo(f"  most predictable: {template}, {answer!r} in {share:.1%}")
    raise typer.Exit(1 if found else 0)


@app.command()
def speed(
    names: Annotated[list[str] | None, typer.Argument(help="Which worlds; all if not given.")] = None,
    samples: Annotated[int, typer.Option(help="Samples of each world.", min=1)] = 50,
) -> None:
    """Samples and images a second of one core, each with its state and its questions."""
    from sightline.train.worlds.speed import rates

    for name in _worlds(names):
        whole, images = rates(name, samples=samples)
        typer.echo(f"{name}: {whole:.0f} samples/s, {images:.0f} images/s")


@app.command()
def coverage(
    data: Annotated[
        Path, typer.Argument(help="The folder with the unpacked packs.", envvar="SIGHTLINE_DATA")
    ],
    forms: Annotated[int, typer.Option(help="How many of the commonest unread forms to name.", min=0)] = 5,
) -> None:
    """How many questions of NLVR, SHAPES, TabMWP and ChartQA our readers read, and answer as labelled."""
    from sightline.errors import InputError
    from sightline.train.worlds.coverage import measure

    try:
        for pack, found in measure(data):
            right = "not told" if found.right is None else f"{found.right} ({found.right / found.read:.1%})"
            read = f"{found.read} read ({found.read / found.total:.1%})"
            typer.echo(f"{pack}: {found.total} questions, {read}, right of these {right}")
            for label, texts in (("not read", found.unread), ("wrong", found.wrong)):
                for text, count in texts[:forms]:
                    typer.echo(f"  {label}, {count} x: {text}")
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def _worlds(names: list[str] | None) -> list[str]:
    from sightline.train.worlds.catalogue import WORLDS

    if unknown := [name for name in names or () if name not in WORLDS]:
        raise typer.BadParameter(f"no world {', '.join(unknown)}; there are {', '.join(WORLDS)}")
    return names or list(WORLDS)


def _preview(name: str, to: Path, seed: int, split: Split) -> Path:
    from PIL import Image

    from sightline.train.worlds.catalogue import WORLDS
    from sightline.train.worlds.preview import contact_sheet

    path = to / f"{name}.png"
    Image.fromarray(contact_sheet(name, WORLDS[name], seed=seed, split=split)).save(path)
    return path


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="The folder to write the weights to.")],
    recipe: RecipeName = "embedded",
    run: Run = None,
    stage: Annotated[str, typer.Option(help="Which stage's model.")] = "dpo",
) -> None:
    """Copy a stage's model, its tokenizer and the hashes of both to a folder that `Reasoner.load` reads."""
    from sightline.train.stage import export_stage

    typer.echo(export_stage(_folder(recipe, run) / stage / "model", to), err=True)


def _run(
    stage: Callable[[Any, Path, torch.device], Path], recipe: str, run: Path | None, **parts: str
) -> None:
    from dataclasses import replace

    import torch

    from sightline.train.backbones import BackboneRecipe
    from sightline.train.loop import process_group

    loaded: Any = _recipe(recipe)
    if parts and not isinstance(loaded, BackboneRecipe):
        raise typer.BadParameter(f"recipe {recipe} takes no --{next(iter(parts))}: it is made from nothing")
    loaded = replace(loaded, **parts)
    rank, world = process_group()
    on_gpu = torch.cuda.is_available()
    if world > 1 and not on_gpu:
        torch.set_num_threads(1)
    device = torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")
    folder = stage(loaded, _folder(recipe, run), device)
    if rank == 0:
        typer.echo(f"model: {folder}", err=True)


def _recipe(name: str) -> Recipe:
    path = f"sightline.train.recipes.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if not path.startswith(str(error.name)):
            raise  # the recipe is there, and what it imports is not
        here = Path(__file__).parent / "recipes"
        known = ", ".join(sorted(path.stem for path in here.glob("[a-z]*.py")))
        raise typer.BadParameter(f"no recipe {name!r}; there are {known}") from error
    recipe: Recipe = module.RECIPE
    return recipe


def _folder(recipe: str, run: Path | None) -> Path:
    return run or Path("runs") / recipe
