"""The embedded default: our model as the planner, and our tools. Everything else is passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sightline.agent.language_planner import LanguagePlanner
    from sightline.agent.planners import Planner
    from sightline.images import ImageStore
    from sightline.tools.base import Tool


def default_planner() -> Planner:
    """Our model with the embedded weights. Raises `WeightsError` if they are missing or changed."""
    from sightline.agent.planners import MLLMPlanner
    from sightline.mllm.reasoner import Reasoner

    return MLLMPlanner(Reasoner.load())


def embedded_tools(store: ImageStore, detector: str | Path | None = None) -> dict[str, Tool]:
    """The tools of the embedded tier. Nothing is loaded yet.

    Args:
        store: where crops go.
        detector: weights for `detect` (see `Detector`); None for the embedded ones.
    """
    from sightline.tools.registry import default_tools

    return default_tools(store=store, detector=detector)


def language_planner(folder: Path) -> LanguagePlanner:
    """The planner whose language model lies in a folder: one of onnxruntime-genai, or of transformers.

    The first needs neither torch nor transformers. Raises `WeightsError` where the folder holds neither.
    """
    from sightline.agent.language_planner import LanguagePlanner
    from sightline.planning.decode import Decoder, Session
    from sightline.planning.tokens import Tokens

    tokens = Tokens.load(folder)
    session: Session
    if (folder / "genai_config.json").is_file():
        from sightline.mllm.language_onnx import OnnxSession

        session = OnnxSession(folder)
    else:
        from sightline.mllm.language_torch import TorchSession, load_language_model

        session = TorchSession(load_language_model(folder))
    return LanguagePlanner(Decoder(session, tokens))
