"""Every error that Sightline raises on purpose.

    SightlineError
    ├── InputError            what the caller handed in cannot be used (exit code 2 on the command line)
    │   ├── ImageError        not an image, truncated, too large, an unknown format
    │   ├── PathRefused       a path outside the allowed roots, or not a regular file
    │   └── QuestionError     an empty or over-long question
    ├── FrameError            boxes of two different frames were mixed
    ├── ConfigError           a recipe, a setting or a tool signature that cannot work
    ├── WeightsError          weights are missing, or their hash is not the one recorded
    └── DataError             a training row that cannot be used; carries the file and the line

What a tool could not do is not an exception: it is a `ToolResult` with a status (see `types`).
"""


class SightlineError(Exception):
    """The root: catch this to catch everything Sightline raises on purpose."""


class InputError(SightlineError, ValueError):
    """What the caller handed in cannot be used."""


class ImageError(InputError):
    """Not an image, a truncated one, one over the caps, or one of a format that is not allowed."""


class PathRefused(InputError):
    """A path outside the allowed roots, or something that is not a regular file."""


class QuestionError(InputError):
    """An empty or over-long question."""


class FrameError(SightlineError, ValueError):
    """Boxes of two different frames were mixed."""


class ConfigError(SightlineError, ValueError):
    """A recipe, a setting or a tool signature that cannot work."""


class WeightsError(SightlineError, RuntimeError):
    """Weights are missing, or they are not the ones that the manifest names."""


class DataError(SightlineError, ValueError):
    """A training row that cannot be used.

    Args:
        message: what is wrong with the row.
        file: the file the row stands in.
        line: its line, counted from 1.
    """

    def __init__(self, message: str, *, file: str, line: int) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
