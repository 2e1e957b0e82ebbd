"""How much a run may spend."""

from __future__ import annotations

from dataclasses import dataclass

# The share of the time that is kept back for the last, forced answer.
_KEPT_BACK = 0.15


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of one run. At the end of any of them the planner must answer with what it has.

    Attributes:
        steps: rounds of planning that may call tools; one more round may follow, which must answer.
        seconds: wall clock of the whole run. The last 15 % of it are kept for the forced answer.
        per_tool_seconds: wall clock of one call.
        calls: calls of tools, all rounds together; what goes beyond is refused.
        images: crops that are shown to the planner besides the original.
        repairs: times that a planner may think again after its answer failed a check.
    """

    steps: int = 6
    seconds: float = 60.0
    per_tool_seconds: float = 20.0
    calls: int = 12
    images: int = 4
    repairs: int = 1

    def __post_init__(self) -> None:
        if self.steps < 1 or self.seconds <= 0 or self.per_tool_seconds <= 0:
            raise ValueError("steps, seconds and per_tool_seconds of a budget must be positive")
        if min(self.calls, self.images, self.repairs) < 0:
            raise ValueError("calls, images and repairs of a budget must not be negative")

    @property
    def working_seconds(self) -> float:
        """The time in which tools may run and rounds may start."""
        return self.seconds * (1 - _KEPT_BACK)
