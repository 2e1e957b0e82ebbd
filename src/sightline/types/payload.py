"""Every finding that a result may carry."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sightline.types.description import Description
from sightline.types.findings import (
    Caption,
    ChartData,
    Crop,
    Detections,
    Drawing,
    Facts,
    Fields,
    Masks,
    Table,
    TextLines,
)
from sightline.types.overview import Classes, Overview
from sightline.types.relation import Relation

Payload = Annotated[
    Detections
    | TextLines
    | Crop
    | Masks
    | Caption
    | Drawing
    | Facts
    | Table
    | ChartData
    | Fields
    | Relation
    | Description
    | Classes
    | Overview,
    Field(discriminator="kind"),
]
