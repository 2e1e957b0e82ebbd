"""`sightline weights`: what is fetched from elsewhere, whether it is here, and whether it is right.

How every command speaks on stderr, `say` and `plain_errors`, is here too: `sightline.cli` stands above this.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.errors import ConfigError, DataError, InputError, SightlineError

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
_STOPPED = "stopped; nothing half fetched is left"
_STYLES = {"here": "green", "not fetched": "yellow", "damaged": "red"}


def say(text: str) -> None:
    """Print a text on stderr, as one line behind the name of the program."""
    one_line = " ".join(text.split())
    print(f"sightline: {one_line}", file=sys.stderr)


@contextmanager
def plain_errors(stopped: str = "stopped") -> Iterator[None]:
    """Turn errors raised on purpose, errors of the system and Ctrl-C into one line and an exit code.

    Args:
        stopped: what is said after Ctrl-C.

    Raises:
        Exit: of typer; 2 for what cannot be used, 1 for what failed, 130 after Ctrl-C.
    """
    try:
        yield
    except (InputError, ConfigError, DataError) as error:
        say(str(error))
        raise typer.Exit(2) from error
    except (SightlineError, OSError) as error:  # the system's: a store not to be read, a full disk
        say(str(error))
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        say(stopped)
        raise typer.Exit(130) from error


@app.command(name="list")
def list_(
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list, with every file, its hash and its source.")
    ] = False,
) -> None:
    """Show what there is, and which of it is here."""
    from sightline import weights

    with plain_errors(_STOPPED):
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
    """Fetch what is not here yet: what the tools need, or what is named; and make it ready for use."""
    from sightline import weights

    # A process that is told to end leaves nothing behind either: `timeout`, a container that stops.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with plain_errors(_STOPPED):
        store = weights.default_store()
        wanted = list(store.entries) if everything else names or weights.needed()
        fetched = store.fetch(wanted)
    said = f"fetched {', '.join(fetched)}" if fetched else f"{', '.join(wanted)}: here already"
    say(f"{said}; in {store.folder}")
    with plain_errors(_STOPPED):
        prepare()


def prepare() -> None:
    """Make ready what is not yet, of all that is here: the first question then waits for nothing.

    Each says so in a line of its own. Raises `WeightsError`.
    """
    from sightline import weights
    from sightline.mllm import prepared as planner
    from sightline.tools import prepared_networks as networks

    networks.detector_network()
    if weights.available(networks.CLASSIFIER):
        networks.classifier_network()
    if planner.can_prepare():
        planner.prepare()


@app.command()
def verify(names: Names = None) -> None:
    """Take the hash of every file that is here, or of those named."""
    from sightline import weights

    with plain_errors(_STOPPED):
        found = weights.verify(names or None)
    if not found:
        say("nothing is here yet; `sightline weights fetch` fetches what the tools need")
    for one in found:
        sys.stdout.write(f"{one.state:8} {one.entry}/{one.file}{one.detail and ': ' + one.detail}\n")
    _refuse_damaged(found)


def _refuse_damaged(found: list[Checked]) -> None:
    wrong = list(dict.fromkeys(one.entry for one in found if one.state != "ok"))
    if wrong:
        sys.stdout.flush()
        say(f"not right: {', '.join(wrong)}; to mend it run `sightline weights fetch {' '.join(wrong)}`")
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

    with plain_errors(_STOPPED):
        entry = weights.default_store().entry(name)
        folder = weights.path(name, file)
    for one in [folder] if file else [folder / f.name for f in entry.files]:
        sys.stdout.write(f"{one}\n")
