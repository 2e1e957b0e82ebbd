"""The mixture of episodes that the planner is trained on, and the share of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sightline.planning.tool_spec import ToolSpec
from sightline.train.symbolic.batches import Make, Source
from sightline.train.symbolic.chart_statements import statement_episode
from sightline.train.symbolic.charts import chart_episode, chart_first_calls
from sightline.train.symbolic.documents import document_episode
from sightline.train.symbolic.episode import Episode
from sightline.train.symbolic.invented import invented_episode
from sightline.train.symbolic.mixer import offer
from sightline.train.symbolic.photos import photo_episode
from sightline.train.symbolic.prints import print_episode
from sightline.train.symbolic.shapes import scene_episode
from sightline.train.symbolic.tables import table_episode, table_first_calls
from sightline.train.symbolic.wtq import WtqEpisodes

Generate = Callable[[np.random.Generator], Episode]

SHARES: tuple[tuple[str, float, Generate], ...] = (
    ("tables", 0.12, table_episode),
    ("table calls", 0.08, table_first_calls),
    ("charts", 0.12, chart_episode),
    ("statements", 0.08, statement_episode),
    ("chart calls", 0.08, chart_first_calls),
    ("photos", 0.10, photo_episode),
    ("scenes", 0.22, scene_episode),
    ("documents", 0.12, document_episode),
    ("prints", 0.05, print_episode),
)
"""Of first calls there are few in an episode, and all that follows hangs on them: at a share of 0.03 each,
the choice between the readers of tables and of charts was lost again late in a run."""

INVENTED = 0.15
WTQ = 0.10
"""Of all episodes, where the pack of WikiTableQuestions is at hand; else its share goes to the others."""


def sources(pack: Path | None = None, found: Path | None = None) -> tuple[Source, ...]:
    """The mixture.

    Args:
        pack: folder of wtq_train; None leaves it out.
        found: the SQL that `symbolic.wtq` found for it.
    """
    made = [Source(name, share, _offered(generate)) for name, share, generate in SHARES]
    made.append(Source("invented", INVENTED, _invented))
    if pack is not None and found is not None:
        made.append(Source("wtq", WTQ, _offered(WtqEpisodes(pack, found).episode)))
    return tuple(made)


def _offered(generate: Generate) -> Make:
    def make(rng: np.random.Generator) -> tuple[Episode, tuple[ToolSpec, ...]]:
        offered = offer(generate(rng), rng)
        return offered.episode, offered.tools

    return make


def _invented(rng: np.random.Generator) -> tuple[Episode, tuple[ToolSpec, ...]]:
    episode, own = invented_episode(rng)
    offered = offer(episode, rng, own)
    return offered.episode, offered.tools
