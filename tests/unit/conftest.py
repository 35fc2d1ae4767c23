"""What several test files share."""

from __future__ import annotations

import pytest

from symnum.demo import figures as drawing
from symnum.demo.demo import SYSTEMS, run


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory):
    """Run the demo once into a folder that isn't there yet; keep its figures by file name."""
    steps, kept = [], {}
    with pytest.MonkeyPatch.context() as patch:
        save = drawing.save

        def keep(figure, path):
            kept[path.name] = figure
            save(figure, path)

        patch.setattr(drawing, "save", keep)
        demo, path = run(tmp_path_factory.mktemp("home") / "new" / "demo", steps.append)
    assert steps == [1] * len(SYSTEMS)
    return demo, path, kept


@pytest.fixture(scope="session")
def made(demo_run):
    """Return the demo's numbers and its page."""
    return demo_run[:2]


@pytest.fixture(scope="session")
def figures(demo_run):
    """Return the demo's pictures as figures, by file name."""
    return demo_run[2]
