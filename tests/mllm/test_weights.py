"""Weights are the ones that the manifest names, or they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.errors import WeightsError
from sightline.mllm.weights import check_weights, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "config.json").write_text("{}")
    write_manifest(tmp_path, {"stage": "sft"})
    return tmp_path


def test_whole_weights_have_a_digest(folder: Path) -> None:
    assert len(check_weights(folder)) == 16


def test_other_tensors_have_another_digest(folder: Path) -> None:
    before = check_weights(folder)
    (folder / "model.safetensors").write_bytes(b"other")
    write_manifest(folder, {})
    assert check_weights(folder) != before


def test_a_changed_file_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"Weights")
    with pytest.raises(WeightsError, match=r"model\.safetensors is not the file"):
        check_weights(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(WeightsError, match=r"config\.json is missing"):
        check_weights(folder)


def test_tensors_that_the_manifest_does_not_name_are_refused(folder: Path) -> None:
    (folder / "model-00001-of-00002.safetensors").write_bytes(b"left over")
    with pytest.raises(WeightsError, match=r"model-00001-of-00002\.safetensors is not one of the files"):
        check_weights(folder)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"files": 3}', '{"files": ["a"]}'])
def test_what_is_no_manifest_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(WeightsError, match="no weights"):
        check_weights(folder)


def test_no_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights"):
        check_weights(tmp_path)
