"""Text -> Program. Nothing is ever eval'd, and no input recurses.

The scanner (tokens.py) turns text into tokens, Lark's LALR parser (grammar.lark) turns tokens into
a tree, and this file writes the Program, walking the tree with a stack of its own. The formula is
written down as it stands: left to right, nothing simplified.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from importlib import resources
from typing import Any, NamedTuple, NoReturn

import flint
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from symnum.errors import LimitError, ParseError, UsageError
from symnum.formula import constants
from symnum.formula.constants import BadConstantError, Constant
from symnum.formula.functions import FUNCTIONS, KEYWORDS, TRUTHS, Function
from symnum.formula.program import Builder, Program
from symnum.formula.tokens import Scanner, check_size, is_number, split_names

Node = Any  # a lark Tree or Token; lark's own generics say no more

_QUOTED = re.compile(r"\s*([+-]?)\s*([^/\s]+)\s*(?:/\s*([0-9_]+)\s*)?")
_BINARY = {"PLUS": "add", "MINUS": "sub", "TIMES": "mul", "DIVIDE": "div"}
_COMPARE = {"<": ("lt", False), "<=": ("le", False), ">": ("lt", True), ">=": ("le", True),
            "==": ("eq", False), "!=": ("ne", False)}  # fmt: skip
_OPERANDS = frozenset({"NUMBER", "VARIABLE", "CONSTANT", "TRUTH"})


class _Tokens(Lexer):
    """Hands the scanner's tokens to Lark."""

    def __init__(self, _: Any) -> None:
        pass

    def lex(self, data: Any) -> Any:  # type: ignore[override]
        return iter(data)


@functools.cache
def _grammar() -> Lark:
    text = resources.files("symnum.formula").joinpath("grammar.lark").read_text("utf-8")
    return Lark(text, parser="lalr", lexer=_Tokens, maybe_placeholders=False)


class Part(NamedTuple):
    """What a piece of text became: its line, and whether it is a condition."""

    line: int
    condition: bool = False


def parse(
    texts: Sequence[str], variables: Sequence[str] | None = None
) -> tuple[Program, tuple[str, ...]]:
    """Read formulas as one Program with an output each.

    Parameters
    ----------
    texts : sequence of str
        The formulas. They share one table of variables.
    variables : sequence of str, optional
        The variables' labels, in order; not all need appear. Without it, the names in the texts in
        their natural order (x2 before x10).

    Returns
    -------
    program : Program
        The formulas as written, with `len(texts)` outputs.
    labels : tuple of str
        The variables' labels, in order.

    Raises
    ------
    ParseError
        Where a text can't be read or could be read in two ways; it shows the place.
    LimitError
        Where a text, a number or a power is larger than the limits.
    UsageError
        Where `texts` or `variables` are not what they should be.

    Examples
    --------
    >>> program, labels = parse(["x*y", "sin(x)"])
    >>> labels, len(program.outputs)
    (('x', 'y'), 2)
    """
    if (
        isinstance(texts, str)
        or not isinstance(texts, Sequence)
        or not all(isinstance(text, str) for text in texts)
    ):
        raise UsageError("formulas are given as a list of texts")
    if not texts:
        raise UsageError("the list of formulas is empty; give at least one")
    declared = None if variables is None else check_labels(variables)
    names = None if declared is None else dict.fromkeys(declared)
    scanners = [Scanner(text, names) for text in texts]
    tokens = [scanner.scan() for scanner in scanners]
    if declared is None:
        labels = tuple(sorted({name for s in scanners for name in s.labels}, key=natural_order))
        for scanner in scanners:
            _refuse_run_together(scanner, labels)
    else:
        labels = declared
    builder = Builder(len(labels))
    known: dict[int, Constant] = {}
    index = {label: i for i, label in enumerate(labels)}
    with _precision(constants.PRECISION):
        outputs = [
            _Reading(text, builder, known, index).read(stream)
            for text, stream in zip(texts, tokens, strict=True)
        ]
    return builder.finish(outputs), labels


def natural_order(label: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return the key that sorts x2 before x10.

    Examples
    --------
    >>> sorted(["x10", "x2", "a"], key=natural_order)
    ['a', 'x2', 'x10']
    """
    pieces = re.findall(r"[0-9]+|[^0-9]+", label)
    key = [(0, int(p[:400]), "") if p[0] in "0123456789" else (1, 0, p) for p in pieces]
    return key, label


def check_labels(variables: Sequence[str]) -> tuple[str, ...]:
    """Return the declared labels, each `name` or `name[index]`.

    Raises
    ------
    UsageError
        Where one is not a name, is a word of the grammar, or stands twice.

    Examples
    --------
    >>> check_labels(["x", "θ", "x[0]"])
    ('x', 'θ', 'x[0]')
    """
    if isinstance(variables, str):
        msg = f"variables are given as a list of names, such as {[variables[:20]]!r}"
        raise UsageError(msg)
    try:
        labels = tuple(variables)
    except TypeError:
        msg = f"variables are given as a list of names, not {type(variables).__name__}"
        raise UsageError(msg) from None
    for label in labels:
        if not isinstance(label, str):
            msg = f"the name of a variable is text, not {type(label).__name__}"
            raise UsageError(msg)
        shown = ascii(label if len(label) <= 40 else label[:37] + "...")
        name = re.sub(r"\[(?:0|[1-9][0-9]{0,8})\]\Z", "", label)
        if not name.isidentifier() or name.startswith("__") or "·" in name:
            msg = f"{shown} is not the name of a variable; write for example x, x_0 or x[0]"
            raise UsageError(msg)
        if name in KEYWORDS or name in TRUTHS:
            msg = f"{shown} is a word of the grammar and can't name a variable"
            raise UsageError(msg)
        if not _is_normal(name):
            msg = f"{shown} has letters that only look like others; write plain ones"
            raise UsageError(msg)
    if len(set(labels)) < len(labels):
        twice = next(label for i, label in enumerate(labels) if label in labels[:i])
        msg = f"the variable {twice} is declared twice"
        raise UsageError(msg)
    return labels


def _is_normal(name: str) -> bool:
    # Python normalises identifiers: two labels must not become one name in printed code.
    if name.isascii():
        return True
    import unicodedata

    return unicodedata.normalize("NFKC", name) == name


def _refuse_run_together(scanner: Scanner, labels: Sequence[str]) -> None:
    """Refuse `xy` where x and y are variables, and `sinx`."""
    single = {label for label in labels if len(label) == 1}
    letters = single | {"e"}
    for label, at in scanner.labels.items():
        if not 1 < len(label) <= 24:
            continue
        others = letters if all(c in letters for c in label) and set(label) & single else set()
        guess = {rest for rest in (label[k:] for k in range(2, 5)) if _looks_like_variable(rest)}
        parts = split_names(label, others) if others else _run_into_function(label, guess)
        if parts:
            raise ParseError(
                f"{label} could be one variable or {'*'.join(parts)}",
                scanner.text,
                at,
                f"write {'*'.join(parts)}, or declare the variables",
            )


def _looks_like_variable(rest: str) -> bool:
    return re.fullmatch(r"[0-9]*[a-z][0-9]*|[0-9]+", rest) is not None


def _run_into_function(label: str, guess: set[str]) -> list[str] | None:
    return split_names(label, guess) if guess and label not in FUNCTIONS else None


@contextmanager
def _precision(bits: int) -> Iterator[None]:
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


class _Reading:
    """Writes one text's tree into the shared Builder."""

    def __init__(
        self, text: str, builder: Builder, known: dict[int, Constant], index: dict[str, int]
    ) -> None:
        self.text = text
        self.builder = builder
        self.known = known  # what is known of the constant lines
        self.index = index
        self.at = 0  # the place that an error in a constant part points at

    def read(self, tokens: list[Token]) -> int:
        """Return the line of the result."""
        try:
            tree = _grammar().parse(tokens)
        except UnexpectedInput as error:
            self._unexpected(error, tokens)
        root = tree.children[0]
        part = self._write(root)
        if part.condition:
            self._fail(
                "the formula is a condition, not a number",
                _start(root),
                "write where(condition, 1, 0)",
            )
        return part.line

    # --- the walk -------------------------------------------------------------------------------

    def _write(self, root: Node) -> Part:
        order: list[Node] = []
        stack = [root]
        while stack:
            node = stack.pop()
            order.append(node)
            if isinstance(node, Tree) and not _is_literal(node):
                stack.extend(c for c in node.children if _is_operand(c))
        parts: list[Part] = []
        for node in reversed(order):
            if isinstance(node, Token):
                parts.append(self._leaf(node))
                continue
            if node.data == "pair":
                continue  # its two parts wait for Piecewise
            first = len(parts) - _part_count(node)
            given = parts[first:]
            del parts[first:]
            parts.append(getattr(self, f"_{node.data}")(node, given))
        return parts[0]

    def _leaf(self, token: Token) -> Part:
        self.at = token.start_pos or 0
        if token.type == "NUMBER":
            return Part(self._number(Fraction(token.value.replace("_", ""))))
        if token.type == "VARIABLE":
            return Part(self.builder.var(self.index[token.value]))
        if token.type == "CONSTANT":
            line = self.builder.constant(token.value)
            if line not in self.known:
                self.known[line] = constants.of_name(token.value)
            return Part(line)
        # True and False have no operation of their own: 0 <= 0, 0 < 0.
        zero = self.const(0)
        return Part(self.op("le" if token.value == "True" else "lt", zero, zero), True)

    # --- one rule each --------------------------------------------------------------------------

    def _bracket(self, _: Node, given: list[Part]) -> Part:
        return given[0]

    def _bars(self, node: Node, given: list[Part]) -> Part:
        self._numbers(node, given)
        return Part(self.op("abs", given[0].line))

    def _binary(self, node: Node, given: list[Part]) -> Part:
        sign = node.children[1]
        self._numbers(node, given)
        if sign.type == "DIVIDE":
            self._refuse_divided_product(node)
        self.at = sign.start_pos
        return Part(self.op(_BINARY[sign.type], given[0].line, given[1].line))

    def _implied(self, node: Node, given: list[Part]) -> Part:
        left, sign, right = node.children
        self._numbers(node, given)
        power = left.children[2] if _rule(left) == "implied" else left
        if _rule(power) == "power" and _rule(power.children[-1]) != "bracket":
            exponent = power.children[-1]
            if not (isinstance(exponent, Token) and exponent.type == "SUPERSCRIPT"):
                a, b, c = map(self._source, (power.children[0], exponent, right))
                self._fail(
                    "the exponent could go on after this place",
                    sign.start_pos,
                    f"write {a}**{b}*{c} or {a}**({b}*{c})",
                )
        self.at = sign.start_pos
        return Part(self.op("mul", given[0].line, given[1].line))

    def _sign(self, node: Node, given: list[Part]) -> Part:
        sign = node.children[0]
        self.at = sign.start_pos
        if not given:  # a signed literal is one constant
            value = Fraction(node.children[1].value.replace("_", ""))
            return Part(self._number(-value if sign.type == "MINUS" else value))
        self._numbers(node, given)
        return given[0] if sign.type == "PLUS" else Part(self.op("neg", given[0].line))

    def _power(self, node: Node, given: list[Part]) -> Part:
        self._numbers(node, given)
        sign = node.children[1]
        self.at = sign.start_pos
        if sign.type == "SUPERSCRIPT":
            return Part(self._pow(given[0].line, self.const(int(sign.value))))
        return Part(self._pow(given[0].line, given[1].line))

    def _compare(self, node: Node, given: list[Part]) -> Part:
        self._numbers(node, given)
        found = []
        for k in range(len(given) - 1):
            sign = node.children[2 * k + 1]
            self.at = sign.start_pos
            op, swap = _COMPARE[sign.value]
            a, b = given[k].line, given[k + 1].line
            found.append(self.op(op, b, a) if swap else self.op(op, a, b))
        return Part(functools.reduce(lambda a, b: self.op("and", a, b), found), True)

    def _junction(self, node: Node, given: list[Part]) -> Part:
        left, sign, right = node.children
        by_sign = sign.value in {"&", "|"}
        if by_sign and not (self._may_join(left, sign) and self._may_join(right, sign)):
            self._fail(
                f"{sign.value} stands between bracketed conditions",
                sign.start_pos,
                f"write (x > 0) {sign.value} (y > 0)",
            )
        self._conditions(node, given)
        op = "and" if sign.type == "AND" else "or"
        return Part(self.op(op, given[0].line, given[1].line), True)

    def _may_join(self, side: Node, sign: Token) -> bool:
        # In Python & and | bind tighter than comparisons and words: without brackets they mislead.
        if _rule(side) == "junction":
            return side.children[1].value in {sign.value, "&"}
        if _rule(side) == "negation":
            return bool(side.children[0].type == "TILDE")
        return _rule(side) != "compare"

    def _negation(self, node: Node, given: list[Part]) -> Part:
        self._conditions(node, given)
        return Part(self.op("not", given[0].line), True)

    def _choice(self, node: Node, given: list[Part]) -> Part:
        children = [child for child in node.children if _is_operand(child)]
        self._need(children[0], given[0], False)
        self._need(children[1], given[1], True)
        self._need(children[2], given[2], False)
        self.at = node.children[1].start_pos
        return Part(self.op("where", given[1].line, given[0].line, given[2].line))

    def _call(self, node: Node, given: list[Part]) -> Part:
        token = node.children[0]
        function = FUNCTIONS[token.value]
        self.at = token.start_pos
        arguments = [c for c in node.children[1:] if _is_argument(c)]
        if function.name == "Rational":
            return Part(self._rational(node, arguments))
        if function.name == "Piecewise":
            return Part(self._piecewise(arguments, given))
        for child in arguments:
            if _rule(child) == "pair":
                self._fail("a comma stands outside a call", child.children[2].start_pos)
        self._check_count(function, token, len(given))
        for k, (child, part) in enumerate(zip(arguments, given, strict=True)):
            self._need(child, part, function.kind(k) == "c")
        lines = [part.line for part in given]
        self._check_order(function, arguments, lines)
        line = function.write(self, lines)
        power = node.children[1]
        if power.type == "FUNCTION_POWER":
            line = self._pow(line, self.const(int(power.value)))
        return Part(line, function.gives_condition)

    # --- calls with rules of their own ----------------------------------------------------------

    def _check_count(self, function: Function, token: Token, count: int) -> None:
        least, most = function.least, function.most
        if count < least or (most is not None and count > most):
            need = f"{least}" if least == most else f"{least} or more"
            if most is not None and most > least:
                need = f"{least} or {most}"
            were = "was" if count == 1 else "were"
            plural = "argument" if need == "1" else "arguments"
            hint = "atan2(y, x) takes two" if function.name == "atan" else ""
            self._fail(
                f"{token.value} takes {need} {plural}, {count} {were} given",
                token.start_pos or 0,
                hint,
            )

    def _check_order(self, function: Function, arguments: list[Node], lines: list[int]) -> None:
        """The order of a Bessel function is a number, that of a polygamma a whole one."""
        name = function.name
        if name != "polygamma" and not name.startswith("bessel"):
            return
        order = self.known.get(lines[0])
        place = _start(arguments[0])
        if order is None:
            self._fail(f"the order of {name} must be a number", place)
        if abs(order.ball) > constants.MAX_ORDER:
            msg = f"the order of {name} is beyond ±{constants.MAX_ORDER:,}"
            raise LimitError(msg, self.text, place)
        if name == "polygamma":
            value = self.builder.value_of(lines[0])
            if value is None or value.denominator != 1 or value < 0:
                self._fail("the order of polygamma must be 0 or a positive whole number", place)

    def _rational(self, node: Node, arguments: list[Node]) -> int:
        at = node.children[0].start_pos
        values = []
        for child in arguments:
            value = self._literal(child)
            if value is None:
                self._fail(
                    "Rational takes numbers written out",
                    _start(child),
                    "write Rational(1, 3) or Rational('0.1')",
                )
            values.append(value)
        if not 1 <= len(values) <= 2:
            self._fail(f"Rational takes 1 or 2 arguments, {len(values)} were given", at)
        if len(values) == 2 and not values[1]:
            self._fail("this constant part is undefined: a division by zero", at)
        return self._number(values[0] / values[1] if len(values) == 2 else values[0])

    def _literal(self, node: Node) -> Fraction | None:
        """Return the number that a literal spells: signed, bracketed, quoted, or 10**6."""
        negative = False
        while _rule(node) in {"sign", "bracket"}:
            negative ^= node.children[0].type == "MINUS"
            node = node.children[1]
        value = self._plain(node)
        if _rule(node) == "power" and len(node.children) == 3:
            base, exponent = self._plain(node.children[0]), self._plain(node.children[2])
            if base is not None and exponent is not None and exponent.denominator == 1:
                if not base and exponent < 0:
                    self._fail(
                        "this constant part is undefined: 0 to a negative power",
                        node.children[1].start_pos,
                    )
                bits = (base.numerator * base.denominator).bit_length() * abs(exponent)
                if bits > constants.MAX_EXACT_BITS:
                    raise LimitError(
                        "this number is too long to write out",
                        self.text,
                        node.children[1].start_pos,
                    )
                value = base ** int(exponent)
        return -value if negative and value is not None else value

    def _plain(self, node: Node) -> Fraction | None:
        """Return the number that one token spells, in digits or in quotes."""
        if not isinstance(node, Token):
            return None
        if node.type == "NUMBER":
            return Fraction(node.value.replace("_", ""))
        found = _QUOTED.fullmatch(node.value[1:-1]) if node.type == "STRING" else None
        if found is None or not all(is_number(word) for word in (found[2], found[3] or "1")):
            return None
        sign, top, bottom = found.group(1), found.group(2), found.group(3) or "1"
        for word in (top, bottom):
            check_size(word, self.text, node.start_pos or 0)
        if not int(bottom.replace("_", "")):
            self._fail("this constant part is undefined: a division by zero", node.start_pos or 0)
        value = Fraction(top.replace("_", "")) / int(bottom.replace("_", ""))
        return -value if sign == "-" else value

    def _piecewise(self, arguments: list[Node], given: list[Part]) -> int:
        if not arguments:
            self._fail(
                "Piecewise needs at least one (value, condition)",
                self.at,
                "write Piecewise((a, x > 0), (b, True))",
            )
        for child in arguments:
            if _rule(child) != "pair":
                self._fail(
                    "Piecewise takes pairs of a value and a condition",
                    _start(child),
                    "write Piecewise((a, x > 0), (b, True))",
                )
        for k, child in enumerate(arguments):
            self._need(child.children[1], given[2 * k], False)
            self._need(child.children[3], given[2 * k + 1], True)
        rows = [(given[2 * k + 1].line, given[2 * k].line) for k in range(len(arguments))]
        last = arguments[-1].children[3]
        if isinstance(last, Token) and last.type == "TRUTH" and last.value == "True":
            otherwise = rows.pop()[1]
        else:
            # Outside its conditions the function is undefined, and so is 0/0.
            zero = self.const(0)
            otherwise = self.builder.op("div", zero, zero)
        for condition, value in reversed(rows):
            otherwise = self.op("where", condition, value, otherwise)
        return otherwise

    # --- writing lines --------------------------------------------------------------------------

    def const(self, value: Fraction | int) -> int:
        """Write an exact rational constant."""
        return self._number(Fraction(value))

    def op(self, name: str, *args: int) -> int:
        """Write one operation, and refuse a constant part that no double can hold."""
        if name == "pow":
            return self._pow(*args)
        line = self.builder.op(name, *args)
        return self._note(line, name, args)

    def _pow(self, base: int, exponent: int) -> int:
        known = self.known.get(exponent)
        if known is not None:
            try:
                constants.check_power(
                    self.known.get(base), known, self.builder.lines[base].op == "var"
                )
            except BadConstantError as error:
                self._fail_constant(error)
        return self._note(self.builder.op("pow", base, exponent), "pow", (base, exponent))

    def _note(self, line: int, name: str, args: tuple[int, ...]) -> int:
        if line not in self.known:
            values = [self.known.get(arg) for arg in args]
            if all(value is not None for value in values):
                try:
                    found = constants.combine(name, values)  # type: ignore[arg-type]
                except BadConstantError as error:
                    self._fail_constant(error)
                if found is not None:
                    self.known[line] = found
        return line

    def _number(self, value: Fraction) -> int:
        line = self.builder.const(value)
        if line not in self.known:
            try:
                self.known[line] = constants.of_number(value)
            except BadConstantError as error:
                self._fail_constant(error)
        return line

    # --- numbers and conditions -----------------------------------------------------------------

    def _numbers(self, node: Node, given: list[Part]) -> None:
        if any(part.condition for part in given):
            for child, part in zip(filter(_is_operand, node.children), given, strict=True):
                self._need(child, part, False)

    def _conditions(self, node: Node, given: list[Part]) -> None:
        for child, part in zip(filter(_is_operand, node.children), given, strict=True):
            self._need(child, part, True)

    def _need(self, node: Node, part: Part, condition: bool) -> None:
        if part.condition is condition:
            return
        if condition:
            self._fail(
                "a condition is needed here, this is a number",
                _start(node),
                "compare it, as in x > 0",
            )
        self._fail(
            "a condition can't be used as a number", _start(node), "write where(condition, a, b)"
        )

    # --- errors ---------------------------------------------------------------------------------

    def _refuse_divided_product(self, node: Node) -> None:
        left, sign, right = node.children
        inner = right
        while _rule(inner) == "sign":
            inner = inner.children[1]
        if _rule(inner) != "implied":
            return
        top, first, second = map(self._source, (left, inner.children[0], inner.children[2]))
        self._fail(
            "a product without a sign stands after a division",
            sign.start_pos,
            f"write {top}/({first}*{second}) or ({top}/{first})*{second}",
        )

    def _source(self, node: Node) -> str:
        start, end = _start(node), _end(node)
        found = " ".join(self.text[start:end].split())
        return found if len(found) <= 20 else "(...)"

    def _unexpected(self, error: UnexpectedInput, tokens: list[Token]) -> NoReturn:
        token = error.token if isinstance(error, UnexpectedToken) else None
        if token is None or token.type == "$END":
            last = tokens[-1]
            self._fail(
                f"the formula ends after {self._named(last)}, where a value is missing",
                last.end_pos or 0,
            )
        place = token.start_pos or 0
        before = [t for t in tokens if (t.start_pos or 0) < place]
        if not before:
            self._fail(f"the formula starts with {self._named(token)}", place)
        self._fail(f"{self._named(token)} can't stand after {self._named(before[-1])}", place)

    def _named(self, token: Token) -> str:
        start, end = token.start_pos or 0, token.end_pos or 0
        word = "".join(self.text[start : max(end, start + 1)].split())
        return word if len(word) <= 30 else f"{word[:27]}..."

    def _fail_constant(self, error: BadConstantError) -> NoReturn:
        kind = LimitError if error.is_limit else ParseError
        raise kind(error.message, self.text, self.at, error.hint) from None

    def _fail(self, message: str, at: int, hint: str = "") -> NoReturn:
        raise ParseError(message, self.text, at, hint) from None


def _rule(node: Node) -> str:
    return str(node.data) if isinstance(node, Tree) else ""


def _is_operand(node: Node) -> bool:
    return isinstance(node, Tree) or node.type in _OPERANDS


def _is_argument(node: Node) -> bool:
    return _is_operand(node) or node.type == "STRING"


def _is_literal(node: Node) -> bool:
    """Whether a tree is read as one constant: -5, Rational(1, 3)."""
    if node.data == "sign":
        operand = node.children[1]
        return isinstance(operand, Token) and operand.type == "NUMBER"
    return node.data == "call" and FUNCTIONS[node.children[0].value].name == "Rational"


def _part_count(node: Node) -> int:
    """How many parts the operands of a node bring: a pair brings two."""
    if _is_literal(node):
        return 0
    return sum(2 if _rule(child) == "pair" else 1 for child in node.children if _is_operand(child))


def _start(node: Node) -> int:
    while isinstance(node, Tree):
        node = node.children[0]
    return int(node.start_pos or 0)


def _end(node: Node) -> int:
    while isinstance(node, Tree):
        node = node.children[-1]
    return int(node.end_pos or 0)
