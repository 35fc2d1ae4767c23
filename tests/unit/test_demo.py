"""`symnum demo`: the numbers of the seven systems, the page, and the command."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

import symnum
from symnum import cli
from symnum.demo import chapter
from symnum.demo.demo import run
from symnum.demo.document import demo_lines
from symnum.demo.facts import Demo, Listing, Number, Picture, System, Table
from symnum.demo.page import page
from symnum.demo.systems import bowl, curve
from symnum.errors import UsageError

ROOT = Path(symnum.__file__).parents[1]
KEYS = ("derivative", "tangent", "partials", "symbolic", "field", "descent", "network")


@pytest.fixture(scope="module")
def demo(made):
    """The seven systems."""
    return made[0]


@pytest.fixture(scope="module")
def document(made):
    """The page as text."""
    return made[1].read_text(encoding="utf-8")


def number(demo: Demo, key: str, name: str) -> Number:
    """Return the one number of a system that has this name."""
    (system,) = (s for s in demo.systems if s.key == key)
    (found,) = (n for table in system.tables for n in table.numbers if n.name == name)
    return found


# --- the numbers of the mission -------------------------------------------------------------------


def test_there_are_seven_systems_each_with_numbers_a_picture_and_two_sentences(demo):
    """All seven, in order."""
    assert tuple(system.key for system in demo.systems) == KEYS
    for system in demo.systems:
        assert len(system.sentences) == 2
        assert all(sentence.endswith(".") for sentence in system.sentences)
        assert system.pictures
        assert any(table.numbers for table in system.tables)


@pytest.mark.parametrize(
    ("x", "plain", "exact", "exactly"),
    [(5, 0.1999999999990898, 0.2, "1/5"), (10, 0.2999999999986347, 0.3, "3/10")],
)
def test_row_1_derivatives(demo, x, plain, exact, exactly):
    """The textbook's two numbers, and the exact ones; the truncation is exactly 0."""
    found = number(demo, "derivative", f"df/dx at x = {x}")
    assert (found.plain, found.exact, found.exactly) == (plain, exact, exactly)
    assert "truncation 0, " in found.why


def test_row_1_the_best_step_is_the_largest(demo):
    """No truncation: the best h is as large as it gets. Far out the script's h is lost."""
    best = number(demo, "derivative", "the best step h")
    assert (best.plain, best.exact, best.exactly) == (1e-4, np.inf, "as large as it gets")
    far = number(demo, "derivative", "df/dx at x = 1e13")
    assert (far.plain, far.exact) == (0.0, 200000000000.1)
    assert "x + h == x" in far.why


def test_row_2_tangents_and_secants(demo):
    """Exact tangents at 5 and 10, and secants that are off by h/100."""
    first = number(demo, "tangent", "slope and intercept at x = 5")
    second = number(demo, "tangent", "slope and intercept at x = 10")
    assert (first.exact, second.exact) == ((0.2, -0.25), (0.3, -1.0))
    assert first.plain[0] == 0.1999999999990898
    for h in (10, 1):
        secant = number(demo, "tangent", f"slope of the secant from x = 5, h = {h}")
        assert secant.plain - secant.exact == pytest.approx(h / 100)


@pytest.mark.parametrize(
    ("point", "exact"), [("(3, 4)", (6, 8)), ("(0, 2)", (0, 4)), ("(3, 0)", (6, 0))]
)
def test_row_3_partial_derivatives(demo, point, exact):
    """The exact partial derivatives at the three points, and the script's beside them."""
    found = number(demo, "partials", f"the gradient at {point}")
    assert found.exact == exact
    assert found.plain == pytest.approx(exact, abs=1e-10)
    assert "truncation 0, " in found.why


def test_row_3_integer_input(demo):
    """An integer array gives (25000, 35000) for (6, 8)."""
    found = number(demo, "partials", "the gradient at (3, 4), typed as integers")
    assert (found.plain, found.exact) == ((25000, 35000), (6.0, 8.0))


def test_row_4_symbolic(demo):
    """d/dx sin(x) is cos(x); any formula's derivatives as text, LaTeX and Python."""
    found = number(demo, "symbolic", "d/dx sin(x)")
    assert found.plain == found.exact == "cos(x)"
    awkward = number(demo, "symbolic", "d/dx (1 - cos(x))/x**2 at x = 1e-9")
    assert awkward.plain == pytest.approx(1e9)
    assert awkward.exact == -8.333333333333334e-11
    texts = {listing.title: listing.text for listing in demo.systems[3].listings}
    assert texts["gradient of x**2*y"] == "2*x*y, x**2"
    assert texts["Hessian of x**2*y, row by row"] == "2*y, 2*x, 2*x, 0"
    assert r"\cos" in texts["d/dx sin(x) as LaTeX"]
    assert "np.cos(x)" in texts["d/dx sin(x) as Python, a NumPy callable"]


def test_row_5_field(demo):
    """Row by row is right for the sum of squares, with the rounding of 324 terms, and no other."""
    first = number(demo, "field", "minus the gradient at (-2, -2)")
    assert first.exact == (4.0, 4.0)
    assert first.plain == pytest.approx((4, 4), abs=1e-8)
    assert first.plain != first.exact
    second = number(demo, "field", "gradient of x0**2 + x0*x1 at (1, -1)")
    assert (second.plain, second.exact) == ((0.0, 0.0), (1.0, 1.0))
    assert "323 of 324 arrows are wrong" in second.why


def test_row_6_descent(demo):
    """The ends of the four runs, the exact one at rate 10, and the largest stable rate."""
    twenty = number(demo, "descent", "end of 20 steps at rate 0.1")
    assert twenty.plain == pytest.approx((-0.0346, 0.0461), abs=5e-5)
    rows = {n.name: n for n in demo.systems[5].tables[0].numbers}
    hundred = rows["end of 100 steps at rate 0.1"]
    assert hundred.plain == pytest.approx((-6.1e-10, 8.1e-10), rel=0.01)
    assert "converges" in hundred.why
    away = rows["end of 100 steps at rate 10"]
    assert away.plain == pytest.approx((-2.58983747e13, -1.29524862e12), rel=1e-8)
    assert away.exact == (-3.0 * 19**100, 4.0 * 19**100)
    assert away.exactly == "(-3, 4)·19^100"
    for words in ("diverges", "x + h == x", "Parts from the exact path at step 5"):
        assert words in away.why
    still = rows["end of 100 steps at rate 1e-10"]
    assert still.plain == pytest.approx((-3, 4), abs=1e-7)
    assert "crawls" in still.why
    stable = rows["the largest stable rate"]
    assert (stable.plain, stable.exact) == (None, 1.0)
    assert "oscillates" in stable.why


def test_row_6_the_start_is_changed_by_the_script(demo):
    """The caller's start is where the script ends."""
    found = number(demo, "descent", "the caller's start after 100 steps at 0.1")
    assert found.plain == pytest.approx((-6.1e-10, 8.1e-10), rel=0.01)
    assert found.exact == (-3.0, 4.0)


def test_row_7_one_layer(demo):
    """Six entries of dL/dW, exact from the formula and by balls alike, with the parts of errors."""
    table = demo.systems[6].tables[0]
    assert "the same in every digit by balls" in table.title
    assert len(table.numbers) == 6
    for found in table.numbers:
        assert found.plain == pytest.approx(found.exact, abs=1e-9)
        assert found.plain != found.exact
        assert "truncation" in found.why
    # each row of W has one input: softmax's gradient sums to 0 over the outputs
    assert sum(n.exact for n in table.numbers[:3]) == pytest.approx(0, abs=1e-15)


def test_row_7_the_check_of_the_chapter(demo):
    """b2 is off by about 1.4e-07 with the changed loss, and the missing factor is named."""
    rows = {n.name: n for n in demo.systems[6].tables[2].numbers}
    b2 = rows["b2"]
    assert b2.plain == pytest.approx(1.4008e-07, rel=0.1)
    assert b2.exact < 1e-9
    assert "the factor y/(y + 1e-7) is missing" in b2.why
    assert "1.4008e-7" in b2.why
    book = rows["b2 with the loss -log(y)"]
    assert book.plain == pytest.approx(1.1945999745e-10, rel=0.2)
    for name in ("W1", "b1", "W2"):
        assert rows[name].plain > 100 * rows[name].exact


def test_row_7_the_difference_is_flat(demo):
    """The difference in b2 is the same at every h from 1e-3 to 1e-8, and the page says why."""
    table = demo.systems[6].tables[3]
    assert [n.name for n in table.numbers] == [f"h = 1e-{k}" for k in range(3, 9)]
    for found in table.numbers:
        assert found.plain == pytest.approx(found.exact, rel=0.1)
    assert "flat: the mark of a wrong formula, not of a wrong step" in table.numbers[0].why


def test_row_7_every_entry_is_certified(demo):
    """All 39,760 exact entries are certified, and float64 is near them."""
    table = demo.systems[6].tables[4]
    counts = [re.search(r"([\d,]+) exact entries are certified", n.why)[1] for n in table.numbers]
    assert counts == ["39,200", "50", "500", "10"]
    for found in table.numbers:
        assert found.plain == pytest.approx(found.exact, rel=1e-9)


def test_row_7_the_kink_is_attributed(demo):
    """With ReLU, b1 is off by about 1e-5, and the unit and the sample are named."""
    error, entry = demo.systems[6].tables[5].numbers
    assert 1e-6 < error.plain < 1e-4
    assert error.exact < 1e-9
    unit = re.search(r"dL/db1\[(\d+)\]", entry.name)[1]
    assert re.search(rf"layer 1, unit {unit}, sample \d\.", error.why)
    assert abs(entry.plain - entry.exact) == pytest.approx(50 * error.plain, rel=1e-3)


def test_row_7_what_it_costs(demo):
    """The plain loop at a batch of 100 is dear; the exact gradient is not."""
    (cost,) = demo.systems[6].tables[6].numbers
    assert cost.plain > 5 * cost.exact > 0
    assert "days" in cost.why


def test_row_7_the_printed_loop(demo):
    """The loop for vectors leaves 0 where rows sum to 0 and where inputs are 0."""
    first, second = demo.systems[6].tables[1].numbers
    assert first.plain == pytest.approx((0, 0, 0), abs=1e-9)
    assert max(map(abs, first.exact)) > 0.1
    assert second.plain == second.exact == 784 - 20 * 20


# --- the plain scripts ----------------------------------------------------------------------------


def test_the_printed_loop_gives_half_of_each_rows_sum():
    """As the page says of the rows of W1 that are not 0."""
    weights = np.arange(6.0).reshape(3, 2)
    factors = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]])
    found = chapter.gradient_by_rows(lambda: float((weights * factors).sum()), weights)
    assert found == pytest.approx(np.array([[1.5, 1.5], [4.0, 4.0], [0.0, 0.0]]))


def test_the_plain_scripts_have_their_defects():
    """They are what is shown, so nobody may mend them."""
    assert chapter.gradient(bowl, np.array([3, 4])).tolist() == [25000, 35000]
    assert chapter.slope(curve, 5.0) == 0.1999999999990898
    start = np.array([-3.0, 4.0])
    end = chapter.descent(bowl, start, 0.1, 1)
    assert end is start


def test_nothing_else_uses_the_plain_scripts():
    """They are wrong on purpose: only the demo imports them."""
    package = Path(symnum.__file__).parent
    users = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"import .*\bchapter\b|demo\.chapter", path.read_text(encoding="utf-8"))
    }
    assert users == {str(Path("demo", name)) for name in ("systems.py", "networks.py")}


def test_backpropagation_is_the_gradient_of_the_other_loss():
    """(y - t)/n belongs to -log(y), to every digit that differences give."""
    random = np.random.default_rng(0)
    params = {"W1": random.normal(size=(4, 3)), "b1": np.zeros(3)}
    params |= {"W2": random.normal(size=(3, 2)), "b2": np.zeros(2)}
    x, t = random.normal(size=(5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]
    found = chapter.backpropagation(params, x, t)
    for name, array in params.items():
        numerical = chapter.numerical(lambda: chapter.loss(params, x, t, 0.0), array)
        assert found[name] == pytest.approx(numerical, abs=1e-8)


# --- the page -------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects elements with their attributes, and text."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        """Keep a text."""
        self.text += data

    def all(self, *tags):
        """Return the attributes of all elements of these kinds."""
        return [attributes for tag, attributes in self.elements if tag in tags]


def test_the_page_needs_nothing_from_elsewhere(document):
    """No scripts, no styles or fonts or pictures from outside the folder."""
    read = Reader(document)
    assert not read.all("script", "link", "iframe", "object", "base")
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "data"):
            assert re.fullmatch(r"#?[a-z-]+(\.svg)?", attributes.get(name, "x"))
    assert "http" not in document
    assert "url(" not in document
    assert "@import" not in document


def test_pictures_need_nothing_from_elsewhere(made):
    """What a picture refers to is inside it, and it has no script."""
    for path in made[1].parent.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        names = re.findall(r'href="([^"]*)"', text)
        assert [n for n in names if not n.startswith(("#", "data:image/png;base64,"))] == []
        assert "<script" not in text


def test_every_picture_has_a_title_and_a_description(made):
    """Opened alone, each picture of the demo says what it is."""
    for path in made[1].parent.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        title = re.search(r'<title id="title">([^<]+)</title>', text)[1]
        assert title != "a picture by symnum", path.name
        assert len(re.search(r'<desc id="desc">([^<]+)</desc>', text)[1]) > 30


def test_the_page_can_be_read_by_everyone(made, document):
    """One heading a system, alternative texts, a language, a viewport, styles for print."""
    read = Reader(document)
    assert len(read.all("h1")) == 1
    assert len(read.all("h2")) == 1 + len(read.all("section")) == 8  # the words come first
    assert read.all("html") == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in read.all(
        "meta"
    )
    assert "@media print" in document
    pictures = read.all("img")
    assert len(pictures) == sum(len(s.pictures) for s in made[0].systems)
    for picture in pictures:
        assert len(picture["alt"]) > 40
        assert (made[1].parent / picture["src"]).stat().st_size > 1000
    targets = {attributes["id"] for attributes in read.all("section")}
    assert {a["href"][1:] for a in read.all("a") if a["href"].startswith("#")} == targets
    assert len(read.all("caption")) == len(read.all("table"))


def test_the_page_shows_every_number(demo, document):
    """What the mission lists stands on the page as text."""
    text = Reader(document).text
    for shown in (
        *("0.1999999999990898", "0.2999999999986347", "1/5 = 0.2", "3/10 = 0.3"),
        *("(25000, 35000)", "(6, 8)", "cos(x)", "(-2.58983747e13, -1.29524862e12)"),
        *("(-3, 4)·19^100", "1.4008e-7", "y/(y + 1e-7)", "1.1945999745e-10"),
    ):
        assert shown in text
    for system in demo.systems:
        assert system.title in text


def test_numbers_have_one_notation(document):
    """Exponents without a plus or a padded zero, on the page and in its pictures' descriptions."""
    text = Reader(document).text + " ".join(a["alt"] for a in Reader(document).all("img"))
    # 0.0001 stands in the sentence that says what 1e-4 is
    text = text.replace("1e-4, which is 0.0001", "")
    assert re.findall(r"\S*\d[eE]\+\S*|\S*\de-0\S*|(?<![\d.])-?0\.000\d*", text) == []


def test_words_are_those_of_a_stranger(made, document):
    """No chapter, book or readers that nobody on the page has heard of; each term is explained."""
    read = Reader(document)
    text = read.text + " ".join(a["alt"] for a in read.all("img"))
    assert re.findall(r"\b(?:chapter|book|readers?)\b", text, re.IGNORECASE) == []
    words = re.search(r"<dl.*?</dl>", document, re.DOTALL)[0]
    for term in (
        *("exact", "float64", "ulp", "step h", "central difference", "truncation", "evaluation"),
        *("step rounding", "arithmetic"),
    ):
        assert len(re.findall(f"<dt>{term}</dt><dd>[^<]+[.]</dd>", words)) == 1, term
    first = min(document.index(f'id="{system.key}"') for system in made[0].systems)
    assert document.index("<dl") < first


def test_every_mark_has_a_name_of_its_own(made, figures):
    """In no picture two entries of a legend look alike or are called alike."""
    assert set(figures) == {p.file for system in made[0].systems for p in system.pictures}
    for name, figure in figures.items():
        looks, names = [], []
        for legend in figure.legends:
            names += [text.get_text() for text in legend.get_texts()]
            for handle in legend.legend_handles:
                face = getattr(handle, "get_markerfacecolor", lambda: None)()
                looks.append(
                    (
                        handle.get_color() if hasattr(handle, "get_color") else "",
                        handle.get_linestyle(),
                        getattr(handle, "get_marker", lambda: None)(),
                        str(face),
                    )
                )
        assert len(set(names)) == len(names), name
        assert len(set(looks)) == len(looks), (name, names)
        colours = [look[0] for look in looks if look[0] not in {"black", "#000000", "#333333"}]
        assert len(set(colours)) == len(colours), (name, names)
        assert max(len(line) for text in names for line in text.split("\n")) <= 52, name


def test_every_marker_that_is_drawn_is_in_the_legend(figures):
    """Whatever marker stands in a picture stands in its legend too, or is named beside it."""
    for name, figure in figures.items():
        said = {
            (handle.get_marker(), str(handle.get_color()))
            for legend in figure.legends
            for handle in legend.legend_handles
            if hasattr(handle, "get_marker")
        }
        for ax in figure.axes:
            for line in ax.get_lines():
                marker = line.get_marker()
                size = len(np.asarray(line.get_xdata()))
                if marker in {"None", None, ""} or not size or line.get_visible() is False:
                    continue
                beside = {text.get_text() for text in ax.texts}
                if marker == "o" and beside & {"start"} and line.get_color() == "white":
                    continue
                assert marker in {m for m, _ in said}, (name, marker)


def test_letters_are_large_enough_on_a_phone(figures):
    """At a phone's 390 pixels the smallest letters of a picture are 10 pixels high or more."""
    for name, figure in figures.items():
        wide = figure.get_figwidth()
        texts = [text for text in figure.findobj(Text) if text.get_text().strip()]
        smallest = min(text.get_fontsize() for text in texts if text.get_visible())
        assert smallest / 72 / wide * 390 >= 8.8, name
        legend = [text.get_fontsize() for box in figure.legends for text in box.get_texts()]
        assert min(legend, default=99) / 72 / wide * 390 >= 10, name


def test_the_curve_that_is_flat_has_no_best_step(figures):
    """Held against a gradient that may be wrong no curve has a best step."""
    (ax,) = figures["flat.svg"].axes
    stars = [line for line in ax.get_lines() if line.get_marker() == "*" and len(line.get_xdata())]
    names = [text.get_text() for text in figures["flat.svg"].legends[0].get_texts()]
    flat = [name for name in names if "the same at every h" in name]
    assert flat
    assert not stars
    assert not any("best h" in name for name in names)
    (ax,) = figures["two-layers.svg"].axes
    stars = [line for line in ax.get_lines() if line.get_marker() == "*" and len(line.get_xdata())]
    assert stars


def test_hostile_text_is_escaped():
    """Whatever a fact says, it stays text."""
    bad = "<script>alert(1)</script> & \"'><img src=x onerror=1>"
    row = Number(bad, bad, bad, bad, exactly=bad)
    system = System(
        bad,
        bad,
        bad,
        (bad, bad),
        (Table(bad, (row,), bad, bad),),
        (Picture(bad, bad, bad),),
        (Listing(bad, bad),),
    )
    read = Reader(page(Demo((system,), ((bad, bad),))))
    assert not read.all("script")
    assert [a["src"] for a in read.all("img")] == [bad]
    assert [a["alt"] for a in read.all("img")] == [bad]
    assert [a["data-head"] for a in read.all("td") if "data-head" in a] == [bad, bad]
    assert read.text.count(bad) == 18


def test_numbers_are_not_broken_at_their_signs(document):
    """A number with an exponent is one unbroken piece, the text between is left as it was."""
    assert '<span class="whole">-9.1e-13</span> = truncation' in document


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def call(capsys):
    """Run a command in this process and return (status, stdout, stderr)."""

    def command(*arguments):
        with pytest.raises(SystemExit) as done:
            cli.main(list(arguments))
        return (done.value.code, *capsys.readouterr())

    return command


def refuse(name):
    """Fail at what strict JSON has no word for."""
    raise AssertionError(name)


def test_the_command_prints_one_document(call, tmp_path, monkeypatch):
    """--json prints all numbers; the default folder is symnum-demo; a second run replaces it."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "symnum-demo"
    made.mkdir()
    (made / "index.html").write_text('<meta name="generator" content="symnum demo 0">')
    status, out, err = call("demo", "--json")
    document = json.loads(out, parse_constant=refuse)
    assert (status, err) == (0, "")
    assert (document["kind"], document["schema"]) == ("demo", 1)
    assert document["page"] == str(Path("symnum-demo", "index.html"))
    assert [system["key"] for system in document["systems"]] == list(KEYS)
    first = document["systems"][0]["tables"][0]["numbers"]
    assert (first[0]["plain"], first[0]["exact"], first[0]["exactly"]) == (
        *(0.1999999999990898, 0.2, "1/5"),
    )
    assert first[2]["exact"] == "inf"
    assert document["environment"]["numpy"] == np.__version__
    assert len((made / "index.html").read_text(encoding="utf-8")) > 10_000
    for system in document["systems"]:
        for picture in system["pictures"]:
            assert (made / picture["file"]).exists()


@pytest.mark.parametrize("width", [40, 96])
def test_the_summary_fits_its_width(demo, width):
    """No line is wider than the terminal, no number is cut, and system 7 shows the check."""
    lines = demo_lines(demo, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for shown in ("0.1999999999990898", "-0.24999999999544897", "(-3, 4)·19^100", "1.461e-7"):
        assert shown in text
    assert ("the script 0.1999999999990898, exact 1/5" in text) == (width == 96)
    last = text[text.index("7. ") :]
    assert "Mean |backpropagation" in last
    assert len(last) < 700


def test_a_terminal_gets_a_progress_bar_and_a_pipe_plain_lines(tmp_path):
    """A bar on a terminal's stderr, numbers on stdout, no warning in a process of its own."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "symnum", "demo", "--out", "made"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
    ) as started:
        os.close(theirs)
        bar = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            bar += block
        out = started.stdout.read()
        assert started.wait(60) == 0
    os.close(ours)
    assert b"running the demo" in bar
    assert b"Warning" not in bar
    assert "df/dx at x = 5: the script 0.1999999999990898, exact 1/5\n" in out
    assert out.endswith(f"written: {Path('made', 'index.html')}\n")


def test_what_can_not_be_written_is_refused(call, tmp_path):
    """A file, a folder inside a file, somebody's page, and a name with a NUL: status 2, at once."""
    file = tmp_path / "file"
    file.write_text("mine")
    theirs = tmp_path / "site"
    theirs.mkdir()
    (theirs / "index.html").write_text("<h1>mine</h1>")
    for out, words in (
        (file, "is a file; the demo writes several files into a folder"),
        (file / "below", "can't write"),
        (theirs, "was not made by symnum demo: name another folder with --out"),
        ("a\0b", "null"),
    ):
        status, printed, err = call("demo", "--out", str(out))
        assert (status, printed) == (2, "")
        assert words in err
        assert "Traceback" not in err
    assert (file.read_text(), (theirs / "index.html").read_text()) == ("mine", "<h1>mine</h1>")
    assert [path.name for path in theirs.iterdir()] == ["index.html"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_closed_is_refused(tmp_path):
    """A folder without the right to write is refused before the work."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="can't write"):
            run(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_errors_are_json_where_json_is_asked_for(call, tmp_path):
    """A refusal is a document too."""
    file = tmp_path / "file"
    file.write_text("mine")
    status, out, err = call("demo", "--out", str(file), "--json")
    assert (status, err) == (2, "")
    assert json.loads(out, parse_constant=refuse)["error"] == "usage"


def test_what_the_page_calls_exact_has_all_of_its_digits():
    """The double nearest the truth is printed whole, also where the script's number is cut."""
    number = Number("x", -8.33333e-11, -8.333333333333333e-11, "", digits=6)
    html = page(Demo((System("k", "t", "c", ("a", "b"), (Table("t", (number,)),),
                             (Picture("p.svg", "a", "c"),)),), ()))  # fmt: skip
    assert "-8.33333e-11" in html
    assert "-8.333333333333333e-11" in html
