"""Text -> tokens: the part of reading a formula that depends on what stands beside what.

The scanner decides what each name is, where a multiplication sign was left out, which way a bar
opens, and refuses what can be read in two ways. It also enforces the limits of text, before
anything is built. What remains is a plain LALR language (grammar.lark).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from lark import Token

from symnum.errors import LimitError, ParseError
from symnum.formula.functions import CONSTANTS, FUNCTIONS, KEYWORDS, PREFIXES, TRUTHS
from symnum.formula.refusals import (
    INSTEAD,
    REFUSED_CHARACTERS,
    REFUSED_HINTS,
    REFUSED_NAMES,
    REFUSED_OPERATORS,
)

MAX_CHARACTERS = 150_000
MAX_DEPTH = 200
MAX_DIGITS = 1_000
MAX_DECIMAL_EXPONENT = 400

_BLANK = re.compile(r"\s+")
_NUMBER_LIKE = re.compile(r"(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?")
_D = r"[0-9](?:_?[0-9])*"
_NUMBER = re.compile(rf"(?:{_D}(?:\.(?:{_D})?)?|\.{_D})(?:[eE][+-]?{_D})?")
_OTHER_BASE = re.compile(r"0[xX][0-9a-fA-F]|0[oObB][0-9]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INDEX = re.compile(r"\[\s*([0-9]{1,9})\s*\]")
_SUPERSCRIPT = re.compile(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_OPERATOR = re.compile(r"\*\*|<=|>=|==|!=|//|<>|:=|&&|\|\||->|[-+*/^<>=&|~()\[\],]")
_FUNCTION_POWER = re.compile(r"\s*(?:\*\*|\^)\s*([0-9]{1,5})\s*(?=\()")
_FUNCTION_SUPERSCRIPT = re.compile(r"\s*([²³¹⁰⁴⁵⁶⁷⁸⁹]{1,5})\s*(?=\()")
_FUNCTION_INVERSE = re.compile(r"\s*(?:(?:\*\*|\^)\s*\(?\s*[-−]\s*1\b|⁻¹)")
_AFTER_COMMA = re.compile(r"(?:,[0-9]+)+")
_OPENS = re.compile(r"\s*\(")

_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")

_SIGNS = {
    "+": "PLUS", "-": "MINUS", "−": "MINUS", "*": "TIMES", "·": "TIMES", "⋅": "TIMES",
    "×": "TIMES", "/": "DIVIDE", "÷": "DIVIDE", "**": "POWER", "^": "POWER", "<": "COMPARE",
    "<=": "COMPARE", ">": "COMPARE", ">=": "COMPARE", "==": "COMPARE", "!=": "COMPARE",
    "≤": "COMPARE", "≥": "COMPARE", "≠": "COMPARE", "&": "AND", "~": "TILDE",
}  # fmt: skip
_PLAIN = {"−": "-", "≤": "<=", "≥": ">=", "≠": "!="}

_ENDS_VALUE = frozenset(
    {"NUMBER", "VARIABLE", "CONSTANT", "TRUTH", "STRING", "CLOSE", "BAR_CLOSE", "SUPERSCRIPT"}
)
_STARTS_VALUE = frozenset(
    {"NUMBER", "VARIABLE", "CONSTANT", "TRUTH", "FUNCTION", "OPEN", "BAR_OPEN"}
)
_PREFIX_SIGNS = frozenset({"PLUS", "MINUS", "TILDE", "NOT"})

_RUN_TOGETHER = ("sin", "cos", "tan", "ln", "log", "exp", "sqrt", "abs", "pi")


@dataclass(slots=True)
class _Frame:
    """One bracket or bar that is still open."""

    sign: str  # "(" or "|", empty for the whole text
    at: int
    function: str = ""  # the function that the bracket belongs to
    pair: bool = False  # a bracket directly inside Piecewise(...)
    condition: bool = False  # a comparison stands directly inside
    choice: int | None = None  # where an `if` still waits for its `else`


class Scanner:
    """Turns one text into tokens, once.

    Parameters
    ----------
    text : str
        The formula.
    declared : collection of str or None
        The declared labels; None where the names in the text say what the variables are.
    """

    def __init__(self, text: str, declared: Collection[str] | None) -> None:
        self.text = text
        self.declared = declared
        self.tokens: list[Token] = []
        self.frames = [_Frame("", 0)]
        self.signs = 0  # how many prefix signs in a row
        self.closed_condition = False  # whether the last bracket to close held a condition
        self.labels: dict[str, int] = {}  # the variables met, and where first

    def scan(self) -> list[Token]:
        """Return the tokens.

        Raises
        ------
        ParseError
            Where something can't be read, or can be read in two ways.
        LimitError
            Where the text is larger than the limits.
        """
        text = self.text
        if len(text) > MAX_CHARACTERS:
            msg = f"the formula has {len(text):,} characters, more than {MAX_CHARACTERS:,}"
            raise LimitError(msg, text, MAX_CHARACTERS)
        at = 0
        while at < len(text):
            blank = _BLANK.match(text, at)
            at = blank.end() if blank else self._read(at)
        if not self.tokens:
            raise ParseError("the formula is empty", text, 0, "write for example x**2 + 1")
        self._check_choice(self.frames[-1])
        if len(self.frames) > 1:
            frame = self.frames[-1]
            what = "bar" if frame.sign == "|" else "bracket"
            raise self._error(f"this {what} is never closed", frame.at)
        return self.tokens

    # --- one token ------------------------------------------------------------------------------

    def _read(self, at: int) -> int:
        character = self.text[at]
        if character.isascii():
            if character.isdigit() or (character == "." and self.text[at + 1 : at + 2].isdecimal()):
                return self._number(at)
            if character.isalpha() or character == "_":
                return self._name(at)
            if character in "'\"":
                return self._string(at)
            found = _OPERATOR.match(self.text, at)
            if found:
                return self._operator(found.group(), at)
            return self._refuse_character(at)
        if character in _SIGNS:
            return self._operator(character, at)
        if _SUPERSCRIPT.match(self.text, at):
            return self._superscript(at)
        if character.isidentifier():
            return self._name(at)
        return self._refuse_character(at)

    def _number(self, at: int) -> int:
        text = self.text
        found = _NUMBER_LIKE.match(text, at)
        if found is None:  # a full stop before a digit that isn't ASCII
            return self._refuse_character(at)
        word, end = found.group(), found.end()
        following = text[end : end + 1]
        if _OTHER_BASE.match(text, at):
            raise self._error(
                f"{text[at : at + 2]} would start a number in another base",
                at,
                "write the number in decimals",
            )
        if not _NUMBER.fullmatch(word) or following == ".":
            shown = text[at : end + 2].rstrip() if following == "." else word
            if following == "." and text[end + 1 : end + 2].isalpha():
                raise self._error("a dot stands after a number", end, "attributes aren't read")
            raise self._error(f"{_short(shown)} is not a number", at, "write for example 1_000.25")
        if following in {"e", "E"} and text[end + 1 : end + 2] in {"+", "-", "−"}:
            raise self._error(
                f"{word}{text[end : end + 2]} looks like a number cut short",
                at,
                f"write {word}e{_PLAIN.get(text[end + 1], text[end + 1])}5 "
                f"for a power of ten, or {word}*e for Euler's number",
            )
        if word.endswith(".") and (following.isalpha() or following == "_"):
            raise self._error(
                "a name stands right after a decimal point",
                end,
                f"write {word[:-1]}*{self._word_at(end)}",
            )
        if len(word) > 1 and word.isdigit() and word[0] == "0" and self._last() != "NUMBER":
            raise self._error(
                "a whole number starts with 0",
                at,
                f"write {_short(word.lstrip('0') or '0')}; digits are grouped as in 1_000",
            )
        check_size(word, text, at)
        self._add("NUMBER", word, at, end)
        return end

    def _string(self, at: int) -> int:
        found = _STRING.match(self.text, at)
        frame = self.frames[-1]
        if found is None or frame.function != "Rational" or self._last() != "OPEN":
            return self._refuse_character(at)
        self._add("STRING", found.group(), at, found.end())
        return found.end()

    def _superscript(self, at: int) -> int:
        found = _SUPERSCRIPT.match(self.text, at)
        assert found is not None
        if self._last() not in _ENDS_VALUE:
            raise self._error("this superscript has nothing before it to raise", at)
        word = found.group().translate(_DIGITS)
        check_size(word.lstrip("+-"), self.text, at)
        self._add("SUPERSCRIPT", word, at, found.end())
        return found.end()

    def _operator(self, sign: str, at: int) -> int:
        if sign == "(":
            self._open(at)
        elif sign == ")":
            self._close(at)
        elif sign in {"|", "||"}:
            ended = self._last() in _ENDS_VALUE and self.frames[-1].sign != "|"
            if sign == "||" and ended and self.frames[-1].condition:
                raise self._error("|| is not part of a formula", at, "write the word or")
            self._bar(at)
            return at + 1
        elif sign == ",":
            self._comma(at)
        elif sign == "=":
            raise self._equals(at)
        elif sign in "[]":
            raise self._square(sign, at)
        elif sign in REFUSED_OPERATORS:
            raise self._error(f"{sign} is not part of a formula", at, REFUSED_OPERATORS[sign])
        else:
            kind = _SIGNS[sign]
            if kind in {"COMPARE", "AND", "TILDE"}:
                self.frames[-1].condition = True
            self._add(kind, _PLAIN.get(sign, sign), at, at + len(sign))
        return at + len(sign)

    # --- brackets, bars, commas -----------------------------------------------------------------

    def _push(self, frame: _Frame) -> None:
        self.frames.append(frame)
        if len(self.frames) - 1 > MAX_DEPTH:
            msg = f"brackets are nested more than {MAX_DEPTH} deep"
            raise LimitError(msg, self.text, frame.at)

    def _open(self, at: int) -> None:
        last = self._last()
        function = ""
        if last in {"FUNCTION", "FUNCTION_POWER"}:
            name = self.tokens[-1 if last == "FUNCTION" else -2]
            function = FUNCTIONS[name.value].name
        outer = self.frames[-1]
        pair = not function and outer.function == "Piecewise"
        self._add("OPEN", "(", at, at + 1)
        self._push(_Frame("(", at, function, pair))

    def _close(self, at: int) -> None:
        frame = self.frames[-1]
        if not frame.sign:
            raise self._error("this bracket closes nothing", at)
        if frame.sign == "|":
            raise self._error(
                "a bar is still open where this bracket closes",
                at,
                "write abs(...) instead of bars",
            )
        self.frames.pop()
        if self._last() == "OPEN" and not frame.function:
            raise self._error("there is nothing between these brackets", frame.at)
        self._check_choice(frame)
        known = FUNCTIONS.get(frame.function)
        self.closed_condition = frame.condition if known is None else known.gives_condition
        self.frames[-1].condition |= self.closed_condition
        self._add("CLOSE", ")", at, at + 1)

    def _bar(self, at: int) -> None:
        """Decide whether a bar opens, closes, or is the `or` between two conditions."""
        frame = self.frames[-1]
        if self._last() not in _ENDS_VALUE:
            self._add("BAR_OPEN", "|", at, at + 1)
            self._push(_Frame("|", at))
        elif frame.sign == "|":
            following = self._next_character(at + 1)
            if following.isalnum() or following in {"(", "_", "."}:
                raise self._error(
                    "this bar could open or close", at, "write abs(...) instead of bars"
                )
            self.frames.pop()
            self._add("BAR_CLOSE", "|", at, at + 1)
        elif self._last() == "TRUTH" or (self._last() == "CLOSE" and self.closed_condition):
            self._add("OR", "|", at, at + 1)
        elif frame.condition and self.text.count("|", at) % 2:
            self._add("OR", "|", at, at + 1)  # no bar closes it: `x > 0 | y > 0`, refused later
        elif self._last() == "CLOSE" and self._next_character(at + 1) == "(":
            raise self._error(
                "this bar could open or stand for or", at, "write abs(...) instead of bars"
            )
        else:
            self._add("BAR_OPEN", "|", at, at + 1)
            self._push(_Frame("|", at))

    def _comma(self, at: int) -> None:
        frame = self.frames[-1]
        if frame.function or frame.pair:
            self._check_choice(frame)
            frame.condition = False
            self._add("COMMA", ",", at, at + 1)
            return
        before = self.tokens[-1] if self.tokens else None
        after = _AFTER_COMMA.match(self.text, at)
        if before is not None and before.type == "NUMBER" and before.end_pos == at and after:
            whole, rest = before.value, after.group()
            groups = rest.split(",")[1:]
            if all(len(group) == 3 for group in groups) and len(whole) <= 3 and whole != "0":
                decimal = f"; {whole}.{groups[0]} if it is a decimal comma"
                raise self._error(
                    "a comma stands inside a number",
                    at,
                    f"write {_short(whole + rest.replace(',', '_'))}"
                    + (decimal if len(groups) == 1 else ""),
                )
            raise self._error(
                "a comma stands inside a number",
                at,
                f"write a decimal point: {_short(whole)}.{_short(groups[0])}",
            )
        raise self._error(
            "a comma stands outside a call", at, "several formulas come as a list of texts"
        )

    def _check_choice(self, frame: _Frame) -> None:
        if frame.choice is not None:
            raise self._error("this if has no else", frame.choice, "write a if x > 0 else b")

    def _equals(self, at: int) -> ParseError:
        if len(self.frames) == 1 and [t.type for t in self.tokens] == ["VARIABLE"]:
            return self._error(
                "a formula has no left-hand side", at, "write only what stands after the ="
            )
        function = FUNCTIONS.get(self.frames[-1].function)
        if function is not None and "c" not in function.takes and self._is_keyword():
            return self._error(
                "arguments have no names in a formula", at, "write only what stands after the ="
            )
        return self._error(
            "= is not part of a formula", at, "write == to compare, inside where(...)"
        )

    def _is_keyword(self) -> bool:
        """Whether the last token is a name alone, as in `log(x, base=2)`."""
        return [token.type for token in self.tokens[-2:]] in (
            ["COMMA", "VARIABLE"],
            ["OPEN", "VARIABLE"],
        )

    def _square(self, sign: str, at: int) -> ParseError:
        if self._last() in {"VARIABLE", "CONSTANT"} and sign == "[":
            return self._error(
                "an index is a whole number written in digits", at, "write for example x[0]"
            )
        return self._error(
            f"{sign} is not part of a formula",
            at,
            "write round brackets; several formulas come as a list of texts",
        )

    # --- names ----------------------------------------------------------------------------------

    def _word_at(self, at: int) -> str:
        """Return the longest name that starts here; blanks and superscripts end it."""
        text = self.text
        found = _WORD.match(text, at)
        end = found.end() if found else at
        while end < len(text) and (
            text[end].isascii() is False or text[end] == "_" or text[end].isalnum()
        ):
            if text[end] in _SIGNS or not ("a" + text[end]).isidentifier():
                break
            end += 1
        return text[at:end]

    def _name(self, at: int) -> int:
        text = self.text
        word = self._word_at(at)
        end = at + len(word)
        if end < len(text) and text[end] == "." and text[end + 1 : end + 2].isidentifier():
            return self._dotted(at)
        index = _INDEX.match(text, end)
        label = f"{word}[{int(index.group(1))}]" if index else word
        if self.declared is not None and label in self.declared:
            return self._variable(label, at, index.end() if index else end)
        if word in KEYWORDS:
            self._keyword(word, at)
            self._add(KEYWORDS[word], word, at, end)
            return end
        if "π" in word and len(word) > 1:
            # The letter π is a sign of its own: 2πr.
            word = "π" if word[0] == "π" else word[: word.index("π")]
            end, index, label = at + len(word), None, word
            if self.declared is not None and label in self.declared:
                return self._variable(label, at, end)
        opens = _OPENS.match(text, end) is not None
        if index is None and (word in FUNCTIONS or (opens and word not in CONSTANTS)):
            return self._function(word, word, at, end)
        if word in TRUTHS:
            self._add("TRUTH", word, at, end)
            return end
        if index is None and word in CONSTANTS:
            if opens:
                raise self._error(
                    f"{word} is a constant, not a function", at, f"write {word}*(...)"
                )
            self._add("CONSTANT", CONSTANTS[word], at, end)
            return end
        return self._variable(label, at, index.end() if index else end)

    def _keyword(self, word: str, at: int) -> None:
        frame = self.frames[-1]
        if word == "if":
            self._check_choice(frame)
            frame.choice = at
        elif word == "else":
            if frame.choice is None:
                raise self._error("this else has no if", at, "write a if x > 0 else b")
            frame.choice = None
        frame.condition = word in {"and", "or", "not"}

    def _dotted(self, at: int) -> int:
        """Read `np.sin` and its like; refuse every other use of a dot."""
        text, path, end = self.text, "", at
        while True:
            part = self._word_at(end)
            end += len(part)
            following = text[end + 1 : end + 2]
            if text[end : end + 1] != "." or not following.isidentifier():
                break
            path = f"{path}.{part}" if path else part
            end += 1
        if path not in PREFIXES:
            dot = text.index(".", at)
            raise self._error(
                "attributes aren't read",
                dot,
                "a module's name may stand only before a known function: np.sin(x)",
            )
        if part in FUNCTIONS:
            return self._function(part, text[at:end], at, end)
        if part in CONSTANTS:
            self._add("CONSTANT", CONSTANTS[part], at, end)
            return end
        if part in REFUSED_NAMES and part not in {"i", "j", "I", "E"}:
            raise self._error(REFUSED_NAMES[part], at)
        raise self._unknown_function(part, text[at:end], at)

    def _variable(self, label: str, at: int, end: int) -> int:
        if self.declared is None:
            if label in REFUSED_NAMES:
                raise self._error(REFUSED_NAMES[label], at, REFUSED_HINTS.get(label, ""))
            if not label.isascii():
                odd = next(c for c in label if not c.isascii())
                raise self._error(
                    f"the letter {odd} is not ASCII",
                    at,
                    f"declare the variable {_short(label)}, or use the letters a to z",
                )
            if label.startswith("__"):
                raise self._error("a name can't start with two underscores", at)
        elif label not in self.declared:
            raise self._undeclared(label, at)
        self._add("VARIABLE", label, at, end)
        self.labels.setdefault(label, at)
        return end

    def _undeclared(self, label: str, at: int) -> ParseError:
        assert self.declared is not None
        if label in REFUSED_NAMES:
            return self._error(REFUSED_NAMES[label], at, REFUSED_HINTS.get(label, ""))
        parts = split_names(label, self.declared)
        if parts:
            return self._error(
                f"{label} is not a declared variable",
                at,
                f"write {'*'.join(parts)}",
            )
        close = difflib.get_close_matches(label[:40], [d for d in self.declared if len(d) < 60], 1)
        if close:
            hint = f"did you mean {close[0]}?"
        elif self.declared:
            names = ", ".join(list(self.declared)[:8])
            hint = f"declared are {names}{', ...' if len(self.declared) > 8 else ''}"
        else:
            hint = "no variables are declared"
        return self._error(f"{_short(label)} is not a declared variable", at, hint)

    def _function(self, word: str, shown: str, at: int, end: int) -> int:
        text = self.text
        if word not in FUNCTIONS:
            raise self._unknown_function(word, shown, at)
        if _OPENS.match(text, end):
            self._add("FUNCTION", word, at, end)
            return end
        name = FUNCTIONS[word].name
        power = _FUNCTION_POWER.match(text, end) or _FUNCTION_SUPERSCRIPT.match(text, end)
        if power and FUNCTIONS[word].least == 1 and FUNCTIONS[word].takes[0] == "n":
            self._add("FUNCTION", word, at, end)
            self._add("FUNCTION_POWER", power.group(1).translate(_DIGITS), end, power.end())
            return power.end()
        if _FUNCTION_INVERSE.match(text, end):
            inverse = f"a{name}(x) or " if f"a{name}" in FUNCTIONS else ""
            raise self._error(
                f"{shown}^-1 could be the inverse or the reciprocal",
                at,
                f"write {inverse}1/{name}(x)",
            )
        rest = text[end : end + 40].lstrip()
        if rest[:1] == "^" or rest[:2] == "**" or rest[:1] in tuple("²³¹⁰⁴⁵⁶⁷⁸⁹⁻"):
            raise self._error(
                f"the power of {shown} stands before its argument",
                at,
                f"write the power after it: {name}(x)**2",
            )
        if rest[:1].isalnum() or rest[:1] == "_":
            argument = re.match(r"\w+", rest)
            assert argument is not None
            raise self._error(
                f"{shown} needs brackets round its argument",
                at,
                f"write {shown}({argument.group()})",
            )
        raise self._error(
            f"{shown} is a function and stands here without an argument",
            at,
            f"write {shown}(...), or declare {shown} as a variable",
        )

    def _unknown_function(self, word: str, shown: str, at: int) -> ParseError:
        if shown == word:
            if self.declared is None:
                elsewhere = re.search(rf"(?<!\w){re.escape(word)}(?!\w|\s*\()", self.text)
                is_variable = elsewhere is not None or (len(word) == 1 and word not in "fgh")
            else:
                is_variable = word in self.declared
            if is_variable:
                return self._error(
                    f"{_short(word)} is a variable, not a function",
                    at,
                    f"write {_short(word)}*(...) for the product",
                )
        if word in INSTEAD:
            return self._error(f"{shown} is not a function that we know", at, INSTEAD[word])
        close = difflib.get_close_matches(word[:40], FUNCTIONS, 1, 0.76) or (
            difflib.get_close_matches(word[:40].lower(), FUNCTIONS, 1, 0.9)
        )
        hint = f"did you mean {close[0]}?" if close else ""
        if not hint and len(word) == 1:
            hint = f"write {word}*(...) for a product"
        return self._error(f"{_short(shown)} is not a function that we know", at, hint)

    # --- what stands beside what ----------------------------------------------------------------

    def _add(self, kind: str, value: str, at: int, end: int) -> None:
        last = self._last()
        if kind in _STARTS_VALUE and last in _ENDS_VALUE:
            self._juxtapose(kind, value, at)
        if kind in _PREFIX_SIGNS and last not in _ENDS_VALUE:
            self.signs += 1
            if self.signs > MAX_DEPTH:
                msg = f"more than {MAX_DEPTH} signs stand in a row"
                raise LimitError(msg, self.text, at)
        else:
            self.signs = 0
        self.tokens.append(Token(kind, value, at, None, None, None, None, end))

    def _juxtapose(self, kind: str, value: str, at: int) -> None:
        """Insert the multiplication sign that was left out, or refuse to guess."""
        before = self.tokens[-1]
        left, right = before.value, "(...)" if kind in {"OPEN", "FUNCTION"} else _short(value)
        if kind == "FUNCTION":
            right = f"{value}(...)"
        if kind == "BAR_OPEN":
            right = "abs(...)"
        if kind == "NUMBER":
            if before.type == "NUMBER":
                if before.end_pos == at:
                    raise self._error(
                        f"{_short(left + value)} is not a number", before.start_pos or 0
                    )
                one = f"{_short(left)}_{right} for one number"
                hint = (
                    f"write {one}" if right[0] == "0" else f"write {_short(left)}*{right}, or {one}"
                )
                raise self._error("two numbers stand side by side", at, hint)
            if before.type in {"VARIABLE", "CONSTANT"}:
                raise self._error(
                    "a number stands after a name",
                    at,
                    f"write {_short(left)}*{right} or {_short(left)}**{right}",
                )
            raise self._error(
                "an operator is missing before this number", at, f"write *{right} or **{right}"
            )
        if "TRUTH" in {kind, before.type} or before.type == "STRING":
            raise self._error("an operator is missing here", at)
        if before.type == "VARIABLE" and kind == "OPEN":
            raise self._error(
                f"{_short(left)} is a variable, not a function",
                before.start_pos or 0,
                f"write {_short(left)}*(...) for the product",
            )
        is_sign = before.type == "CONSTANT" and self.text[before.start_pos or 0] == "π"
        if before.type in {"VARIABLE", "CONSTANT"} and not (is_sign and kind != "OPEN"):
            raise self._error(
                "an operator is missing between these two", at, f"write {_short(left)}*{right}"
            )
        self.tokens.append(Token("JUXTAPOSED", "", at, None, None, None, None, at))

    def _last(self) -> str:
        return str(self.tokens[-1].type) if self.tokens else ""

    def _next_character(self, at: int) -> str:
        blank = _BLANK.match(self.text, at)
        at = blank.end() if blank else at
        return self.text[at : at + 1]

    def _refuse_character(self, at: int) -> int:
        character = self.text[at]
        if character.isprintable():
            shown = character
        else:
            shown = f"the character U+{ord(character):04X}"
        raise self._error(
            f"{shown} is not part of a formula", at, REFUSED_CHARACTERS.get(character, "")
        )

    def _error(self, message: str, at: int, hint: str = "") -> ParseError:
        return ParseError(message, self.text, at, hint)


def check_size(word: str, text: str, at: int) -> None:
    """Refuse a number literal beyond the limits, before it is built.

    Raises
    ------
    LimitError
        With more digits, or a larger decimal exponent, than the limits allow.
    """
    mantissa, _, exponent = word.lower().partition("e")
    digits = sum(map(str.isdigit, mantissa))
    if digits > MAX_DIGITS:
        msg = f"a number of {digits:,} digits, more than {MAX_DIGITS:,}"
        raise LimitError(msg, text, at)
    power = exponent.lstrip("+-0_")
    if len(power) > 6 or int(power or 0) > MAX_DECIMAL_EXPONENT:
        msg = f"the decimal exponent {_short(exponent)} is outside ±{MAX_DECIMAL_EXPONENT}"
        raise LimitError(msg, text, at)


def is_number(word: str) -> bool:
    """Return whether the word is a number literal without a sign."""
    return _NUMBER.fullmatch(word) is not None


def split_names(label: str, names: Collection[str]) -> list[str] | None:
    """Return the names that a label runs together (`xy`, `sinx`), or None."""
    if len(label) > 24:
        return None
    for function in _RUN_TOGETHER:
        rest = label[len(function) :]
        if label.startswith(function) and rest in names:
            return [function, rest] if function == "pi" else [f"{function}({rest})"]
    single = list(label)
    if len(single) > 1 and all(c in names for c in single):
        return single
    for cut in range(1, len(label)):
        if label[:cut] in names and label[cut:] in names:
            return [label[:cut], label[cut:]]
    return None


def _short(word: str) -> str:
    """Return the word as an error shows it: long ones are cut."""
    return word if len(word) <= 30 else f"{word[:27]}..."
