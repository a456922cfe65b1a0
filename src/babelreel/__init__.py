"""babelreel: find moments in videos, and images, from a query in any language."""

from __future__ import annotations

__version__ = "0.1.0"
