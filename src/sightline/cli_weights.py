"""`sightline weights`: what is fetched from elsewhere, whether it is here, and whether it is right."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.errors import ConfigError, InputError, SightlineError

if TYPE_CHECKING:
    from sightline.weights import Checked, Entry

app = typer.Typer(
    name="weights",
    help="Pretrained files that others made: list, fetch, check and find them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME", help="Of `sightline weights list`.", show_default=False)
]
_STYLES = {"here": "green", "not fetched": "yellow", "damaged": "red"}


def _say(line: str) -> None:
    print(f"sightline: {line}", file=sys.stderr)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """As in `sightline.cli`: an error raised on purpose is one line on stderr and an exit code."""
    try:
        yield
    except SightlineError as error:
        _say(str(error))
        raise typer.Exit(2 if isinstance(error, InputError | ConfigError) else 1) from error
    except OSError as error:  # a store that may not be read
        _say(str(error))
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        _say("stopped; nothing half fetched is left")
        raise typer.Exit(130) from error


@app.command(name="list")
def list_(
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list, with every file, its hash and its source.")
    ] = False,
) -> None:
    """Show what there is, and which of it is here."""
    from sightline import weights

    with _plain_errors():
        states = {entry: _state(entry) for entry in weights.entries()}
    if json:
        _print_json(states)
    else:
        _show(states)


def _state(entry: Entry) -> str:
    from sightline import weights

    if weights.available(entry.name):
        return "here"
    folder = weights.default_store().folder / entry.name
    return "damaged" if folder.is_dir() else "not fetched"


def _print_json(states: dict[Entry, str]) -> None:
    from dataclasses import asdict
    from json import dumps

    from sightline import weights

    folder = weights.default_store().folder
    rows = [
        {**asdict(e), "size": e.size, "state": s, "folder": str(folder / e.name)} for e, s in states.items()
    ]
    sys.stdout.write(dumps(rows, ensure_ascii=False, indent=1) + "\n")


def _show(states: dict[Entry, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sightline import weights
    from sightline.weights.failures import megabytes

    table = Table(box=None, pad_edge=False)
    for heading in ("name", "size", "license", "state", "for"):
        table.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    for entry, state in states.items():
        shown = Text(state, style=_STYLES[state])
        table.add_row(entry.name, megabytes(entry.size), entry.license, shown, entry.purpose)
    Console(highlight=False).print(table)
    optional = ", ".join(entry.name for entry in states if not entry.needed)
    lines = [f"\nin {weights.default_store().folder}", f"no tool needs {optional} yet" if optional else ""]
    Console(highlight=False, soft_wrap=True).print(Text("\n".join(filter(None, lines)), style="dim"))


@app.command()
def fetch(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="All there is, needed or not.")] = False,
) -> None:
    """Fetch what is not here yet: what the tools need, or what is named."""
    from sightline import weights

    # A process that is told to end leaves nothing behind either: `timeout`, a container that stops.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with _plain_errors():
        store = weights.default_store()
        wanted = list(store.entries) if everything else names or weights.needed()
        fetched = store.fetch(wanted)
    said = f"fetched {', '.join(fetched)}" if fetched else f"{', '.join(wanted)}: here already"
    _say(f"{said}; in {store.folder}")


@app.command()
def verify(names: Names = None) -> None:
    """Take the hash of every file that is here, or of those named."""
    from sightline import weights

    with _plain_errors():
        found = weights.verify(names or None)
    if not found:
        _say("nothing is here yet; `sightline weights fetch` fetches what the tools need")
    for one in found:
        sys.stdout.write(f"{one.state:8} {one.entry}/{one.file}{one.detail and ': ' + one.detail}\n")
    _refuse_damaged(found)


def _refuse_damaged(found: list[Checked]) -> None:
    wrong = list(dict.fromkeys(one.entry for one in found if one.state != "ok"))
    if wrong:
        sys.stdout.flush()
        _say(f"not right: {', '.join(wrong)}; to mend it run `sightline weights fetch {' '.join(wrong)}`")
        raise typer.Exit(1)


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="Of `sightline weights list`.", show_default=False)],
    file: Annotated[
        str | None, typer.Argument(help="One of its files; else all.", show_default=False)
    ] = None,
) -> None:
    """Print where an entry's files are, and fetch those that are not here."""
    from sightline import weights

    with _plain_errors():
        entry = weights.default_store().entry(name)
        folder = weights.path(name, file)
    for one in [folder] if file else [folder / f.name for f in entry.files]:
        sys.stdout.write(f"{one}\n")
