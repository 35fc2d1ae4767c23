"""The command `symnum`: one verb per function.

Only Typer is loaded here: everything else is imported where it is used, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from symnum.errors import SymnumError, UsageError, one_line, printable
from symnum.formula.ranges import DEFAULT_RANGE
from symnum.version import __version__

if TYPE_CHECKING:
    import numpy as np

    from symnum.checking.verdict import Verdict
    from symnum.formula.exact import Exact
    from symnum.formula.formula import Formula

BAD_REQUEST = 2
"""Exit status of a request that can't be understood."""

_WRONG = 1  # a derivative is wrong, inaccurate or breaks a rule; a descent diverges or fails
_UNDECIDED = 3
_INTERRUPTED = 130
_BROKEN_PIPE = 141  # what a shell reports of a program that its reader has left
# Calls of code of many parameters at a point, and how many more each wrong entry takes.
_CALLS_A_POINT, _CALLS_AN_ENTRY = 100, 30
_LONG_WORK = 2_000  # values to certify, from which on a progress bar is worth its place
_PLAIN_ROWS = 500  # rich is slow on longer tables, and nobody reads their colours


_FORMATS = ("text", "latex", "python")

_OPTIONS = (
    "--activation",
    "--at",
    "--batch",
    "--bind",
    "--csv",
    "--derivative-order",
    "--domain",
    "--error",
    "--format",
    "--function",
    "--gradient",
    "--h",
    "--help",
    "--json",
    "--kind",
    "--loss",
    "--minus",
    "--momentum",
    "--n",
    "--out",
    "--output",
    "--parts",
    "--plot",
    "--plot-rates",
    "--points",
    "--range",
    "--rate",
    "--scheme",
    "--secant",
    "--seed",
    "--start",
    "--steps",
    "--stress",
    "--tangent",
    "--timeout",
    "--tolerance",
    "--variables",
    "--version",
    "--wrt",
)

# A formula may start with a minus: what Typer doesn't know as an option is taken for a formula.
_FORMULAS = {"ignore_unknown_options": True}

app = typer.Typer(
    name="symnum",
    help="Know the error of every finite difference, and prove it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


Expressions = Annotated[
    list[str],
    typer.Argument(metavar="EXPR...", help="The formula; several make several outputs."),
]
At = Annotated[
    list[str] | None,
    typer.Option(
        metavar="POINT",
        help="A point such as x=5,y=1, or a grid such as x=0:10:101,y=1. Repeat it for several.",
    ),
]
Points = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Points as a CSV file whose header names the variables."),
]
Variables = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="The variables in order, such as x,y."),
]
Bind = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Replace a variable by a constant, such as a=2."),
]
# Typer's own words for a number or a choice it can't read differ from version to version: these
# are read here.
Order = Annotated[str, typer.Option(metavar="Q", help="Which derivative: 1, 2, ...")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@app.callback()
def _symnum(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    # --version is answered by main(), where no command is needed.
    del version


@app.command(context_settings=_FORMULAS)
def diff(
    expressions: Expressions,
    *,
    wrt: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The variable; all of them without it."),
    ] = None,
    derivative_order: Order = "1",
    at: At = None,
    points: Points = None,
    variables: Variables = None,
    bind: Bind = None,
    format: Annotated[  # noqa: A002  # the option's name
        str, typer.Option(metavar="text|latex|python", help="How to write the derivative.")
    ] = "text",
    json: Json = False,
) -> None:
    """Differentiate a formula, and evaluate the derivative with certified digits.

    A formula may start with a minus. Write -- before one that starts with two.
    """
    from symnum.arguments import read_choice, read_order, read_points

    style, order = read_choice(format, "--format", _FORMATS), read_order(derivative_order)
    formula = _formula(expressions, variables, bind)
    if json and style != "text":
        msg = "--json holds the derivative as text: leave --format out"
        raise UsageError(msg)
    derivative = formula.derivative(wrt, order)
    where = read_points(at or [], points, formula.variables)
    exact = None if where is None else _certified(derivative, where)
    if json:
        from symnum.report.json import derivative_to_json

        print(derivative_to_json(formula, derivative, where, exact))
        return
    if style == "latex":
        print(derivative.latex())
    elif style == "python":
        print(derivative.python("derivative"))
    else:
        _print_derivative(formula, derivative, wrt, order)
    if where is not None and exact is not None:
        from symnum.report.derivatives import values_document

        print()
        names = _derivative_names(formula, wrt, order)
        _print_document(
            lambda width: values_document(formula.variables, where, names, exact, width),
            rows=len(where) * len(names),
        )


@app.command(context_settings=_FORMULAS)
def sweep(
    expressions: Expressions,
    *,
    at: At = None,
    points: Points = None,
    scheme: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHEME",
            help="NAME[:ACCURACY][@H], NAME one of central, forward, backward, complex, "
            "richardson. Repeat it for several.  [default: central]",
        ),
    ] = None,
    h: Annotated[
        str | None,
        typer.Option(
            "--h",
            metavar="STEPS",
            help="1e-4, or 1e-2,1e-4, or 1e-15:1:61 (logarithmic).  [default: 61 steps]",
        ),
    ] = None,
    derivative_order: Order = "1",
    variables: Variables = None,
    bind: Bind = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the error into an .svg, .png or .pdf file."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row for each step.")
    ] = None,
    json: Json = False,
) -> None:
    """Report the error of finite differences at every step, and why it is what it is."""
    from symnum.arguments import read_order, read_points, read_steps

    order = read_order(derivative_order)
    if plot is not None:  # before the work, not after it
        from symnum.report.axes import picture_path

        picture_path(plot)
    formula = _formula(expressions, variables, bind)
    where = read_points(at or [], points, formula.variables)
    if where is None:
        names = ",".join(f"{name}=1" for name in formula.variables[:4])
        msg = f"a sweep needs a point: write --at {names or 'x=1'}, or --points FILE"
        raise UsageError(msg)
    steps = None if h is None else read_steps(h)

    from symnum.differences.schemes import parse_scheme
    from symnum.differences.sweep import sweep as run_sweep

    schemes = [parse_scheme(text, order) for text in scheme or ["central"]]
    work = len(where) * len(formula.variables) * len(formula.texts) * len(schemes)
    with _progress("sweeping", len(where), work * (61 if steps is None else len(steps))) as advance:
        result = run_sweep(formula, _as_argument(where), schemes, steps, progress=advance)
    written = []
    if plot is not None:
        written.append(result.plot(plot))
    if csv is not None:
        result.to_csv(csv)
        written.append(csv)
    if json:
        print(result.to_json())
        return
    from symnum.report.text import sweep_document

    _print_document(lambda width: sweep_document(result, width))
    for path in written:
        print(f"\nwritten: {path}")


@app.command(context_settings=_FORMULAS)
def check(
    expressions: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPR... MODULE:CALLABLE",
            help="The formula, and somebody's derivative of it; several formulas make several "
            "outputs. In place of a formula the code of f, MODULE:F, with --n. MODULE is a "
            "module's name or a .py file.",
        ),
    ],
    *,
    function: Annotated[
        str | None,
        typer.Option(metavar="MODULE:CALLABLE", help="The code of f, held against EXPR first."),
    ] = None,
    n: Annotated[
        str | None,
        typer.Option("--n", metavar="N", help="How many variables MODULE:F has."),
    ] = None,
    at: At = None,
    points: Points = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BOX",
            help="Where to look besides, such as x=-2:2,y=0:1. Repeat it for several.  "
            "[default: round the points; -3:3 without any]",
        ),
    ] = None,
    variables: Variables = None,
    bind: Bind = None,
    derivative_order: Annotated[
        str, typer.Option(metavar="Q", help="Which derivative: 1, or 2 for a Hessian.")
    ] = "1",
    stress: Annotated[
        bool,
        typer.Option(
            "--stress",
            help="Widen the box step by step, and say where the derivative goes wrong.",
        ),
    ] = False,
    seed: Annotated[
        str, typer.Option(metavar="N", help="Of everything random: a whole number.")
    ] = "0",
    timeout: Annotated[
        str | None,
        typer.Option(metavar="SECONDS", help="How long the check may take in all."),
    ] = None,
    json: Json = False,
) -> int:
    """Check somebody's derivative: right, inaccurate or wrong, and why.

    Importing MODULE runs its code, as pytest does: name only modules that you trust. The current
    directory, and nothing else, is added to the import path. What the code prints goes to stderr.
    Code that calls os._exit ends symnum with it, without a verdict and with its exit status.

    The variables of MODULE:F are called like its parameters, or x0, x1, ... where it takes one
    array x (theta[0], ... where that has another name).

    Exit status: 0 right, 1 wrong or inaccurate, 2 the request can't be understood, 3 undecided.
    """
    from symnum.arguments import read_count, read_order, read_seed, read_timeout
    from symnum.loading import load_all, names_code, quiet_stdout

    *texts, target = expressions
    _no_stray_numbers(expressions)
    if not texts:
        msg = (
            "a check needs a function and its derivative: symnum check EXPR MODULE:CALLABLE, or "
            "symnum check MODULE:F MODULE:GRAD --n 3"
        )
        raise UsageError(msg)
    order, number = read_order(derivative_order), read_seed(seed)
    count = None if n is None else read_count(n)
    seconds = None if timeout is None else read_timeout(timeout)
    is_code = any(names_code(text) for text in texts)
    _check_sources(texts, target, is_code, count, function, variables, bind)
    f: Any = None if is_code else _formula(texts, variables, bind)
    places = _Places(at or [], points, domain or [])
    where: np.ndarray | None = None
    box: Any = None
    if not is_code:
        where, box = places.of_formula(f)

    # All that the answer needs is imported before their module, which may be called `statistics`.
    from symnum.checking.check import check as run_check
    from symnum.checking.theirs import their_traceback
    from symnum.report.verdicts import verdict_to_json

    with quiet_stdout() as stdout:
        code: Callable[..., Any] | None = None
        if is_code:
            f, derivative = load_all([*texts, target])
            count = places.count_variables(f) if count is None else count
            where, box = places.of_code(f, count)
        elif function is None:
            (derivative,) = load_all([target])
        else:
            derivative, code = load_all([target, function])
        called = [derivative, *([f] if is_code else []), *([] if code is None else [code])]
        try:
            about = _calls_of_many(count, where) if is_code and order == 1 else None
            with _pulse("checking", about) as called_again:
                verdict = run_check(
                    f,
                    derivative,
                    at=None if where is None else _as_taken(where, called, seconds),
                    domain=box,
                    function=code,
                    derivative_order=order,
                    n=count,
                    seed=number,
                    stress=stress,
                    timeout=seconds,
                    progress=called_again,
                )
        except SystemExit:
            msg = "the code ends the program (SystemExit) instead of returning a number"
            raise UsageError(msg) from None
        except BaseException as error:
            if isinstance(error, (Exception, KeyboardInterrupt)):
                raise
            print(their_traceback(error), end="", file=sys.stderr)
            said = one_line(f"{type(error).__name__}: {error}")
            msg = f"the code breaks off ({said}) instead of returning a number"
            raise UsageError(msg) from None
        if json:
            print(verdict_to_json(verdict), file=stdout)
        else:
            _print_verdict(verdict, stdout)
    if verdict.traceback and not json:  # why their code raised, after the verdict
        print(f"\n{printable(verdict.traceback)}", end="", file=sys.stderr)
    if verdict:
        return 0
    return _UNDECIDED if verdict.status == "undecided" else _WRONG


@app.command(context_settings=_FORMULAS)
def draw(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="The formula.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The picture to write: .svg, .png or .pdf."),
    ] = None,
    range: Annotated[  # noqa: A002  # the option's name
        list[str] | None,
        typer.Option(
            metavar="RANGE",
            help="Where a variable runs, such as x=0:20, or with a number of samples x=0:20:101. "
            "Repeat it for several.  [default: -3:3]",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="curve|surface|contour|field",
            help="What to draw.  [default: curve; surface of two variables, field with --error]",
        ),
    ] = None,
    tangent: Annotated[
        list[str] | None,
        typer.Option(metavar="POINT", help="A curve's exact tangent, at x=5. Repeat it."),
    ] = None,
    secant: Annotated[
        list[str] | None,
        typer.Option(metavar="X@H", help="A curve's secant from x=5 to 6: x=5@1. Repeat it."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POINT",
            help="A point to mark with its exact partial derivatives, such as x=5,y=1. Repeat it.",
        ),
    ] = None,
    error: Annotated[
        str | None,
        typer.Option(
            metavar="SCHEME",
            help="A numerical gradient, such as central@1e-4, whose error colours a field.",
        ),
    ] = None,
    minus: Annotated[
        bool, typer.Option("--minus", help="Draw a field of minus the gradient.")
    ] = False,
    variables: Variables = None,
    bind: Bind = None,
    json: Json = False,
) -> None:
    """Draw a formula: a curve with tangents and secants, a surface, contours, a gradient field.

    Slopes, partial derivatives and errors come from the certified derivative.
    """
    from symnum.arguments import read_ranges, read_secants, read_tangents
    from symnum.report.axes import picture_path

    if out is None:
        msg = "where to draw is missing: write --out FILE, such as --out picture.png"
        raise UsageError(msg)
    path = picture_path(out)  # before the work, not after it
    formula = _formula([expression], variables, bind)
    ranges = read_ranges(range or [], formula.variables)
    lines = read_secants(secant or [], formula.variables)
    touched = read_tangents(tangent or [], formula.variables)
    marked = read_tangents(at or [], formula.variables, "--at")

    from symnum.pictures import picture
    from symnum.report import functions

    kind, shown = picture(
        formula,
        kind,
        ranges,
        () if touched is None else _as_argument(touched),
        lines,
        () if marked is None else _as_argument(marked),
        error,
        minus,
    )
    functions.draw(kind, shown, path=path)
    if json:
        from symnum.report.drawings import picture_to_json

        print(picture_to_json(kind, shown, path))
        return
    from symnum.report.function_lines import lines_of
    from symnum.report.tables import wrapped

    for line in lines_of(shown):
        print(wrapped(line, _width()))
    print(f"written: {path}")


@app.command()
def net(
    sizes: Annotated[
        str,
        typer.Argument(metavar="SIZES", help="Units of each layer, such as 784,50,10."),
    ],
    *,
    activation: Annotated[
        str,
        typer.Option(metavar="NAME|FORMULA", help="Between the layers: a name, or a formula in z."),
    ] = "sigmoid",
    output: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FORMULA",
            help="After the last layer, such as softmax.  [default: nothing]",
        ),
    ] = None,
    loss: Annotated[
        str,
        typer.Option(metavar="NAME|FORMULA", help="The loss: a name, or a formula in y and t."),
    ] = "softmax_cross_entropy",
    batch: Annotated[str, typer.Option(metavar="N", help="How many samples.")] = "3",
    h: Annotated[
        str | None,
        typer.Option("--h", metavar="STEPS", help="As for sweep.  [default: 1e-12:1:25]"),
    ] = None,
    seed: Annotated[
        str, typer.Option(metavar="N", help="Of the weights, samples and labels.")
    ] = "0",
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the error against h into a file."),
    ] = None,
    parts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the four parts of the error into a file."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold a network's backpropagation and numerical gradient against its exact gradient.

    The weights are 0.01 times standard normal, the biases 0, the samples uniform in [0, 1] and the
    labels random.
    """
    from symnum.arguments import read_layers, read_samples, read_seed, read_steps

    units, count, number = read_layers(sizes), read_samples(batch), read_seed(seed)
    steps = None if h is None else read_steps(h)
    pictures = [path for path in (plot, parts) if path is not None]
    if pictures:  # before the work, not after it
        from symnum.report.axes import picture_path

        for path in pictures:
            picture_path(path)

    import numpy as np

    from symnum.nets import Activation, Dense, Network, error_parts, step_errors
    from symnum.report.networks import network_text, network_to_json

    between = Activation(activation)
    layers: list[Any] = []
    for i in range(len(units) - 1):
        layers += [between] if i else []
        layers.append(Dense(units[i], units[i + 1]))
    if output is not None:
        layers.append(Activation(output))
    if units[-1] == 1 and "softmax" in {output, loss.removesuffix("_cross_entropy")}:
        msg = (
            "softmax of one output is 1 whatever the parameters are, so every gradient is 0; "
            "for one output take --loss squared_error or --loss logistic, or give two outputs"
        )
        raise UsageError(msg)
    network = Network(layers, loss)
    params = network.init(number)
    random = np.random.default_rng([number, 1])
    x = random.random((count, units[0]))
    t: Any = random.integers(0, units[-1], count)
    if units[-1] == 1:
        t = random.random((count, 1))
    value, gradient = network.loss(params, x, t), network.gradient(params, x, t)
    exact = network.exact_gradient(params, x, t)
    found = step_errors(network, params, x, t, h=steps, seed=number)
    shares = error_parts(network, params, x, t, h=steps, seed=number)
    if plot is not None:
        found.plot(plot)
    if parts is not None:
        shares.plot(parts)
    answer = (network, value, gradient, exact, found, shares)
    print(network_to_json(*answer) if json else network_text(*answer, _width()))
    if pictures and not json:
        print("\n" + "\n".join(f"written: {path}" for path in pictures))


@app.command(context_settings=_FORMULAS)
def descend(
    expressions: Expressions,
    *,
    start: Annotated[
        str | None, typer.Option(metavar="POINT", help="Where from, such as x0=-3,x1=4.")
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RATE", help="The learning rate. Repeat it for several.  [default: 0.1]"
        ),
    ] = None,
    steps: Annotated[str, typer.Option(metavar="N", help="How many steps.")] = "100",
    gradient: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GRADIENT",
            help="exact, certified, or a scheme such as central@1e-4. Repeat it for several.  "
            "[default: exact]",
        ),
    ] = None,
    momentum: Annotated[
        str, typer.Option(metavar="M", help="Polyak's, from 0 up to below 1.")
    ] = "0",
    tolerance: Annotated[
        str | None,
        typer.Option(metavar="G", help="Stop where no partial derivative is larger."),
    ] = None,
    variables: Variables = None,
    bind: Bind = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw paths and losses into an .svg, .png or .pdf file."),
    ] = None,
    plot_rates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw factors and last losses against the rate."),
    ] = None,
    json: Json = False,
) -> int:
    """Descend a gradient, and say what each rate does and where paths part from the exact one.

    Exit status: 0 no run diverges or fails, 1 one does, 2 the request can't be understood.
    """
    from symnum.arguments import read_number, read_points, read_steps_taken

    for picture in (plot, plot_rates):
        if picture is not None:  # before the work, not after it
            from symnum.report.axes import picture_path

            picture_path(picture)
    formula = _formula(expressions, variables, bind)
    where = None if start is None else read_points([start], None, formula.variables, what="--start")
    if where is None:
        names = ",".join(f"{name}=1" for name in formula.variables[:4])
        msg = f"a descent needs a start: write --start {names}"
        raise UsageError(msg)
    if len(where) > 1:
        msg = f"--start is one point; a range gives {len(where):,}"
        raise UsageError(msg)
    rates = [read_number(text, "--rate") for text in rate or ["0.1"]]
    count = read_steps_taken(steps)
    stop = None if tolerance is None else read_number(tolerance, "--tolerance")

    from symnum.descending.compare import compare

    gradients = gradient or ["exact"]
    work = count * len(rates) * len(gradients)
    with _progress("descending", work, work) as advance:
        comparison = compare(
            formula,
            where[0],
            gradients,
            rates,
            steps=count,
            momentum=read_number(momentum, "--momentum"),
            tolerance=stop,
            progress=advance,
        )
    written = []
    if plot is not None:
        written.append(comparison.plot(plot))
    if plot_rates is not None:
        written.append(comparison.plot_rates(plot_rates))
    if json:
        print(comparison.to_json())
    else:
        from symnum.report.descents import descents_document

        _print_document(lambda width: descents_document(comparison.runs, width))
        for path in written:
            print(f"\nwritten: {path}")
    return _WRONG if any(run.verdict in {"diverges", "fails"} for run in comparison) else 0


@app.command()
def demo(
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into.")] = Path(
        "symnum-demo"
    ),
    json: Json = False,
) -> None:
    """Run the seven systems that symnum grew out of, with the exact answer beside each.

    The folder gets the pictures and one page, index.html, which needs no network.
    """
    from symnum.demo.demo import SYSTEMS, prepare, run
    from symnum.demo.document import demo_lines, demo_to_json

    prepare(out)
    with _progress("running the demo", len(SYSTEMS), _LONG_WORK) as advance:
        made, page = run(out, advance)
    if json:
        print(demo_to_json(made, page))
        return
    for line in [*demo_lines(made, _width()), f"written: {page}"]:
        print(line)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process, if not given.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # a name that the terminal can't show is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left. Python flushes once more at its end: give it something to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = _BROKEN_PIPE
    except OSError as error:  # a full disk, where the answer should go
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"symnum: can't write the answer: {error.strerror or error}", file=sys.stderr)
        status = BAD_REQUEST
    except SystemExit:  # how Typer says the same
        status = _BROKEN_PIPE
    except BaseException as error:  # Python would end with status 1: a derivative is wrong
        status = _broke_off(error)
    raise SystemExit(status)


def _broke_off(error: BaseException) -> int:
    """Show what nobody has foreseen: the lines are needed to mend it."""
    import traceback

    traceback.print_exception(error)
    what = one_line(f"{type(error).__name__}: {error}")
    print(
        f"symnum: broke off ({what}), which says nothing about the derivative; if the lines above "
        "are symnum's, please report them",
        file=sys.stderr,
    )
    return BAD_REQUEST


def _open_closed_streams() -> None:
    """Give a process that was started without stdout or stderr something to write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _run(arguments: list[str]) -> int:
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if options[:1] == ["--version"]:
        print(f"symnum {__version__}")
        return 0
    try:
        _check_options(options)
        status = app(arguments or ["--help"], prog_name="symnum", standalone_mode=False)
    except SymnumError as error:
        return _report(error, as_json="--json" in options)
    except MemoryError:
        message = "this needs more memory than there is: ask for fewer points or steps"
        return _report(UsageError(message), as_json="--json" in options)
    except (typer.Abort, KeyboardInterrupt):
        status = _INTERRUPTED
    except Exception as error:
        # What Typer couldn't read. Its classes have moved between versions; this method hasn't.
        if not hasattr(error, "format_message"):
            raise
        return _report(UsageError(_typer_message(error)), as_json="--json" in options)
    if status == _INTERRUPTED:  # some versions of Typer return it
        print("symnum: interrupted", file=sys.stderr)
    return status if isinstance(status, int) else 0


def _report(error: SymnumError, *, as_json: bool) -> int:
    if as_json:
        from symnum.report.json import error_to_json

        print(error_to_json(error))
    else:
        print(f"symnum: {error}", file=sys.stderr)
    return BAD_REQUEST


def _typer_message(error: Any) -> str:
    message = str(error.format_message()).rstrip(".").replace("'EXPR...'", "EXPR")
    return f"{message}; `symnum --help` says what there is"


def _formula(
    expressions: Sequence[str], variables: str | None, bind: Sequence[str] | None
) -> Formula:
    from symnum.arguments import read_names, read_parameters

    names = None if variables is None else read_names(variables)
    parameters = read_parameters(bind or [])

    from symnum.formula.formula import Formula

    source = expressions[0] if len(expressions) == 1 else list(expressions)
    formula = Formula(source, names)
    if parameters:
        formula = formula.bind(**parameters)
    if not formula.variables:
        msg = "the formula has no variables to differentiate by; name one with --variables"
        raise UsageError(msg)
    return formula


def _check_options(arguments: Sequence[str]) -> None:
    """Refuse what looks like an option and isn't one; Typer would take it for a formula."""
    for text in arguments:
        name = text.partition("=")[0]
        if name[:2] != "--" or not name[2:3].isalpha() or name in _OPTIONS:
            continue
        from difflib import get_close_matches

        from symnum.arguments import shown

        close = get_close_matches(name[:40], _OPTIONS, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        msg = f"there is no option {shown(name)}{meant} (a formula that starts so goes after --)"
        raise UsageError(msg)


def _as_argument(points: np.ndarray) -> np.ndarray:
    """Return points (P, n) as a Formula takes them: one variable has no axis of its own."""
    return points[:, 0] if points.shape[1] == 1 else points


def _no_stray_numbers(texts: Sequence[str]) -> None:
    """Refuse `--at 1 2`, whose 2 is no part of --at: it stands for a formula, or a derivative."""
    from symnum.arguments import is_number
    from symnum.loading import names_code

    codes = [index for index, text in enumerate(texts) if names_code(text)]
    if not codes or not is_number(texts[-1]):
        return
    msg = (
        f"{texts[-1]} stands alone, after the derivative: an option takes one text, so write "
        "--at x=1,y=2 for a point, --at x=1 --at x=2 for two of them, and --domain x=1:2 for a box"
    )
    raise UsageError(msg)


def _check_sources(
    texts: Sequence[str],
    target: str,
    is_code: bool,
    count: int | None,
    function: str | None,
    variables: str | None,
    bind: Sequence[str] | None,
) -> None:
    """Refuse what doesn't go together: a formula has names, and code has a number of variables."""
    from symnum.arguments import shown
    from symnum.loading import names_code

    if is_code and len(texts) > 1:
        msg = (
            f"{len(texts)} functions were given before the derivative; one MODULE:F is expected, "
            "or formulas alone (code may return several outputs; the code of a formula is "
            "--function MODULE:CALLABLE)"
        )
        raise UsageError(msg)
    if not is_code:
        if count is not None:
            msg = (
                "--n is for code without a formula: the formula says itself what its variables are"
            )
            raise UsageError(msg)
        return
    if not names_code(target):
        msg = (
            f"{shown(target)} is not of the form MODULE:CALLABLE; the derivative comes last, after "
            "the formula or the code of the function"
        )
        raise UsageError(msg)
    for option, given, instead in (
        ("--function", function, "the code of f is given already"),
        ("--variables", variables, "its variables are called like its parameters"),
        ("--bind", bind, "write a function with the constant in it"),
    ):
        if given:
            msg = f"{option} is for formulas, and {shown(texts[0])} is code: {instead}"
            raise UsageError(msg)


@dataclass(frozen=True)
class _Places:
    """The texts that say where to look: they are read when the variables' names are known."""

    at: Sequence[str]
    table: Path | None
    domain: Sequence[str]

    def of_formula(
        self, formula: Formula
    ) -> tuple[np.ndarray | None, dict[str, tuple[float, float]] | None]:
        """Return the points (P, n) and the bounds by name."""
        from symnum.arguments import read_domain, read_points

        where = read_points(self.at, self.table, formula.variables)
        return where, read_domain(self.domain, formula.variables)

    def of_code(
        self, function: Callable[..., Any], count: int
    ) -> tuple[np.ndarray | None, list[tuple[float, float]] | None]:
        """Return the points (P, n) and the bounds of every variable in turn.

        Code has no names of its own beyond its parameters': the bounds go on without them.
        """
        from symnum.arguments import names_in, read_domain, read_points
        from symnum.loading import variable_names

        choices = variable_names(function, count)
        typed = {name for text in (*self.at, *self.domain) for name in names_in(text)}
        names = next((names for names in choices if typed & set(names)), choices[0])
        where = read_points(self.at, self.table, names, "the function")
        box = read_domain(self.domain, names, "the function")
        if box is None:
            return where, None
        rest = [DEFAULT_RANGE] * count
        if where is not None:
            from symnum.checking.points import box_round

            rest = [(float(low), float(high)) for low, high in box_round(where)]
        return where, [box.get(name, bounds) for name, bounds in zip(names, rest, strict=True)]

    def count_variables(self, function: Callable[..., Any]) -> int:
        """Return how many variables `--at` gives values to, where --n is missing."""
        from symnum.arguments import names_in
        from symnum.loading import parameters

        if self.at:
            return len(names_in(self.at[0]))
        likely = len(parameters(function))
        example = likely if likely > 1 else 3
        msg = f"how many variables the function has is missing: write --n {example}, or --at POINT"
        raise UsageError(msg)


def _as_taken(
    points: np.ndarray, functions: Sequence[Callable[..., Any]], seconds: float | None
) -> np.ndarray:
    """Return points (P, n) in the form that a user's functions take.

    A point typed on the command line has no form of its own: one variable is a float, unless one of
    the functions can't be called with it and all of them can with an array.
    """
    from symnum.checking.claim import Candidate, Form
    from symnum.checking.watch import OutOfTime, Watch

    if points.shape[1] != 1:
        return points
    watch = None if seconds is None else Watch(min(seconds, threading.TIMEOUT_MAX))
    called = functions if watch is None else [watch.over(function) for function in functions]

    def fails(form: Form) -> bool:
        found = [Candidate(function, form, (1,))(points[0]).raised for function in called]
        # A division by 0 is no question of form.
        return any(error and not isinstance(error, ArithmeticError) for error in found)

    try:
        return points if fails(Form.FLOAT) and not fails(Form.ARRAY) else points[:, 0]
    except OutOfTime:  # the check will say so
        return points[:, 0]
    finally:
        if watch is not None:
            watch.stop()


def _print_verdict(verdict: Verdict, stdout: TextIO) -> None:
    """Print a verdict, with colour on a terminal."""
    if stdout.isatty():
        from rich.console import Console

        from symnum.report.verdicts import verdict_rich

        Console(file=stdout).print(verdict_rich(verdict))
    else:
        from symnum.report.tables import wrapped

        for line in str(verdict).split("\n"):
            print(wrapped(line, _width()), file=stdout)


def _certified(derivative: Formula, points: np.ndarray) -> Exact:
    with _progress("certifying", len(points), len(points) * len(derivative.entries)) as advance:
        return derivative.certify(points, advance)


def _is_watched() -> bool:
    """Say whether stderr is a terminal; somebody's code may have taken it away."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


@contextmanager
def _progress(what: str, steps: int, work: int) -> Iterator[Callable[[int], None] | None]:
    """Show a bar on a terminal's stderr while long work is done; nothing where there is none."""
    if work < _LONG_WORK or not _is_watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=steps)
        waiting = 0

        def advance(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting * 200 >= steps:  # a bar has no use for 100,000 updates
                progress.advance(task, waiting)
                waiting = 0

        yield advance


@contextmanager
def _pulse(what: str, about: int | None) -> Iterator[Callable[[int], None] | None]:
    """Count calls on a terminal's stderr: a bar where it is known about how many there will be."""
    if not _is_watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    first = SpinnerColumn() if about is None else BarColumn()
    of = "" if about is None else " of about {task.total:,}"
    count = TextColumn("{task.description}: {task.completed:,}" + of + " calls")
    columns = (first, count, TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=about)

        def called(calls: int) -> None:
            nonlocal about
            if about is not None and calls >= about:
                about = calls + _CALLS_AN_ENTRY
            progress.update(task, completed=calls, total=about)

        yield called


def _calls_of_many(count: int | None, where: np.ndarray | None) -> int | None:
    """Return about how many calls the check of many parameters of code takes; None of few."""
    from symnum.checking.run import DIRECTED_POINTS, OWN_DIRECTED_POINTS
    from symnum.checking.subject import MANY

    if count is None or count <= MANY:
        return None
    given = 0 if where is None else len(np.atleast_2d(where))
    return _CALLS_A_POINT * (min(given, DIRECTED_POINTS) or OWN_DIRECTED_POINTS)


def _print_derivative(
    formula: Formula, derivative: Formula, wrt: str | None, derivative_order: int
) -> None:
    texts = derivative.texts
    if len(texts) == 1:
        print(texts[0])
        return
    names = _derivative_names(formula, wrt, derivative_order)
    for name, text in zip(names, texts, strict=True):
        print(f"{name} = {text}")


def _derivative_names(formula: Formula, wrt: str | None, derivative_order: int) -> list[str]:
    from itertools import product
    from math import prod

    from symnum.report.derivatives import derivative_name

    outputs = prod(formula.shape)
    if wrt is None and len(formula.variables) > 1:
        paths = list(product(formula.variables, repeat=derivative_order))
    else:
        paths = [(wrt or formula.variables[0],) * derivative_order]
    marks = range(outputs) if formula.shape else [None]
    return [derivative_name(path, output) for output in marks for path in paths]


def _width() -> int:
    """Return how many characters a line on stdout has."""
    from shutil import get_terminal_size

    from symnum.report.text import WIDTH

    return get_terminal_size((WIDTH, 24)).columns


def _print_document(document: Callable[[int], Any], rows: int = 0) -> None:
    """Print a document made for the width there is: in colour on a terminal, else plain."""
    from symnum.report.tables import plain

    if rows > _PLAIN_ROWS or not sys.stdout.isatty():
        width = _width()
        print(plain(document(width), width))
        return
    from rich.console import Console

    from symnum.report.tables import render

    console = Console()
    render(document(console.width), console)
