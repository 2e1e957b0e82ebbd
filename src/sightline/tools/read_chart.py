"""read_chart(region?): the numbers behind columns, bars, lines and pies, measured and read.

A chart whose scale, slices or printed values are not found gives no numbers, and the message says why.
"""

from __future__ import annotations

import time
from functools import cached_property, partial
from importlib.metadata import version
from typing import Any

from sightline.tools.base import Picture, finish
from sightline.tools.chart_axes import with_rows_parted
from sightline.tools.chart_data import NoChart, chart_of
from sightline.tools.reading import PageExpert, Reader, read_page
from sightline.tools.recognise import Recogniser, with_upright
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import ChartData, Frame, ToolResult, map_box


class ChartReader(PageExpert):
    """The expert `read_chart`."""

    name = "read_chart"
    doc = "reads the numbers of a chart"

    def __init__(self, reader: Reader) -> None:
        """`reader` reads the words; nothing is loaded yet."""
        super().__init__(reader)
        self._recogniser = Recogniser()

    @cached_property
    def version(self) -> str:
        """Of the libraries behind it."""
        return f"{self._reader.version}, opencv {version('opencv-python-headless')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"columns and bars (grouped, stacked), lines, pies of flat colours; {self._reader.covers()}"

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Read the chart; boxes stand in the frame of `picture`."""
        started = time.monotonic()
        page = read_page(self, self._reader, picture, arguments, started=started, timeout_s=timeout_s)
        if isinstance(page, ToolResult):
            return page
        try:
            page = with_upright(page, self._recogniser, deadline=started + timeout_s)
            chart = chart_of(
                with_rows_parted(page), partial(self._recogniser.read, deadline=started + timeout_s)
            )
        except NoChart as why:
            return finish(self, started, why.status, message=str(why))
        except WorkerTimeout as error:
            return finish(self, started, "timeout", message=str(error))
        except WorkerFailed as error:
            return finish(self, started, "error", message=str(error))
        return finish(self, started, "ok", _carried(chart, picture.frame))

    def close(self) -> None:
        """Kill the processes; a later `run` starts others."""
        self._recogniser.close()
        super().close()


def _carried(chart: ChartData, frame: Frame) -> ChartData:
    """The chart with its boxes in `frame`."""
    marks = tuple(mark.model_copy(update={"box": map_box(mark.box, frame)}) for mark in chart.marks)
    return chart.model_copy(update={"marks": marks})
