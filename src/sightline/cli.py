"""The command line. It only composes: each command imports what it needs when it runs.

Exit codes: 0 done, 1 something of ours failed, 2 what was handed in cannot be used, 130 stopped by Ctrl-C.
Results go to stdout; progress, summaries and errors go to stderr, an error in one line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline import cli_weights
from sightline.cli_weights import plain_errors, say
from sightline.errors import ConfigError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from sightline.agent.answerers import AgentAnswerer, ModelAnswerer
    from sightline.agent.batch import Progress
    from sightline.agent.doctor import Finding
    from sightline.agent.environment import AgentEnvironment
    from sightline.agent.tool_list import ToolInfo
    from sightline.train.evaluation.suites import Suite
    from sightline.types import Answer, ToolResult

app = typer.Typer(
    name="sightline",
    help="Ask questions about images. Offline, once `sightline weights fetch` has run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(cli_weights.app)


def main() -> None:
    """What the command `sightline` runs."""
    app()


def _version(asked: bool) -> None:
    if asked:
        import sightline

        typer.echo(f"sightline {sightline.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Ask questions about images. Offline, once `sightline weights fetch` has run."""


@app.command()
def ask(
    image: Annotated[str, typer.Argument(help="A picture: a file or a data URI.", show_default=False)],
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="Print the whole answer as JSON, and nothing else.")
    ] = False,
    trace: Annotated[Path | None, typer.Option(help="Leave a record of the run in this folder.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the run, with the cited boxes, into this PNG.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Limit of the whole run.", min=0.1)] = 60.0,
    detector: Annotated[
        str | None, typer.Option(help="Weights for detect: a file or a folder.", show_default=False)
    ] = None,
) -> None:
    """Answer one question about one image, with the evidence for it."""
    with plain_errors(), _live() as progress:
        answer = _answered(image, question, trace, picture, seconds, detector, progress)
    if json:
        sys.stdout.write(answer.model_dump_json() + "\n")
    else:
        _show_answer(answer)
    if answer.status == "failed":
        say(answer.message)
        raise typer.Exit(1)


@contextmanager
def _live() -> Iterator[Callable[[str], None]]:
    """A line on a terminal's stderr that says what is being done; it is gone at the end. Else nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("loading") as status:
        yield lambda text: status.update(text if len(text) <= 70 else text[:69] + "…")


def _answered(
    image: str,
    question: str,
    trace: Path | None,
    picture: Path | None,
    seconds: float,
    detector: str | None,
    progress: Callable[[str], None],
) -> Answer:
    from sightline.agent.agent import Agent
    from sightline.agent.budget import Budget
    from sightline.agent.builder import embedded_tools
    from sightline.agent.questions import clean_question
    from sightline.images import ImageStore, load_image

    clean_question(question)
    loaded = load_image(image)
    if detector and not Path(detector).exists():
        raise InputError(f"no such weights for detect: {detector}")
    _quiet_logging()
    store = ImageStore()
    tools = embedded_tools(store, detector) if detector else None
    with Agent(tools=tools, budget=Budget(seconds=seconds), trace_dir=trace, store=store) as agent:
        answer = agent.run(loaded, question, progress=progress)
    if picture is not None:
        from sightline.agent.render import draw_answer

        _save_png(draw_answer(loaded.pixels, answer), picture)
    return answer


def _save_png(image: object, path: Path) -> None:
    from PIL import Image

    assert isinstance(image, Image.Image)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, "PNG")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error


def _quiet_logging() -> None:
    """A run that failed says so in one line; its traceback is for those who set up logging."""
    import logging

    logging.getLogger("sightline").addHandler(logging.NullHandler())
    logging.getLogger("sightline").propagate = False


def _show_answer(answer: Answer) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    style = "bold green" if answer.status == "answered" else "bold yellow"
    console.print(Text(answer.text, style=style))
    cites = f", stands on {', '.join(answer.cites)}" if answer.cites else ""
    console.print(Text(f"{answer.status}, confidence {answer.confidence:.0%}{cites}", style="dim"))
    if answer.message:
        console.print(Text(answer.message, style="yellow"))
    for check in answer.checks:
        mark = Text("✓ ", style="green") if check.passed else Text("✗ ", style="red")
        console.print(mark + Text(f"{check.name}: {check.detail}"))
    _show_steps(console, answer)


def _show_steps(console: Console, answer: Answer) -> None:
    from rich.text import Text

    from sightline.agent.render import call_text, cost_text, result_text

    found = {e.id: e for e in answer.evidence}
    for step in answer.trace:
        console.print(
            Text(f"\nstep {step.index + 1}", style="bold") + Text(f"  {step.seconds:.1f} s", style="dim")
        )
        if step.thought:
            console.print(Text(f"  {step.thought}", style="italic"))
        for e in (found[i] for i in step.evidence if i in found):
            console.print(Text(f"  {call_text(e)}", style="cyan"))
            for line in result_text(e, 12, answer.text).splitlines():
                console.print(Text(f"      {line}", style="" if e.id in answer.cites else "dim"))
        if step.answer:
            console.print(Text(f"  answer: {step.answer}"))
    console.print(Text(f"\n{cost_text(answer)}", style="dim"))


@app.command()
def batch(
    folder: Annotated[
        Path, typer.Argument(help="Searched for images, with all folders in it.", show_default=False)
    ],
    question: Annotated[
        list[str],
        typer.Option("--question", "-q", help="Asked of each image; may be given again.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="JSON lines: one row an image and question.", show_default=False)],
    trace: Annotated[Path | None, typer.Option(help="Leave a record of each run in this folder.")] = None,
) -> None:
    """Ask the same questions about a folder of images; run it again to go on where it stopped."""
    from sightline.agent.agent import Agent
    from sightline.agent.batch import run_batch

    _quiet_logging()
    with plain_errors(), Agent(trace_dir=trace) as agent, _progress() as progress:
        try:
            done = run_batch(agent, folder, question, out, progress)
        except KeyboardInterrupt as error:
            say(f"stopped; what is done is in {out}, and the same command goes on from there")
            raise typer.Exit(130) from error
    say(
        f"{done.written} rows written to {out}, {done.errors} of them errors; {done.before} were there before"
    )


@contextmanager
def _progress() -> Iterator[Progress]:
    """A progress bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("asking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@app.command(name="eval")
def evaluate(
    suite: Annotated[
        str,
        typer.Argument(
            help="Questions: world:NAME?n=200&split=heldout, a JSONL file, or a folder with data.jsonl; "
            "PATH?metric=exact&split=val names a metric and keeps rows.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the answers and the table; runs/eval/... if not given.")
    ] = None,
    bare_model: Annotated[
        bool, typer.Option("--bare-model", help="Our model without the controller.")
    ] = False,
    no_tools: Annotated[bool, typer.Option("--no-tools", help="The agent with no tools.")] = False,
    oracle: Annotated[
        str, typer.Option(help="`detect`: a detector that reads the boxes of the suite.", show_default=False)
    ] = "",
    limit: Annotated[int | None, typer.Option(help="Questions to ask, drawn with the seed.")] = None,
    seed: Annotated[int, typer.Option(help="Of worlds, of the draw, and of the intervals.")] = 0,
    seconds: Annotated[float, typer.Option(help="Limit of one question.", min=0.1)] = 60.0,
    rescore: Annotated[
        Path | None, typer.Option(help="Score the answers.jsonl of an earlier run again; asks nothing.")
    ] = None,
) -> None:
    """Ask the questions of a suite and score the answers; run it again to go on where it stopped."""
    with plain_errors():
        if rescore is not None:
            from sightline.train.evaluation.report import markdown
            from sightline.train.evaluation.report import rescore as scored

            table = markdown(scored(rescore, seed=seed))
        else:
            table = _evaluated(suite, out, (bare_model, no_tools, oracle), limit, seed, seconds)
    sys.stdout.write(table)


def _evaluated(
    name: str, out: Path | None, who: tuple[bool, bool, str], limit: int | None, seed: int, seconds: float
) -> str:
    """Ask, write the table beside the answers, and return it."""
    from sightline.train.evaluation.report import markdown, report
    from sightline.train.evaluation.runner import run_suite
    from sightline.train.evaluation.suites import load_suite

    if who[2] not in ("", "detect") or sum(map(bool, who)) > 1:
        raise ConfigError("give at most one of --bare-model, --no-tools and --oracle detect")
    _quiet_logging()
    suite = load_suite(name, seed=seed)
    with _answerer(suite, who, seconds) as answerer, _progress() as progress:
        folder = out or Path("runs/eval") / suite.folder(answerer.settings)
        try:
            settings, rows = run_suite(
                suite,
                answerer,
                folder,
                settings=answerer.settings,
                seconds=seconds,
                limit=limit,
                seed=seed,
                progress=progress,
            )
        except KeyboardInterrupt as error:
            say(f"stopped; what is done is in {folder}, and the same command goes on from there")
            raise typer.Exit(130) from error
    table = markdown(report(settings, rows, seed=seed))
    (folder / "summary.md").write_text(table, encoding="utf-8")
    say(f"the answers are in {folder}")
    return table


def _answerer(suite: Suite, who: tuple[bool, bool, str], seconds: float) -> AgentAnswerer | ModelAnswerer:
    """Who is asked. The agent gets less than the limit, so that it ends by itself with the best it has."""
    from sightline.agent.answerers import AgentAnswerer, ModelAnswerer, OracleDetector, gold_boxes

    bare_model, no_tools, oracle = who
    if bare_model:
        return ModelAnswerer(seconds=0.9 * seconds)
    if oracle:
        gold = gold_boxes((item.images[0], item.state) for item in suite.items)
        return AgentAnswerer(oracle=OracleDetector(gold), seconds=0.9 * seconds)
    return AgentAnswerer(tools=not no_tools, seconds=0.9 * seconds)


@app.command()
def tools(
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list, with the schema of each tool's arguments.")
    ] = False,
) -> None:
    """Show every tool: how it is called, what it can do, and whether it is ready."""
    from dataclasses import asdict

    from sightline.agent.captioning import embedded_speaker
    from sightline.agent.tool_list import describe
    from sightline.tools.registry import all_tools

    _quiet_logging()
    with plain_errors():
        known = describe(all_tools(speaker=embedded_speaker()))
    if json:
        _print_json([asdict(info) for info in known])
    else:
        _show_tools(known)


def _print_json(value: object) -> None:
    from json import dumps

    sys.stdout.write(dumps(value, ensure_ascii=False, indent=1) + "\n")


def _show_tools(known: list[ToolInfo]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    styles = {"ready": "green", "missing": "yellow", "broken": "red"}
    for info in known:
        head = Text(_wrapped(f"{info.name} {info.usage}", console.width, 0))
        head.stylize("bold cyan", 0, len(info.name))
        state = Text(info.state, style=styles[info.state])
        console.print(head)
        console.print(Text.assemble("  ", state, (f"  {_made_by(info.version, info.weights)}", "dim")))
        for said in filter(None, (info.covers or info.doc, info.note)):
            console.print(Text(_wrapped(said, console.width, 2)))


def _wrapped(text: str, width: int, indent: int) -> str:
    """Lines of `width`, the first `indent` characters in, the others at least four."""
    from textwrap import fill

    return fill(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent or 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _made_by(version: str, weights: str) -> str:
    return ", ".join(filter(None, (version, f"weights {weights}" if weights else "")))


@app.command()
def tool(
    name: Annotated[str, typer.Argument(help="A tool: see `sightline tools`.", show_default=False)],
    image: Annotated[str, typer.Argument(help="A picture: a file or a data URI.", show_default=False)],
    arg: Annotated[
        list[str] | None,
        typer.Option(
            help="An argument, such as query='red circles' or region=10,20,80,90; may be given again."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the whole result as JSON, and nothing else.")
    ] = False,
    draw: Annotated[Path | None, typer.Option(help="Draw what was found into this PNG.")] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds for the call; loading comes before.", min=0.1)
    ] = 60.0,
) -> None:
    """Ask one tool about one image. Exit code 1: it failed, 2: it cannot do what was asked."""
    with plain_errors():
        result = _run_tool(name, image, arg or [], draw, timeout)
    if json:
        sys.stdout.write(result.model_dump_json() + "\n")
    elif result.status in ("ok", "empty"):
        _show_result(result)
    if result.status not in ("ok", "empty"):
        say(result.message if result.status == "refused" else f"{result.status}: {result.message}")
        raise typer.Exit(2 if result.status in ("refused", "unsupported") else 1)


def _run_tool(name: str, image: str, pairs: list[str], draw: Path | None, timeout_s: float) -> ToolResult:
    from sightline.agent.captioning import embedded_speaker
    from sightline.images import ImageStore, load_image
    from sightline.tools.arguments import split_pairs
    from sightline.tools.guard import run
    from sightline.tools.registry import all_tools

    store = ImageStore()
    known = all_tools(store=store, speaker=embedded_speaker())
    if name not in known:
        raise InputError(f'no tool "{name[:60]}"; there are {", ".join(known)}')
    picture, arguments = load_image(image), split_pairs(pairs)
    _quiet_logging()
    try:
        result = run(known[name], picture, arguments, timeout_s=timeout_s)
    finally:
        for one in known.values():
            one.close()
    if draw is not None and result.payload is not None:
        from sightline.agent.overlay import draw_result

        _save_png(draw_result(picture, result, store=store), draw)
    return result


def _show_result(result: ToolResult) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(result.status, style="bold green" if result.status == "ok" else "bold yellow"))
    if result.payload is not None:
        console.print(Text(result.payload.to_text(100_000)))
    elif result.message:
        console.print(Text(result.message))
    console.print(Text(f"{_made_by(result.version, result.weights)}, {result.seconds:.2f} s", style="dim"))


@app.command()
def mcp(
    root: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder whose images clients may name; may be given again.  [default: this folder]"
        ),
    ] = None,
) -> None:
    """Serve other agents over the Model Context Protocol, on stdin and stdout."""
    from sightline.agent.mcp_server import serve

    with plain_errors():
        serve(root or [Path.cwd()])


@app.command()
def doctor() -> None:
    """Show what is installed, which weights are here and what each tool can do."""
    from sightline.agent.doctor import broken, examine

    _quiet_logging()
    findings = examine()
    _show_findings(findings)
    if broken(findings):
        say("the embedded tier does not work; see the lines above that are not ok")
        raise typer.Exit(1)


def _show_findings(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "missing": "yellow", "broken": "red"}
    table = Table(box=None, pad_edge=False)
    for heading in ("part", "name", "state", "detail"):
        table.add_column(heading, overflow="fold")
    for f in findings:
        table.add_row(f.part, f.name, Text(f.verdict, style=styles[f.verdict]), Text(f.detail))
    Console(highlight=False).print(table)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def train(context: typer.Context) -> None:
    """Make the model: see `sightline train --help`."""
    from sightline.train.cli import app as train_app

    with plain_errors():
        train_app(args=context.args, prog_name="sightline train", obj=_environment)


def _environment(with_tools: bool) -> AgentEnvironment:
    """Where a policy that trains may act: the agent. The training room does not know it."""
    from sightline.agent.environment import AgentEnvironment
    from sightline.train.worlds.scenes import SHAPES

    return AgentEnvironment(labels=() if with_tools else SHAPES)


if __name__ == "__main__":
    main()
