"""The commands that train the embedded language model: `planner`, `planner-dpo`, `planner-ship`, `eyes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUN = Path("runs") / "planner"

Run = Annotated[Path | None, typer.Option("--run", help=f"The run's folder; {RUN} if not given.")]
Pack = Annotated[Path | None, typer.Option(help="Folder of wtq_train, to learn from people's questions too.")]
Found = Annotated[
    Path | None, typer.Option(help="The SQL that `python -m sightline.train.symbolic.wtq` found for it.")
]
Base = Annotated[
    Path | None, typer.Option(help="Folder of the language model; else the pretrained one is fetched.")
]
Steps = Annotated[int | None, typer.Option(help="In place of the stage's own.", min=1)]


def planner(
    run: Run = None,
    pack: Pack = None,
    found: Found = None,
    base: Base = None,
    steps: Steps = None,
    so_far: Annotated[
        Path | None, typer.Option(help="Train nothing: write the last checkpoint's planner to this folder.")
    ] = None,
) -> None:
    """Train the planner's adapter on symbolic episodes; a second call goes on from the last checkpoint."""
    from sightline.train.planner import planner_so_far, run_planner

    if so_far is not None:
        typer.echo(f"planner: {planner_so_far(run or RUN, so_far, base=base)}", err=True)
        return
    _together(pack, found)
    folder = run_planner(run or RUN, base=base, pack=pack, found=found, steps=steps)
    typer.echo(f"adapter: {folder}", err=True)


def planner_dpo(
    run: Run = None,
    adapter: Annotated[
        Path | None, typer.Option(help="To go on from; that of the run's `planner` if not given.")
    ] = None,
    pack: Pack = None,
    found: Found = None,
    base: Base = None,
    steps: Steps = None,
) -> None:
    """Set the planner's own replies right at their first mistakes, after `planner`."""
    from sightline.train.planner_dpo import run_planner_dpo

    _together(pack, found)
    folder = run_planner_dpo(run or RUN, adapter=adapter, base=base, pack=pack, found=found, steps=steps)
    typer.echo(f"adapter: {folder}", err=True)


def eyes(
    run: Run = None,
    seeing: Annotated[
        Path | None,
        typer.Option(help="A model of the recipe embedded whose encoder is taken; else the shipped one."),
    ] = None,
    base: Base = None,
    steps: Steps = None,
) -> None:
    """Train the projector between an encoder and the language model on drawn scenes."""
    from dataclasses import replace

    from sightline.train.eyes import EyesStage, train_eyes
    from sightline.train.planner import made_ready

    stage = EyesStage()
    if steps:
        stage = replace(stage, plan=replace(stage.plan, steps=steps))
    language, device = made_ready(run or RUN, base)
    typer.echo(f"eyes: {train_eyes(language, run or RUN, seeing, stage, device=device)}", err=True)


def planner_ship(
    adapter: Annotated[
        Path, typer.Argument(help="Folder of an adapter that was trained.", show_default=False)
    ],
    to: Annotated[Path, typer.Argument(help="Folder to write.", show_default=False)],
    about: Annotated[str, typer.Option(help="How it was trained, in a line, for its manifest.")] = "",
) -> None:
    """Write an adapter as the package ships it: in float16, with a manifest of its hashes."""
    from sightline.train.planner_ship import ship

    typer.echo(f"adapter: {ship(adapter, to, {'made by': about})}", err=True)


def _together(pack: Path | None, found: Path | None) -> None:
    if (pack is None) != (found is None):
        raise typer.BadParameter("--pack and --found go together")
