"""The command line, as a user types it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import symnum
from symnum.cli import _OPTIONS, main

ROOT = Path(symnum.__file__).parents[1]
COMMANDS = ((), ("diff",), ("sweep",), ("check",), ("draw",), ("net",), ("descend",), ("demo",))
QUADRATIC = "0.01*x**2 + 0.1*x"


@pytest.fixture
def run(capsys):
    """Run a command in this process and return (status, stdout, stderr)."""

    def command(*arguments):
        with pytest.raises(SystemExit) as done:
            main(list(arguments))
        out, err = capsys.readouterr()
        return done.value.code, out, err

    return command


def process(*arguments, **settings):
    """Run a command in a process of its own, where every warning is an error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "symnum", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
        **settings,
    )


def document(text):
    """Parse what must be one strict JSON document."""

    def refuse(name):
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


# --- diff ---------------------------------------------------------------------------------------


def test_diff_prints_the_derivative(run):
    """One derivative is printed bare, fit for another command."""
    assert run("diff", QUADRATIC) == (0, "x/50 + 1/10\n", "")


def test_diff_of_several_variables_names_each(run):
    """Several derivatives are printed one a line, with their names."""
    assert run("diff", "x*y + sin(x)") == (0, "df/dx = y + cos(x)\ndf/dy = x\n", "")
    assert run("diff", "x*y + sin(x)", "--wrt", "y") == (0, "x\n", "")


def test_diff_of_several_outputs_names_each(run):
    """Several formulas are several outputs of one function."""
    _, out, _ = run("diff", "x*y", "x + y")
    assert out == "df[0]/dx = y\ndf[0]/dy = x\ndf[1]/dx = 1\ndf[1]/dy = 1\n"


def test_diff_of_higher_order(run):
    """Without --wrt a second derivative is the Hessian."""
    _, out, _ = run("diff", "x**2*y", "--derivative-order", "2")
    assert out == "d2f/dx2 = 2*y\nd2f/dxdy = 2*x\nd2f/dydx = 2*x\nd2f/dy2 = 0\n"


@pytest.mark.parametrize("formula", ["-x**2", "-sin(x)", "-h**2", "-x"])
def test_a_formula_may_start_with_a_minus(run, formula):
    """A leading minus is a sign and not an option, with and without --."""
    plain, quoted = run("diff", formula), run("diff", "--", formula)
    assert plain == quoted
    assert plain[0] == 0


def test_two_minuses_need_the_separator(run):
    """What looks like an option and isn't is refused, unless it stands after --."""
    assert run("diff", "--", "--x")[:2] == (0, "1\n")
    status, out, err = run("diff", "x", "--formt", "latex")
    assert (status, out) == (2, "")
    assert "there is no option '--formt'; did you mean --format?" in err


def test_diff_formats(run):
    """The derivative is text, LaTeX or a NumPy function."""
    assert run("diff", "sin(x)", "--format", "latex")[1].strip() == r"\cos{\left(x \right)}"
    _, source, _ = run("diff", "sin(x)", "--format", "python")
    namespace: dict[str, object] = {}
    exec(source, namespace)  # noqa: S102 - our own source, which is what is tested
    assert namespace["derivative"](0.0) == 1.0


def test_diff_with_parameters(run):
    """A parameter is bound to exactly what was typed."""
    assert run("diff", "a*x**2", "--bind", "a=0.1")[1] == "x/5\n"


def test_diff_with_declared_variables(run):
    """Declared variables decide the order, and may bear the name of a constant."""
    _, out, _ = run("diff", "e*y", "--variables", "y,e")
    assert out == "df/dy = e\ndf/de = y\n"


def test_diff_at_points_prints_certified_values(run):
    """With points a table of certified values follows, whose status stands beside each."""
    _, out, _ = run("diff", QUADRATIC, "--at", "x=5", "--at", "x=10")
    lines = [line.split() for line in out.splitlines()]
    assert ["5", "0.2", "0.200000000000000000000000000000", "certified"] in lines
    assert ["10", "0.3", "0.300000000000000000000000000000", "certified"] in lines


def test_diff_at_a_kink_prints_both_sides(run):
    """Where there is no derivative the one-sided ones are shown."""
    _, out, _ = run("diff", "abs(x)", "--at", "x=0")
    assert out.splitlines()[-1].split() == ["0", "-", "nan", "kink", "-1", "1"]


def test_diff_json(run):
    """The JSON of diff has the schema's keys, nested like the formula's shape and by variable."""
    status, out, err = run("diff", QUADRATIC, "--at", "x=5", "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    answer = document(out)
    assert answer["kind"] == "derivative"
    assert (answer["variables"], answer["derivative"]) == (["x"], ["x/50 + 1/10"])
    [point] = answer["points"]
    assert point["at"] == {"x": 5.0}
    [value] = point["values"]
    assert value["hi"] == 0.2
    assert value["digits"] == "0.200000000000000000000000000000"
    assert value["status"] == "certified"
    assert value.keys() == {"status", "hi", "lo", "digits", "radius", "left", "right"}


def test_diff_json_is_nested(run):
    """Values of two outputs in two variables are two lists of two."""
    answer = document(run("diff", "x*y", "sin(x)", "--at", "x=1,y=2", "--json")[1])
    assert answer["derivative"] == [["y", "x"], ["cos(x)", "0"]]
    values = answer["points"][0]["values"]
    assert [[v["status"] for v in row] for row in values] == [
        ["certified", "certified"],
        ["certified", "zero"],
    ]
    one = document(run("diff", "x*y", "sin(x)", "--wrt", "y", "--json")[1])
    assert one["derivative"] == [["x"], ["0"]]


def test_diff_json_of_a_kink(run):
    """NaN is a string in JSON, and the one-sided derivatives are numbers."""
    [value] = document(run("diff", "abs(x)", "--at", "x=0", "--json")[1])["points"][0]["values"]
    assert (value["hi"], value["left"], value["right"]) == ("nan", -1.0, 1.0)


def test_ranges_make_grids(run):
    """A range in --at is a list of points; several make a grid."""
    answer = document(run("diff", "x*y", "--at", "x=0:1:3,y=0:1:2", "--json")[1])
    seen = [(p["at"]["x"], p["at"]["y"]) for p in answer["points"]]
    assert seen == [(0, 0), (0, 1), (0.5, 0), (0.5, 1), (1, 0), (1, 1)]


def test_points_come_from_a_table(run, tmp_path):
    """--points reads a CSV file whose header names the variables."""
    (tmp_path / "p.csv").write_text("\ufeffy,note,x\n2,=1+1,1\n", encoding="utf-8")
    answer = document(run("diff", "x*y", "--points", str(tmp_path / "p.csv"), "--json")[1])
    assert answer["points"][0]["at"] == {"x": 1.0, "y": 2.0}


# --- sweep --------------------------------------------------------------------------------------


def test_sweep_prints_the_report(run):
    """The report says what is exact, that the truncation is 0, and what to do."""
    status, out, err = run("sweep", QUADRATIC, "--at", "x=5")
    assert (status, err) == (0, "")
    assert out.startswith(f"f(x) = {QUADRATIC} at x = 5\n")
    assert "df/dx = 0.2 (certified" in out
    assert "take h as large as you can" in " ".join(out.split())
    assert "\x1b" not in out


def test_sweep_reproduces_the_chapter(run):
    """The central difference of the chapter's quadratic with h = 1e-4 is the chapter's double."""
    arguments = ("sweep", QUADRATIC, "--at", "x=5", "--at", "x=10", "--h", "1e-4", "--json")
    points = document(run(*arguments)[1])["points"]
    found = [point["schemes"][0]["approximation"] for point in points]
    assert found == [[0.1999999999990898], [0.2999999999986347]]
    assert [point["exact"]["hi"] for point in points] == [0.2, 0.3]
    assert [point["schemes"][0]["truncation"] for point in points] == [[0.0], [0.0]]


def test_sweep_with_several_schemes_and_files(run, tmp_path):
    """Schemes, a picture and a table at once; --json still prints one document and nothing else."""
    svg, table = tmp_path / "a.svg", tmp_path / "a.csv"
    schemes = ("--scheme", "central:4", "--scheme", "complex", "--scheme", "forward@1e-8")
    files = ("--plot", str(svg), "--csv", str(table))
    status, out, err = run("sweep", "exp(x)", "--at", "x=1", *schemes, *files, "--json")
    assert (status, err) == (0, "")
    names = [scheme["scheme"] for scheme in document(out)["points"][0]["schemes"]]
    assert names == ["central:4", "complex", "forward:1@1e-08"]
    assert svg.read_bytes().startswith(b"<?xml")
    assert len(table.read_text().splitlines()) == 1 + 61 + 61 + 1
    assert symnum.Sweep.from_json(out).runs[2].h.tolist() == [[[1e-8]]]


def test_sweep_names_the_files_it_wrote(run, tmp_path):
    """Without --json the files written are named at the end."""
    _, out, _ = run("sweep", "x**3", "--at", "x=1", "--h", "0.1", "--csv", str(tmp_path / "a.csv"))
    assert out.endswith(f"written: {tmp_path / 'a.csv'}\n")


def test_sweep_of_a_second_derivative(run):
    """--derivative-order is that of the schemes too."""
    answer = document(run("sweep", "sin(x)", "--at", "x=1", "--derivative-order", "2", "--json")[1])
    assert answer["derivative_order"] == 2
    assert answer["points"][0]["exact"]["hi"] == pytest.approx(-0.8414709848078965, rel=1e-15)


# --- errors -------------------------------------------------------------------------------------

BAD = [
    (("diff", "2 + * x"), "parse", "4"),
    (("diff", "9**9**9**9"), "limit", None),
    (("diff", "x", "--at", "x=nan"), "domain", "nan is not a finite number"),
    (("diff", "x", "--at", "x=1e999"), "domain", "beyond the largest double"),
    (("diff", "x", "--at", "5"), "usage", "write x=5"),
    (("diff", "x*y", "--at", "z=1"), "usage", "the formula has x, y"),
    (("diff", "x*y", "--at", "x=1"), "usage", "says nothing about y"),
    (("diff", "x*y", "--wrt", "z"), "usage", "x, y"),
    (("diff", "x", "--derivative-order", "0"), "usage", "from 1 on"),
    (("diff", "x", "--derivative-order", "1.5"), "usage", "'1.5' was given"),
    (("diff", "x", "--derivative-order", "9" * 99), "usage", "from 1 on"),
    (("diff", "x", "--derivative-order", "two"), "usage", "two"),
    (("diff", "x", "--format", "html"), "usage", "html"),
    (("diff", "x", "--format", "latex", "--json"), "usage", "--format"),
    (("diff", "3"), "usage", "no variables"),
    (("diff",), "usage", "EXPR"),
    (("diff", "x", "--nope"), "usage", "--nope"),
    (("diff", "a*x", "--bind", "b=1"), "usage", "b"),
    (("diff", "a*x", "--bind", "a=inf"), "domain", "not a finite number"),
    (("diff", "x", "--variables", "x,,y"), "usage", "an empty name"),
    (("diff", "x", "--variables", "__import__('os')"), "usage", None),
    (("diff", "__import__('os').system('touch pwned')"), "parse", None),
    (("diff", "x", "--points", "no.csv"), "usage", "can't read the table"),
    (("sweep", "x"), "usage", "write --at x=1"),
    (("sweep", "x", "--at", "x=1", "--scheme", "middle"), "usage", "middle"),
    (("sweep", "x", "--at", "x=1", "--scheme", "central:3"), "usage", "even"),
    (("sweep", "x", "--at", "x=1", "--h", "0"), "domain", "above 0"),
    (("sweep", "x", "--at", "x=1", "--h", "a"), "usage", "not a number"),
    (("sweep", "x", "--at", "x=1", "--plot", "a.gif"), "usage", ".svg, .png or .pdf"),
    (("sweep", "x", "--at", "x=1", "--plot", "no/a.svg"), "usage", "no folder"),
    (("sweep", "x", "--at", "x=1", "--csv", "no/a.csv"), "usage", "can't write"),
    (("sweep", "x", "--at", "x=1", "--scheme", "complex", "--derivative-order", "2"), "usage", ""),
    (("sweep", "x", "--at", "x=0:1:9999999"), "usage", "more than one command takes"),
    (("nothing",), "usage", "nothing"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD)
def test_errors_are_sentences(run, tmp_path, monkeypatch, arguments, kind, message):
    """What can't be understood is a sentence on stderr and exit status 2, in JSON a document."""
    monkeypatch.chdir(tmp_path)
    if "--json" not in arguments:
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("symnum: ")
        assert "Traceback" not in err
    status, out, err = run(*arguments, "--json")
    assert (status, err, out.count("\n")) == (2, "", 1)
    answer = document(out)
    assert answer.keys() == {"kind", "error", "message", "column"}
    assert (answer["kind"], answer["error"]) == ("error", kind)
    assert (message or "") in str(answer["column"]) + answer["message"]
    assert list(tmp_path.iterdir()) == []


def test_a_parse_error_has_a_caret(run):
    """The text of a formula that can't be read is shown with a caret under the place."""
    _, _, err = run("diff", "2 + * x")
    assert err.splitlines()[-2:] == ["  2 + * x", "      ^"]


# --- the process --------------------------------------------------------------------------------


def test_version_and_help():
    """--version and --help print and succeed; no command at all prints the help."""
    assert process("--version").stdout == f"symnum {symnum.__version__}\n"
    helped = process("--help")
    assert helped.returncode == 0
    assert {"diff", "sweep"} <= set(helped.stdout.split())
    assert process().stdout == helped.stdout


def test_every_option_is_known():
    """The options that main() lets pass are those that the commands have."""
    text = "".join(process(*command, "--help").stdout for command in COMMANDS)
    assert set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)) == set(_OPTIONS)


def test_help_loads_nothing_heavy():
    """The help needs neither NumPy nor SymPy nor Matplotlib nor rich."""
    code = (
        "import sys\n"
        "from symnum.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'sympy', 'matplotlib', 'rich', 'scipy', 'flint')"
        " if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    ).stdout
    assert out.endswith("[]\n")


def test_a_narrow_screen_is_readable():
    """COLUMNS=60 is enough."""
    done = process("sweep", "exp(x)", "--at", "x=1", env={"COLUMNS": "60"})
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_a_reader_that_leaves_is_no_error():
    """`symnum ... | head -1` makes no traceback."""
    command = [sys.executable, "-W", "error", "-m", "symnum", "sweep", "exp(x)"]
    with subprocess.Popen(
        [*command, "--at", "x=0:9:10", "--h", "1e-9:1:40", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as started:
        started.stdout.read(1)
        started.stdout.close()
        assert started.stderr.read() == b""
        assert started.wait(60) == 141


def test_a_terminal_of_ascii_is_no_error():
    """A name that the terminal can't show is escaped."""
    done = process("diff", "α**2", "--variables", "α", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout) == (0, "2*\\u03b1\n")


def test_a_terminal_gets_colour_and_a_pipe_none():
    """On a terminal the report has colour, and NO_COLOR is respected."""
    arguments = [sys.executable, "-m", "symnum", "sweep", "exp(x)", "--at", "x=1", "--h", "1e-3"]
    for settings, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **settings}
        with subprocess.Popen(arguments, stdout=theirs, stdin=theirs, env=environment) as started:
            os.close(theirs)
            out = b""
            while True:
                try:
                    block = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not block:
                    break
                out += block
            assert started.wait(60) == 0
        os.close(ours)
        assert b"approximation" in out
        assert (b"\x1b[1;36m" in out) is coloured


def test_hostile_texts_run_nothing(tmp_path):
    """Executable text in every string that the command takes is only ever data."""
    code = "__import__('pathlib').Path('pwned').touch()"
    (tmp_path / "p.csv").write_text(f'"{code}",x\n1,2\n')
    (tmp_path / "q.csv").write_text(f'x\n"{code}"\n')
    commands = [
        ("diff", code),
        ("diff", "x", "--variables", code),
        ("diff", "x", "--wrt", code),
        ("diff", "x", "--at", code),
        ("diff", "x", "--at", f"x={code}"),
        ("diff", "x", "--at", f"{code}=1"),
        ("diff", "x", "--bind", f"x={code}"),
        ("diff", "x", "--bind", f"{code}=1"),
        ("diff", "x", "--points", "p.csv"),
        ("diff", "x", "--points", "q.csv"),
        ("diff", "x", "--points", code),
        ("sweep", "x**2", "--at", "x=1", "--scheme", code),
        ("sweep", "x**2", "--at", "x=1", "--h", code),
        ("sweep", "x**2", "--at", "x=1", "--h", "0.1", "--csv", code[:40]),
        ("sweep", "x**2", "--at", "x=1", "--h", "0.1", "--plot", code),
    ]
    before = {"p.csv", "q.csv"}
    for arguments in commands:
        done = process(*arguments, cwd=tmp_path)
        assert done.returncode in (0, 2)
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "pwned").exists()
    assert {path.name for path in tmp_path.iterdir()} - before == {code[:40]}


# --- networks -----------------------------------------------------------------------------------


def test_net_as_json(run):
    """`net --json` prints one document with every parameter."""
    status, out, _ = run("net", "3,4,2", "--activation", "tanh", "--h", "1e-4", "--json")
    document = json.loads(out)
    assert (status, document["kind"]) == (0, "network")
    assert [p["name"] for p in document["parameters"]] == ["W1", "b1", "W2", "b2"]
    assert document["parameters"][0]["status"] == {"certified": 12}
    assert [p["parameter"] for p in document["parts"]] == ["W1", "b1", "W2", "b2"]
    for entry in document["parts"]:
        shares = ("truncation", "step_rounding", "evaluation", "arithmetic")
        total = sum(entry[share][0] for share in shares)
        assert abs(total - entry["error"][0]) <= entry["radius"][0]


def test_net_takes_a_loss_after_softmax(run):
    """Softmax as a layer, then a loss in y and t with a small number in the logarithm."""
    options = ("--output", "softmax", "--loss=-t*log(y + 1e-7)", "--h", "1e-4", "--json")
    status, out, _ = run("net", "4,3,2", *options)
    assert status == 0
    document = json.loads(out)
    assert "softmax; -t*log(y + 1e-7)" in document["network"]
    plain = json.loads(run("net", "4,3,2", "--h", "1e-4", "--json")[1])
    assert document["loss"] == pytest.approx(plain["loss"], rel=1e-6)
    assert document["loss"] < plain["loss"]  # by 1e-7/y


def test_net_draws_both_pictures(run, tmp_path):
    """`net --plot FILE --parts FILE` writes both, and says so."""
    one, two = tmp_path / "steps.svg", tmp_path / "parts.svg"
    options = ("--h", "1e-8:1e-2:4", "--plot", str(one), "--parts", str(two))
    status, out, _ = run("net", "2,3", *options)
    assert status == 0
    assert "step rounding" in two.read_text(encoding="utf-8")
    assert one.exists()
    assert f"written: {two}" in out.replace("\n", "").replace("written", "written")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["3"], "a network is its layers' units"),
        (["3,0"], "a network is its layers' units"),
        (["9999,9999"], "more than one command takes"),
        (["3,2", "--batch", "0"], "--batch, how many samples"),
        (["3,2", "--activation", "foo"], "no activation called 'foo'"),
        (["3,2", "--loss", "foo"], "no loss called 'foo'"),
        (["3,1"], "softmax of one output is 1"),
        (["3,1", "--output", "softmax", "--loss", "squared_error"], "softmax of one output is 1"),
        (["3,2", "--output", "foo"], "no activation called 'foo'"),
        (["3,2", "--plot", "x.gif"], "a picture's name ends in"),
        (["3,2", "--parts", "x.gif"], "a picture's name ends in"),
    ],
)
def test_net_refuses(run, arguments, says):
    """A network that can't be is refused in one sentence."""
    status, out, err = run("net", *arguments)
    assert (status, out) == (2, "")
    assert says in err
