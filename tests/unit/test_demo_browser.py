"""The demo's page in a real browser: headless Chromium at a phone's width, a desk's, and printed.

Nothing is installed here: without Chromium these tests are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.image import imread

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt-get install chromium")

PHONE, DESK = 390, 1280
PIECE = 6_000  # pixels of height that are looked at at once

# Chromium's window is never as narrow as a phone, so the page is looked at inside a frame. A page
# from a file may not look into another one: a copy of the page sends what it measures.
MEASURE = """<script>
addEventListener("load", () => {
  const box = (e) => {
    const r = e.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom];
  };
  const seen = (e) => e.getClientRects().length && !e.closest("thead");
  const all = [...document.querySelectorAll("body *")].filter(seen);
  const kinds = "p, td, th, li, figcaption, code, caption, footer";
  const text = [...document.querySelectorAll(kinds)].filter(seen);
  parent.postMessage(JSON.stringify({
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
    height: document.documentElement.scrollHeight,
    images: [...document.images].map((e) => ({src: e.src, natural: e.naturalWidth, box: box(e)})),
    beyond: all.filter((e) => box(e)[2] > innerWidth + 1).map((e) => e.outerHTML.slice(0, 80)),
    cut: text.filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
      .map((e) => e.outerHTML.slice(0, 80)),
    smallest: Math.min(...text.map((e) => parseFloat(getComputedStyle(e).fontSize))),
  }), "*");
});
</script>"""
FRAME = """<!DOCTYPE html><body style="margin:0;overflow:hidden"><pre id="out"></pre><script>
addEventListener("message", (e) => {{ document.getElementById("out").textContent = e.data }});
</script>
<div style="position:absolute; left:0; top:0; width:{width}px; height:{shown}px; overflow:hidden">
<iframe src="{page}"
 style="width:{width}px; height:{height}px; border:0; margin-top:-{top}px"></iframe>
</div></body>"""


def chromium(folder, *arguments):
    """Run the browser without a window; its profile is thrown away."""
    done = subprocess.run(
        [
            *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-dev-shm-usage", "--no-first-run", "--force-device-scale-factor=1"),
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=10000"),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    """Copy the demo, with a copy of the page that measures itself."""
    folder = tmp_path_factory.mktemp("browser") / "demo"
    path = shutil.copytree(made[1].parent, folder) / made[1].name
    text = path.read_text(encoding="utf-8")
    (folder / "measured.html").write_text(text.replace("</body>", MEASURE + "</body>"))
    return path


def measured(page, width):
    """Return what the page measures of itself at this width."""
    frame = page.parent / f"frame-{width}.html"
    frame.write_text(FRAME.format(width=width, height=800, shown=800, top=0, page="measured.html"))
    dom = chromium(page.parent, "--window-size=1400,900", "--dump-dom", frame.as_uri())
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)[1]
    return json.loads(found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def screenshot(page, width, height):
    """Return the whole page at this width, shape (height, width, 3), from 0 (black) to 1."""
    pieces = []
    for top in range(0, height, PIECE):
        frame, picture = page.parent / f"piece-{width}.html", page.parent / f"piece-{width}.png"
        frame.write_text(
            FRAME.format(width=width, height=height, shown=PIECE, top=top, page=page.name)
        )
        size = f"--window-size={max(width, 600)},{PIECE}"
        chromium(page.parent, size, f"--screenshot={picture}", frame.as_uri())
        pieces.append(imread(picture)[:, :width, :3])
    return np.vstack(pieces)[:height]


@pytest.mark.parametrize("width", [320, PHONE, DESK])
def test_nothing_is_wider_than_the_screen(page, width):
    """No sideways scrolling, nothing beyond the edge, nothing cut off, no tiny text."""
    found = measured(page, width)
    assert found["width"] == width
    assert found["scroll"] == width
    assert found["beyond"] == []
    assert found["cut"] == []
    assert found["smallest"] >= 14


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_picture_is_there_and_not_blank(page, width):
    """Each picture is loaded, fills a phone's width, and shows something."""
    found = measured(page, width)
    assert len(found["images"]) >= 7
    shot = screenshot(page, width, found["height"])
    for image in found["images"]:
        left, top, right, bottom = (round(edge) for edge in image["box"])
        assert image["natural"] > 300, image["src"]
        assert right - left >= 0.95 * min(width, 500), image["src"]
        part = shot[top:bottom, left:right]
        drawn = (part < 0.9).any(axis=2)
        assert 0.01 < drawn.mean() < 0.6, image["src"]
        # on all sides of its middle, and not in a corner alone
        rows, columns = np.nonzero(drawn)
        assert np.ptp(rows) > 0.7 * (bottom - top), image["src"]
        assert np.ptp(columns) > 0.6 * (right - left), image["src"]


def test_a_page_that_is_too_wide_is_seen(page):
    """Planted: a line that can't be broken is found, so the test above can fail."""
    text = (page.parent / "measured.html").read_text(encoding="utf-8")
    bad = text.replace("</main>", f'<p style="white-space:nowrap">{"wide " * 200}</p></main>')
    (page.parent / "measured.html").write_text(bad)
    try:
        assert measured(page, PHONE)["scroll"] > PHONE
    finally:
        (page.parent / "measured.html").write_text(text)


def test_it_prints(page):
    """Printing makes a PDF of a reasonable number of pages."""
    pdf = page.parent / "page.pdf"
    chromium(page.parent, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri())
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", data))
    assert 6 <= pages <= 20
