"""Where a variable runs that nothing is said about."""

from __future__ import annotations

DEFAULT_RANGE = (-3.0, 3.0)
"""What pictures show, and where `check` looks."""
