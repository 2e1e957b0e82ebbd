"""What `sightline train describe` and `sightline train convert` do; the command line parses and prints."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from sightline.errors import ConfigError
from sightline.tools.base import Tool
from sightline.train.data.describe import describe_folder
from sightline.train.data.faults import Tally
from sightline.train.data.readers import FORMATS, Format, Source, read_rows, write_rows

TOOLS = "sightline.tools.registry:default_tools"
"""Those of the embedded tier."""


def describe(folder: Path, out: Path, *, tools: str = TOOLS, seconds: float = 60.0, seed: int = 0) -> Tally:
    """Let tools look at every image of a folder, and write what they found as LLaVA JSON.

    Args:
        folder: searched with all that is under it.
        out: a .json or .jsonl file, made anew.
        tools: `package.module:function`, which is called and returns tools by name.
        seconds: of one tool on one image.
        seed: of the wordings.

    Returns:
        the rows written and the faults.

    Raises:
        ConfigError: there are no such tools, or nothing can be written.
        InputError: no such folder, or no images in it.
    """
    made = _made(tools)
    try:
        return describe_folder(folder, made, out, timeout_s=seconds, seed=seed)
    finally:
        for tool in made.values():
            tool.close()


def _made(name: str) -> Mapping[str, Tool]:
    module, _, function = name.partition(":")
    try:
        tools = getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ConfigError(f"no tools {name!r} (package.module:function): {error}") from error
    if not isinstance(tools, Mapping):
        raise ConfigError(f"{name} returns {type(tools).__name__}, not tools by their names")
    return tools


def convert(
    source: Path,
    out: Path,
    *,
    read_as: str | None = None,
    write_as: str = "llava",
    images: Path | None = None,
    save: Path | None = None,
    embed: bool = False,
    skip: bool = False,
) -> Tally:
    """Read rows of one form and write them in another.

    Args:
        source: a file, or a folder of shards.
        out: a file, made anew; its ending says which container.
        read_as: the format read; None finds it out.
        write_as: the format written.
        images: the folder of the images' paths, or MIMIC-IT's images file.
        save: copy every image into this folder; `out` then holds paths from there.
        embed: put the bytes of every image into `out`.
        skip: leave out and count rows with a fault; else the first one ends it.

    Returns:
        the rows written and the faults.

    Raises:
        ConfigError: no such format or container, a folder of images, or nothing can be written.
        DataError: a fault, or a row that the new format cannot hold.
        InputError: no such file.
    """
    if write_as not in FORMATS:
        raise ConfigError(f"no format {write_as!r}; there are {', '.join(FORMATS)}")
    read = Source(path=source, form=cast("Format | None", read_as), images=images)
    if not read.files:
        raise ConfigError(f"{source} holds no rows; images alone are described: sightline train describe")
    tally = Tally(on_fault="skip" if skip else "raise")
    rows = read_rows(read, tally)
    write_rows(rows, out, write_as, images=read.root, save=save, embed=embed)
    return tally
