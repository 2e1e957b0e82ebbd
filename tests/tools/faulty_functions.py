"""Functions for workers, with every fault that one may have. The child imports this file by name."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any

MIB = 1 << 20


def make(start_mb: int = 0) -> Callable[..., Any]:
    """A function that does as it is told, and holds `start_mb` MiB from its start."""
    held = [bytearray(b"x") * (start_mb * MIB)]

    def function(what: str, value: Any = None) -> Any:
        match what:
            case "echo":
                return value
            case "nap":
                time.sleep(float(value))
                return value
            case "sleep":
                time.sleep(600)
            case "raise":
                raise ValueError("no good")
            case "segfault":
                return ctypes.string_at(0)
            case "hold":  # and keep from call to call
                held.append(bytearray(b"x") * (value * MIB))
                return sum(map(len, held)) // MIB
            case "allocate":
                while True:  # about 400 MiB/s, and never an end
                    held.append(bytearray(b"x") * (8 * MIB))
                    time.sleep(0.02)
        raise AssertionError(what)

    return function
