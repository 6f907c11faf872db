"""The tables of images, each with its queries."""

from transforms.models.blocks import BlockRule
from transforms.models.domains import Domain
from transforms.models.fallbacks import Fallback
from transforms.models.presets import Preset
from transforms.models.purges import PurgeRule
from transforms.models.sources import Source

__all__ = ["BlockRule", "Domain", "Fallback", "Preset", "PurgeRule", "Source"]
