"""What several test files share."""

from __future__ import annotations

import pytest

from symnum.demo.demo import SYSTEMS, run


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Run the demo once into a folder that isn't there yet; return its numbers and its page."""
    steps = []
    demo, path = run(tmp_path_factory.mktemp("home") / "new" / "demo", steps.append)
    assert steps == [1] * len(SYSTEMS)
    return demo, path
