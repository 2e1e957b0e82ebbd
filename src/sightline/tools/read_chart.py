"""read_chart(region?): the numbers behind columns, bars, lines and pies, measured and read.

A chart whose scale, slices or printed values are not found gives no numbers, and the message says why.
"""

from __future__ import annotations

from sightline.tools.base import Picture
from sightline.tools.chart_axes import with_rows_parted
from sightline.tools.chart_data import NoChart, chart_of
from sightline.tools.recognise import RereadingTool, with_upright
from sightline.types import Box, ChartData, Frame, ToolResult, map_box


class ChartReader(RereadingTool):
    """The tool `read_chart`."""

    name = "read_chart"
    reads = "chart"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"columns and bars (grouped, stacked), lines, pies of flat colors; {self._reader.covers()}"

    def __call__(self, picture: Picture, region: Box | None = None) -> ChartData | ToolResult:
        """Reads the numbers of a chart.

        Args:
            region: where to look; else everywhere
        """
        page = with_upright(self.page(picture, region), self._recogniser)
        try:
            chart = chart_of(with_rows_parted(page), self._recogniser.read)
        except NoChart as why:
            return ToolResult(status=why.status, message=str(why))
        return _carried(chart, picture.frame).model_copy(update={"partial": page.partial})


def _carried(chart: ChartData, frame: Frame) -> ChartData:
    """The chart with its boxes in `frame`."""
    marks = tuple(mark.model_copy(update={"box": map_box(mark.box, frame)}) for mark in chart.marks)
    return chart.model_copy(update={"marks": marks})
