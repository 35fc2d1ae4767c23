"""The demo as one HTML page: no scripts, no fonts, nothing from the network.

Elements are built as a tree, so that all text is escaped where it is written.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from symnum.demo.facts import Demo, Listing, Picture, System, Table, Value
from symnum.report.numbers import double, short
from symnum.version import __version__

GENERATOR = "symnum demo"
"""What the page says it was made by: a page that says otherwise is not overwritten."""

_NUMBER = re.compile(r"((?<![\w)])-?\d[\d.]*(?:e-?\d+)?)")

_TERMS = (
    (
        "exact",
        "The double nearest the true value, proven with ball arithmetic, which computes with "
        "numbers and bounds of their errors.",
    ),
    (
        "float64",
        "The numbers that Python and NumPy compute with, also called doubles: about 16 digits.",
    ),
    ("ulp", "The distance from one double to the next: an error of half an ulp can't be avoided."),
    ("step h", "How far from x a difference looks; the scripts take 1e-4, which is 0.0001."),
    ("central difference", "(f(x + h) - f(x - h)) / (2h), the scripts' approximation of df/dx."),
    (
        "truncation",
        "The first of four parts that an error is split into: what the difference would be off by "
        "without any rounding, because h is not 0.",
    ),
    ("step rounding", "The second part: x + h and x - h are rounded to doubles."),
    ("evaluation", "The third part: f itself is computed in doubles."),
    ("arithmetic", "The fourth part: the subtraction and the division are rounded."),
)
"""What is said once of each term, in a sentence."""

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 60rem; background: #fff; color: #1b1b1b;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 2rem 0 .5rem; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .25rem; }
h3, caption { font-size: 1rem; font-weight: 700; margin: 1.4rem 0 .4rem; text-align: left; }
caption { padding: 0 0 .4rem; }
a { color: #00528a; }
nav ol { padding-left: 1.4rem; }
nav li { padding: .15rem 0; }
section { margin-top: 2.5rem; padding-top: 1.5rem; border-top: 2px solid #1b1b1b; }
dl { margin: .5rem 0 1.4rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem 1.4rem; }
.case { margin: 0 0 .75rem; color: #4a4a4a; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; margin: 1.4rem 0; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem .45rem 0;
  border-bottom: 1px solid #ccc; overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid #888; font-size: .9rem; }
tbody th { font-weight: 600; }
.what { width: 16%; } .number { width: 24%; } .whole { white-space: nowrap; }
td.number { font-variant-numeric: tabular-nums; }
td.plain { color: #8f3a00; } td.exact { color: #00528a; }
td.why { font-size: .94rem; }
figure { margin: 1.5rem 0; }
img { display: block; width: 100%; max-width: 32rem; height: auto; }
figcaption { color: #4a4a4a; font-size: .94rem; max-width: 32rem; margin-top: .3rem; }
pre { margin: 0; padding: .6rem .8rem; background: #f4f4f4; font-size: .88rem; line-height: 1.45;
  white-space: pre-wrap; overflow-wrap: anywhere; }
footer { margin-top: 3rem; border-top: 2px solid #1b1b1b; color: #4a4a4a; font-size: .94rem; }
@media (max-width: 44rem) {
  figure { margin: 1.5rem -1rem; }
  figcaption { padding: 0 1rem; }
  table, caption, tbody, tr, tbody th, td, td.number { display: block; width: auto; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  caption { padding: 0; }
  tbody tr { padding: .6rem 0; border-bottom: 1px solid #bbb; }
  th, td { border: 0; padding: .1rem 0; }
  td[data-head]::before { content: attr(data-head) ": "; color: #4a4a4a; font-weight: 400; }
}
@media print {
  @page { margin: 16mm; }
  :root { font-size: 9pt; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  h1, h2, h3, p { break-after: avoid; }
  table, figure, pre { break-inside: avoid; }
  img { max-width: 9cm; }
  .what { width: 15%; } .number { width: 24%; }
  p { break-inside: avoid; }
  section { margin-top: 1.2rem; padding-top: .8rem; }
}
"""


def page(demo: Demo) -> str:
    """Return the page.

    Parameters
    ----------
    demo : Demo
        The seven systems.

    Returns
    -------
    str
        An HTML document.
    """
    root = Element("html", lang="en")
    head = SubElement(root, "head")
    SubElement(head, "meta", charset="utf-8")
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    SubElement(head, "meta", viewport)
    SubElement(head, "meta", {"name": "generator", "content": f"{GENERATOR} {__version__}"})
    _text(head, "title", "symnum: seven systems, with the exact answer beside each")
    _text(head, "style", _STYLE)
    body = SubElement(root, "body")
    _opening(body, demo)
    main = SubElement(body, "main")
    for number, system in enumerate(demo.systems, start=1):
        _system(main, number, system)
    footer = SubElement(body, "footer")
    versions = ", ".join(f"{name} {version}" for name, version in demo.environment)
    _text(footer, "p", f"Made by symnum demo. {versions}.")
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def shown(value: Value, digits: int | None) -> str:
    """Return a value as the page shows it, all of its digits without a number of them."""
    if value is None:
        return "—"
    if isinstance(value, tuple):
        return f"({', '.join(_digits(item, digits) for item in value)})"
    return value if isinstance(value, str) else _digits(value, digits)


def _digits(value: float, digits: int | None) -> str:
    return double(value) if digits is None else short(value, digits)


def _text(parent: Element, name: str, text: str, **attributes: str) -> Element:
    element = SubElement(parent, name, attributes)
    element.text = text
    return element


def _prose(parent: Element, text: str) -> None:
    """Write a text whose numbers are not broken at their signs."""
    parent.text = ""
    last: Element | None = None
    for piece in _NUMBER.split(text):
        if _NUMBER.fullmatch(piece):
            last = _text(parent, "span", piece, **{"class": "whole"})
        elif last is None:
            parent.text += piece
        else:
            last.tail = (last.tail or "") + piece


def _opening(body: Element, demo: Demo) -> None:
    header = SubElement(body, "header")
    _text(header, "h1", "Seven systems, with the exact answer beside each")
    _text(
        header,
        "p",
        "Textbooks teach numerical differentiation, gradient descent and neural networks with "
        "seven small scripts. Here such scripts run again, with their numbers beside the exact "
        "ones, and symnum's reason where they differ.",
    )
    _text(header, "h2", "The words on this page")
    words = SubElement(header, "dl")
    for term, meaning in _TERMS:
        _text(words, "dt", term)
        _text(words, "dd", meaning)
    nav = SubElement(body, "nav", {"aria-label": "The seven systems"})
    items = SubElement(nav, "ol")
    for system in demo.systems:
        _text(SubElement(items, "li"), "a", system.title, href=f"#{system.key}")


def _system(main: Element, number: int, system: System) -> None:
    section = SubElement(main, "section", id=system.key)
    _text(section, "h2", f"{number}. {system.title}")
    _text(section, "p", system.case, **{"class": "case"})
    _prose(SubElement(section, "p"), " ".join(system.sentences))
    first, *rest = system.pictures
    _picture(section, first)
    for table in system.tables:
        _table(section, table)
    for picture in rest:
        _picture(section, picture)
    for listing in system.listings:
        _listing(section, listing)


def _table(section: Element, table: Table) -> None:
    # the roles stay with the elements where a narrow screen shows rows as blocks
    made = SubElement(section, "table", role="table")
    _text(made, "caption", table.title)
    heads = SubElement(SubElement(made, "thead", role="rowgroup"), "tr", role="row")
    for text, kind in (
        ("", "what"),
        (table.plain, "number"),
        (table.exact, "number"),
        ("why", "why"),
    ):
        cell = {"scope": "col", "role": "columnheader", "class": kind}
        _text(heads, "th", text or "what", **cell)
    rows = SubElement(made, "tbody", role="rowgroup")
    for number in table.numbers:
        row = SubElement(rows, "tr", role="row")
        _text(row, "th", number.name, scope="row", role="rowheader")
        exact = shown(number.exact, number.exact_digits)
        if number.exactly:
            exact = number.exactly if exact == "inf" else f"{number.exactly} = {exact}"
        for head, text, kind in (
            (table.plain, shown(number.plain, number.digits), "number plain"),
            (table.exact, exact, "number exact"),
        ):
            cell = {"role": "cell", "class": kind, "data-head": head}
            _prose(SubElement(row, "td", cell), text)
        _prose(SubElement(row, "td", {"role": "cell", "class": "why"}), number.why)


def _picture(section: Element, picture: Picture) -> None:
    figure = SubElement(section, "figure")
    link = SubElement(figure, "a", href=picture.file)
    SubElement(link, "img", src=picture.file, alt=picture.alt)
    _text(figure, "figcaption", picture.caption)


def _listing(section: Element, listing: Listing) -> None:
    _text(section, "h3", listing.title)
    _text(SubElement(section, "pre"), "code", listing.text)
