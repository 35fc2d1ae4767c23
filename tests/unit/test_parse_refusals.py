"""What a formula may not look like: for each text the sentence, and the place that it points at."""

from __future__ import annotations

import time
from typing import Any

import pytest

from symnum.errors import LimitError, ParseError, UsageError
from symnum.formula.parse import check_labels, parse

# Every row: the text, the column of the caret, what is wrong, what to write instead.
REFUSED = [
    # nothing to read
    ("", 0, "the formula is empty", "write for example x**2 + 1"),
    ("  \n", 0, "the formula is empty", "write for example x**2 + 1"),
    # products without a sign
    ("1/2x", 1, "a product without a sign stands after a division", "write 1/(2*x) or (1/2)*x"),
    ("x/y z", 4, "an operator is missing between these two", "write y*z"),
    ("a/2b", 1, "a product without a sign stands after a division", "write a/(2*b) or (a/2)*b"),
    (
        "1/2(x)",
        1,
        "a product without a sign stands after a division",
        "write 1/(2*(x)) or (1/2)*(x)",
    ),
    ("1/-2x", 1, "a product without a sign stands after a division", "write 1/(2*x) or (1/2)*x"),
    (
        "1/sin(x)cos(x)",
        1,
        "a product without a sign stands after a division",
        "write 1/(sin(x)*cos(x)) or (1/sin(x))*cos(x)",
    ),
    ("2^3x", 3, "the exponent could go on after this place", "write 2**3*x or 2**(3*x)"),
    ("x^2y", 3, "the exponent could go on after this place", "write x**2*y or x**(2*y)"),
    ("x^-2 (y)", 5, "the exponent could go on after this place", "write x**-2*(y) or x**(-2*(y))"),
    (
        "2^sin(x)y",
        8,
        "the exponent could go on after this place",
        "write 2**sin(x)*y or 2**(sin(x)*y)",
    ),
    # functions without brackets, and powers of functions
    ("sin x", 0, "sin needs brackets round its argument", "write sin(x)"),
    ("sin2 x", 5, "an operator is missing between these two", "write sin2*x"),
    ("cos 2x", 0, "cos needs brackets round its argument", "write cos(2x)"),
    (
        "sin",
        0,
        "sin is a function and stands here without an argument",
        "write sin(...), or declare sin as a variable",
    ),
    (
        "sin + 1",
        0,
        "sin is a function and stands here without an argument",
        "write sin(...), or declare sin as a variable",
    ),
    ("sin^-1(x)", 0, "sin^-1 could be the inverse or the reciprocal", "write asin(x) or 1/sin(x)"),
    ("cos⁻¹(x)", 0, "cos^-1 could be the inverse or the reciprocal", "write acos(x) or 1/cos(x)"),
    ("gamma^(-1)(x)", 0, "gamma^-1 could be the inverse or the reciprocal", "write 1/gamma(x)"),
    (
        "sin^n(x)",
        0,
        "the power of sin stands before its argument",
        "write the power after it: sin(x)**2",
    ),
    (
        "sin^2 x",
        0,
        "the power of sin stands before its argument",
        "write the power after it: sin(x)**2",
    ),
    # names and numbers side by side
    ("x y", 2, "an operator is missing between these two", "write x*y"),
    ("2 pi x", 5, "an operator is missing between these two", "write pi*x"),
    ("x2 y", 3, "an operator is missing between these two", "write x2*y"),
    ("x sin(x)", 2, "an operator is missing between these two", "write x*sin(...)"),
    ("x 2", 2, "a number stands after a name", "write x*2 or x**2"),
    ("2 3", 2, "two numbers stand side by side", "write 2*3, or 2_3 for one number"),
    ("1 000", 2, "two numbers stand side by side", "write 1_000 for one number"),
    ("(x)2", 3, "an operator is missing before this number", "write *2 or **2"),
    ("x*y + xy", 6, "xy could be one variable or x*y", "write x*y, or declare the variables"),
    ("x*e + 2ex", 7, "ex could be one variable or e*x", "write e*x, or declare the variables"),
    ("sinx", 0, "sinx could be one variable or sin(x)", "write sin(x), or declare the variables"),
    ("ln2 + 1", 0, "ln2 could be one variable or ln(2)", "write ln(2), or declare the variables"),
    ("2pix", 1, "pix could be one variable or pi*x", "write pi*x, or declare the variables"),
    # calls
    ("x(x+1)", 0, "x is a variable, not a function", "write x*(...) for the product"),
    ("x (x+1)", 0, "x is a variable, not a function", "write x*(...) for the product"),
    ("x(x+1) + x", 0, "x is a variable, not a function", "write x*(...) for the product"),
    ("f(x)", 0, "f is not a function that we know", "write f*(...) for a product"),
    ("pi(x+1)", 0, "pi is a constant, not a function", "write pi*(...)"),
    ("foo(x)", 0, "foo is not a function that we know", ""),
    ("arcsn(x)", 0, "arcsn is not a function that we know", "did you mean arcsin?"),
    ("Sin(x)", 0, "Sin is not a function that we know", "did you mean sin?"),
    (
        "factorial(10**9)",
        0,
        "factorial is not a function that we know",
        "write gamma(n + 1) for the factorial of n",
    ),
    ("mod(x, 2)", 0, "mod is not a function that we know", "write x - y*floor(x/y)"),
    ("np.foo(x)", 0, "np.foo is not a function that we know", ""),
    ("atan(y, x)", 0, "atan takes 1 argument, 2 were given", "atan2(y, x) takes two"),
    ("sin()", 0, "sin takes 1 argument, 0 were given", ""),
    ("max(x)", 0, "max takes 2 or more arguments, 1 was given", ""),
    ("log(x, 2, 3)", 0, "log takes 1 or 2 arguments, 3 were given", ""),
    ("where(x > 0, 1)", 0, "where takes 3 arguments, 2 were given", ""),
    (
        "log(x, base=2)",
        11,
        "arguments have no names in a formula",
        "write only what stands after the =",
    ),
    # numbers
    ("0x10", 0, "0x would start a number in another base", "write the number in decimals"),
    ("1,000", 1, "a comma stands inside a number", "write 1_000; 1.000 if it is a decimal comma"),
    ("12,500,000", 2, "a comma stands inside a number", "write 12_500_000"),
    ("0,5*x", 1, "a comma stands inside a number", "write a decimal point: 0.5"),
    ("(1,5)", 2, "a comma stands inside a number", "write a decimal point: 1.5"),
    ("x,y", 1, "a comma stands outside a call", "several formulas come as a list of texts"),
    ("max(1,000)", 6, "a whole number starts with 0", "write 0; digits are grouped as in 1_000"),
    (
        "2e-x",
        0,
        "2e- looks like a number cut short",
        "write 2e-5 for a power of ten, or 2*e for Euler's number",
    ),
    (
        "1e−4",
        0,
        "1e− looks like a number cut short",
        "write 1e-5 for a power of ten, or 1*e for Euler's number",
    ),
    ("1.2.3", 0, "1.2.3 is not a number", "write for example 1_000.25"),
    ("1..2", 0, "1..2 is not a number", "write for example 1_000.25"),
    ("1__0", 0, "1__0 is not a number", "write for example 1_000.25"),
    ("1_", 0, "1_ is not a number", "write for example 1_000.25"),
    ("5.x", 2, "a name stands right after a decimal point", "write 5*x"),
    ("007", 0, "a whole number starts with 0", "write 7; digits are grouped as in 1_000"),
    # signs that are not ours
    ("x!", 1, "! is not part of a formula", "write gamma(n + 1) for n!"),
    ("x%2", 1, "% is not part of a formula", "write x - y*floor(x/y) for the remainder of x/y"),
    ("x//2", 1, "// is not part of a formula", "write floor(a/b)"),
    ("x = 2", 2, "a formula has no left-hand side", "write only what stands after the ="),
    ("y=x**2", 1, "a formula has no left-hand side", "write only what stands after the ="),
    ("where(x=0, 1, 2)", 7, "= is not part of a formula", "write == to compare, inside where(...)"),
    ("x <> 2", 2, "<> is not part of a formula", "write != for 'is not equal'"),
    ("x := 2", 2, ":= is not part of a formula", "give the right-hand side alone"),
    ("where(x>0||y>0,1,2)", 9, "|| is not part of a formula", "write the word or"),
    ("where(x>0&&y>0,1,2)", 9, "&& is not part of a formula", "write &, or the word and"),
    # names that are not real numbers
    (
        "i",
        0,
        "a number with an imaginary part isn't supported: formulas are real",
        "if i is a variable, declare it",
    ),
    (
        "2i",
        1,
        "a number with an imaginary part isn't supported: formulas are real",
        "if i is a variable, declare it",
    ),
    (
        "1j",
        1,
        "a number with an imaginary part isn't supported: formulas are real",
        "if j is a variable, declare it",
    ),
    (
        "E",
        0,
        "E could be Euler's number or a variable",
        "write e for Euler's number, or declare E as a variable",
    ),
    ("inf", 0, "infinity is not a number", ""),
    ("-inf", 1, "infinity is not a number", ""),
    ("np.inf", 0, "infinity is not a number", ""),
    ("nan", 0, "nan is not a number", ""),
    ("None", 0, "None is not a number", ""),
    (
        "lambda x: x",
        0,
        "lambda is a word of Python",
        "give the formula alone, or declare lambda as a variable",
    ),
    # code
    (
        "x.real",
        1,
        "attributes aren't read",
        "a module's name may stand only before a known function: np.sin(x)",
    ),
    (
        "os.system('id')",
        2,
        "attributes aren't read",
        "a module's name may stand only before a known function: np.sin(x)",
    ),
    ("__import__('os').system('id')", 0, "__import__ is not a function that we know", ""),
    ("().__class__", 0, "there is nothing between these brackets", ""),
    ("'x'", 0, "' is not part of a formula", "text in quotes stands only in Rational('0.1')"),
    ('"x"', 0, '" is not part of a formula', "text in quotes stands only in Rational('0.1')"),
    # Rational
    (
        "Rational(x, 2)",
        9,
        "Rational takes numbers written out",
        "write Rational(1, 3) or Rational('0.1')",
    ),
    (
        "Rational('x')",
        9,
        "Rational takes numbers written out",
        "write Rational(1, 3) or Rational('0.1')",
    ),
    ("Rational(1, 0)", 0, "this constant part is undefined: a division by zero", ""),
    ("Rational(1,2,3)", 0, "Rational takes 1 or 2 arguments, 3 were given", ""),
    # other languages' brackets and signs
    ("x;y", 1, "; is not part of a formula", "give one formula; several come as a list"),
    (
        "[x, y]",
        0,
        "[ is not part of a formula",
        "write round brackets; several formulas come as a list of texts",
    ),
    ("{x}", 0, "{ is not part of a formula", "write round brackets"),
    ("x[i]", 1, "an index is a whole number written in digits", "write for example x[0]"),
    ("x[-1]", 1, "an index is a whole number written in digits", "write for example x[0]"),
    ("x[1.5]", 1, "an index is a whole number written in digits", "write for example x[0]"),
    (
        "sin[x]",
        0,
        "sin is a function and stands here without an argument",
        "write sin(...), or declare sin as a variable",
    ),
    ("x\\y", 1, "\\ is not part of a formula", "LaTeX isn't read: write sqrt(x), (a)/(b), pi"),
    (
        "\\frac{x}{2}",
        0,
        "\\ is not part of a formula",
        "LaTeX isn't read: write sqrt(x), (a)/(b), pi",
    ),
    ("$x$", 0, "$ is not part of a formula", "LaTeX isn't read: write sqrt(x), (a)/(b), pi"),
    ("√x", 0, "√ is not part of a formula", "write sqrt(x)"),
    ("∞", 0, "∞ is not part of a formula", "infinity is not a number"),
    # letters and characters
    ("é+1", 0, "the letter é is not ASCII", "declare the variable é, or use the letters a to z"),
    ("x–1", 1, "– is not part of a formula", "write the minus sign -"),
    ("½x", 0, "½ is not part of a formula", ""),
    ("x\x00", 1, "the character U+0000 is not part of a formula", ""),
    ("x\u200b", 1, "the character U+200B is not part of a formula", ""),
    ("\ud800", 0, "the character U+D800 is not part of a formula", ""),
    ("x?", 1, "? is not part of a formula", ""),
    ("#", 0, "# is not part of a formula", ""),
    # something is missing
    ("x+", 2, "the formula ends after +, where a value is missing", ""),
    ("x+*y", 2, "* can't stand after +", ""),
    ("2 + * x", 4, "* can't stand after +", ""),
    ("*x", 0, "the formula starts with *", ""),
    ("x**", 3, "the formula ends after **, where a value is missing", ""),
    ("x^^2", 2, "^ can't stand after ^", ""),
    # brackets
    ("(x", 0, "this bracket is never closed", ""),
    ("((x)", 0, "this bracket is never closed", ""),
    ("x)", 1, "this bracket closes nothing", ""),
    ("x(", 0, "x is a variable, not a function", "write x*(...) for the product"),
    ("()", 0, "there is nothing between these brackets", ""),
    (
        "(x]",
        2,
        "] is not part of a formula",
        "write round brackets; several formulas come as a list of texts",
    ),
    ("sin(x", 3, "this bracket is never closed", ""),
    # bars
    ("|x", 0, "this bar is never closed", ""),
    ("|x|y", 2, "this bar could open or close", "write abs(...) instead of bars"),
    ("|x|y|z|", 2, "this bar could open or close", "write abs(...) instead of bars"),
    ("(x)|(y)", 3, "this bar could open or stand for or", "write abs(...) instead of bars"),
    ("(|x)|", 3, "a bar is still open where this bracket closes", "write abs(...) instead of bars"),
    ("x |y|", 2, "an operator is missing between these two", "write x*abs(...)"),
    ("|", 0, "this bar is never closed", ""),
    # conditions and numbers
    ("(x>0)*x", 0, "a condition can't be used as a number", "write where(condition, a, b)"),
    ("x + (y>0)", 4, "a condition can't be used as a number", "write where(condition, a, b)"),
    ("x > 0", 0, "the formula is a condition, not a number", "write where(condition, 1, 0)"),
    ("not x > 0", 0, "the formula is a condition, not a number", "write where(condition, 1, 0)"),
    ("sin(x > 0)", 4, "a condition can't be used as a number", "write where(condition, a, b)"),
    ("x if y else z", 5, "a condition is needed here, this is a number", "compare it, as in x > 0"),
    (
        "where(x, 1, 2)",
        6,
        "a condition is needed here, this is a number",
        "compare it, as in x > 0",
    ),
    (
        "where(True*x, 1, 2)",
        6,
        "a condition can't be used as a number",
        "write where(condition, a, b)",
    ),
    ("x and y", 0, "a condition is needed here, this is a number", "compare it, as in x > 0"),
    ("x if y > 0", 2, "this if has no else", "write a if x > 0 else b"),
    ("y else x", 2, "this else has no if", "write a if x > 0 else b"),
    (
        "Piecewise()",
        0,
        "Piecewise needs at least one (value, condition)",
        "write Piecewise((a, x > 0), (b, True))",
    ),
    (
        "Piecewise(x)",
        10,
        "Piecewise takes pairs of a value and a condition",
        "write Piecewise((a, x > 0), (b, True))",
    ),
    (
        "Piecewise((x, y))",
        14,
        "a condition is needed here, this is a number",
        "compare it, as in x > 0",
    ),
    (
        "Piecewise((x, y > 0), z)",
        22,
        "Piecewise takes pairs of a value and a condition",
        "write Piecewise((a, x > 0), (b, True))",
    ),
    ("max((x, y))", 6, "a comma stands outside a call", "several formulas come as a list of texts"),
    (
        "where(x > 0 & y > 0, 1, 2)",
        12,
        "& stands between bracketed conditions",
        "write (x > 0) & (y > 0)",
    ),
    (
        "where(x > 0 | y > 0, 1, 2)",
        12,
        "| stands between bracketed conditions",
        "write (x > 0) | (y > 0)",
    ),
    (
        "where((x > 0) == (y > 0), 1, 2)",
        6,
        "a condition can't be used as a number",
        "write where(condition, a, b)",
    ),
    (
        "where(not (x > 0) & (y > 0), 1, 2)",
        18,
        "& stands between bracketed conditions",
        "write (x > 0) & (y > 0)",
    ),
    # constant parts without a real value
    ("1/0", 1, "this constant part is undefined: a division by zero", ""),
    ("0*(1/0)", 4, "this constant part is undefined: a division by zero", ""),
    ("x + 1/(2 - 2)", 5, "this constant part is undefined: a division by zero", ""),
    (
        "log(0)",
        0,
        "this constant part is undefined: the logarithm of a number that isn't positive",
        "",
    ),
    (
        "log(-1)",
        0,
        "this constant part is undefined: the logarithm of a number that isn't positive",
        "",
    ),
    (
        "sqrt(-2)*x",
        0,
        "this constant part is undefined: the square root of a negative number isn't real",
        "",
    ),
    ("acos(2)", 0, "this constant part is undefined: acos is real only from -1 to 1", ""),
    ("asin(-1.5)", 0, "this constant part is undefined: asin is real only from -1 to 1", ""),
    ("acosh(0.5)", 0, "this constant part is undefined: acosh is real only from 1 on", ""),
    ("atanh(1)", 0, "this constant part is undefined: atanh is real only between -1 and 1", ""),
    ("0**-1", 1, "this constant part is undefined: 0 to a negative power", ""),
    (
        "(-8)**(1/3)",
        4,
        "this constant part is undefined: a power that isn't real",
        "the real cube root is cbrt(x)",
    ),
    (
        "(-1)**0.5",
        4,
        "this constant part is undefined: a power that isn't real",
        "the real cube root is cbrt(x)",
    ),
    ("gamma(0)", 0, "this constant part is undefined: gamma has a pole here", ""),
    ("gamma(-3)", 0, "this constant part is undefined: gamma has a pole here", ""),
    (
        "loggamma(-1/2)",
        0,
        "this constant part is undefined: loggamma is real only for positive numbers",
        "",
    ),
    ("digamma(0)", 0, "this constant part is undefined: digamma has a pole here", ""),
    ("polygamma(1, 0)", 0, "this constant part is undefined: polygamma has a pole here", ""),
    ("atan2(0, 0)", 0, "this constant part is undefined: atan2(0, 0) is undefined", ""),
    ("bessely(0, 0)", 0, "this constant part is undefined: bessely is undefined here", ""),
    (
        "log1p(-1)",
        0,
        "this constant part is undefined: the logarithm of a number that isn't positive",
        "",
    ),
    # orders
    ("besselj(x, 2)", 8, "the order of besselj must be a number", ""),
    ("polygamma(1/2, x)", 10, "the order of polygamma must be 0 or a positive whole number", ""),
    ("polygamma(x, x)", 10, "the order of polygamma must be a number", ""),
    # the rest
    ("²", 0, "this superscript has nothing before it to raise", ""),
    ("x² ²", 3, "² can't stand after ²", ""),
    ("True", 0, "the formula is a condition, not a number", "write where(condition, 1, 0)"),
    ("x if True", 2, "this if has no else", "write a if x > 0 else b"),
    ("for x in y", 4, "an operator is missing between these two", "write for*x"),
    ("import os", 7, "an operator is missing between these two", "write import*os"),
    ("x @ y", 2, "@ is not part of a formula", "write *"),
    ("~x", 1, "a condition is needed here, this is a number", "compare it, as in x > 0"),
    ("-", 1, "the formula ends after -, where a value is missing", ""),
    ("x.5", 1, "a number stands after a name", "write x*.5 or x**.5"),
    ("x:y", 1, ": is not part of a formula", "give the formula alone"),
]

DECLARED = [
    ("y + x", ["x"], 0, "y is not a declared variable", "declared are x"),
    ("xy", ["x", "y"], 0, "xy is not a declared variable", "write x*y"),
    ("sinx", ["x"], 0, "sinx is not a declared variable", "write sin(x)"),
    ("alpha", ["alpah", "x"], 0, "alpha is not a declared variable", "did you mean alpah?"),
    (
        "i*x",
        ["x"],
        0,
        "a number with an imaginary part isn't supported: formulas are real",
        "if i is a variable, declare it",
    ),
    ("é", ["x"], 0, "é is not a declared variable", "declared are x"),
    ("x(x+1)", ["x"], 0, "x is a variable, not a function", "write x*(...) for the product"),
    (
        "lengthy(x)",
        ["lengthy"],
        0,
        "lengthy is a variable, not a function",
        "write lengthy*(...) for the product",
    ),
    ("x", [], 0, "x is not a declared variable", "no variables are declared"),
    ("e(x)", ["e", "x"], 0, "e is a variable, not a function", "write e*(...) for the product"),
    (
        "sin(x)",
        ["sin", "x"],
        0,
        "sin is a variable, not a function",
        "write sin*(...) for the product",
    ),
    ("x[1]", ["x[0]"], 0, "x[1] is not a declared variable", "did you mean x[0]?"),
    ("__import__('os').system('id')", ["os"], 0, "__import__ is not a function that we know", ""),
    ("π(x)", ["π", "x"], 0, "π is a variable, not a function", "write π*(...) for the product"),
]

BOMBS = [
    ("9**9**9**9", 4, "an exponent beyond ±10,000", "only a bare variable may carry a larger one"),
    ("9**9**9", 1, "an exponent beyond ±10,000", "only a bare variable may carry a larger one"),
    ("exp(10**9*log(2))", 0, "this constant part is beyond the range of doubles, 1.8e308", ""),
    ("10**400", 2, "this constant part is beyond the range of doubles, 1.8e308", ""),
    ("2**10000", 1, "this constant part is beyond the range of doubles, 1.8e308", ""),
    ("exp(exp(10))", 0, "this constant part is beyond the range of doubles, 1.8e308", ""),
    ("gamma(172)", 0, "this constant part is beyond the range of doubles, 1.8e308", ""),
    ("sinh(1000)*x", 0, "this constant part is beyond the range of doubles, 1.8e308", ""),
    ("1e309", 0, "this number is beyond the range of doubles, 1.8e308", ""),
    ("9" * 400, 0, "this number is beyond the range of doubles, 1.8e308", ""),
    ("1" * 1_001, 0, "a number of 1,001 digits, more than 1,000", ""),
    ("0." + "0" * 100_000 + "1", 0, "a number of 100,002 digits, more than 1,000", ""),
    ("1e401", 0, "the decimal exponent 401 is outside ±400", ""),
    ("1e-401", 0, "the decimal exponent -401 is outside ±400", ""),
    (
        "1e" + "9" * 100_000,
        0,
        "the decimal exponent 999999999999999999999999999... is outside ±400",
        "",
    ),
    (
        "x**2 + (x+1)**10001",
        12,
        "an exponent beyond ±10,000",
        "only a bare variable may carry a larger one",
    ),
    (
        "(x+1)**-20000",
        5,
        "an exponent beyond ±10,000",
        "only a bare variable may carry a larger one",
    ),
    ("((0.999999)**10000)**10000", 19, "a power with more digits than we are willing to write", ""),
    (
        "((0.999999**(1/3))**9999)**9999",
        25,
        "a power with more digits than we are willing to write",
        "",
    ),
    ("exp(-10**9)", 0, "this constant part is closer to 0 than 1e-1000", ""),
    ("Rational(1, 10**5000)", 14, "this number is too long to write out", ""),
    ("Rational('1e999')", 9, "the decimal exponent 999 is outside ±400", ""),
    ("besselj(1001, x)", 8, "the order of besselj is beyond ±1,000", ""),
    ("polygamma(10**6, x)", 10, "the order of polygamma is beyond ±1,000", ""),
    ("x" + "²" * 1_001, 1, "a number of 1,001 digits, more than 1,000", ""),
    ("(" * 10_000 + "x" + ")" * 10_000, 200, "brackets are nested more than 200 deep", ""),
    ("(" * 201 + "x" + ")" * 201, 200, "brackets are nested more than 200 deep", ""),
    ("sin(" * 201 + "x" + ")" * 201, 803, "brackets are nested more than 200 deep", ""),
    ("|" * 201, 200, "brackets are nested more than 200 deep", ""),
    ("-" * 201 + "x", 200, "more than 200 signs stand in a row", ""),
    ("-" * 100_000 + "x", 200, "more than 200 signs stand in a row", ""),
    ("not " * 10_000 + "x > 0", 800, "more than 200 signs stand in a row", ""),
    ("x" * 150_001, 150000, "the formula has 150,001 characters, more than 150,000", ""),
    (" " * 1_000_000, 150000, "the formula has 1,000,000 characters, more than 150,000", ""),
]


def sentence(message: str, hint: str) -> str:
    """Return the first line that a person reads."""
    return f"{message}; {hint}" if hint else message


@pytest.mark.parametrize(("text", "column", "message", "hint"), REFUSED)
def test_a_refused_text_says_why_and_where(text: str, column: int, message: str, hint: str) -> None:
    """Every refusal has a sentence of its own and points at the place."""
    with pytest.raises(ParseError) as caught:
        parse([text])
    error = caught.value
    assert type(error) is ParseError
    assert str(error).split("\n")[0] == sentence(message, hint)
    assert (error.column, error.text, error.hint) == (column, text, hint)


@pytest.mark.parametrize(("text", "variables", "column", "message", "hint"), DECLARED)
def test_declared_variables_make_errors_precise(
    text: str, variables: list[str], column: int, message: str, hint: str
) -> None:
    """Where the variables are declared, another name is refused, with a guess."""
    with pytest.raises(ParseError) as caught:
        parse([text], variables)
    assert str(caught.value).split("\n")[0] == sentence(message, hint)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"), BOMBS, ids=[row[0][:20] for row in BOMBS]
)
def test_a_bomb_is_refused_at_once(text: str, column: int, message: str, hint: str) -> None:
    """What is too large is refused before it is built, in well under a second."""
    parse(["x"])  # the grammar is built once
    start = time.process_time()
    with pytest.raises(LimitError) as caught:
        parse([text])
    assert time.process_time() - start < 0.2
    assert str(caught.value).split("\n")[0] == sentence(message, hint)
    assert (caught.value.column, caught.value.kind) == (column, "limit")


def test_the_caret_stands_under_the_place() -> None:
    """The error shows the text, and a caret under the column."""
    with pytest.raises(ParseError) as caught:
        parse(["2 + * x"])
    assert str(caught.value) == "* can't stand after +\n  2 + * x\n      ^"


def test_the_error_shows_the_text_that_is_wrong() -> None:
    """Of several texts, the one with the error is shown."""
    with pytest.raises(ParseError) as caught:
        parse(["x + 1", "x +* 1"])
    assert caught.value.text == "x +* 1"


def test_text_without_printable_letters_is_shown_without_harm() -> None:
    """Control characters don't reach the terminal."""
    with pytest.raises(ParseError) as caught:
        parse(["x\x1b[31m"])
    assert "\x1b" not in str(caught.value)
    assert "U+001B" in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ("x", "variables are given as a list of names, such as ['x']"),
        (5, "variables are given as a list of names, not int"),
        ([1], "the name of a variable is text, not int"),
        (["x", "x"], "the variable x is declared twice"),
        ([""], "'' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["2x"], "'2x' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x y"], "'x y' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x-1"], "'x-1' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x.y"], "'x.y' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x·y"], "'x\\xb7y' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x[i]"], "'x[i]' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x[00]"], "'x[00]' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x[0][1]"], "'x[0][1]' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x\n"], "'x\\n' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x[0]\n"], "'x[0]\\n' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["x\x00"], "'x\\x00' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["__import__"],
         "'__import__' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["__import__('os').system('id')"],
         "\"__import__('os').system('id')\" is not the name of a variable; "
         "write for example x, x_0 or x[0]"),
        (["x); import os; (x"],
         "'x); import os; (x' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["a" * 50 + "!"],
         f"'{'a' * 37}...' is not the name of a variable; write for example x, x_0 or x[0]"),
        (["if"], "'if' is a word of the grammar and can't name a variable"),
        (["True"], "'True' is a word of the grammar and can't name a variable"),
        (["and[0]"], "'and[0]' is a word of the grammar and can't name a variable"),
        (["ﬁ"], "'\\ufb01' has letters that only look like others; write plain ones"),
    ],
)  # fmt: skip
def test_what_is_not_a_name_is_no_variable(variables: Any, message: str) -> None:
    """A declared label is a name with at most one index, and nothing that could be run."""
    with pytest.raises(UsageError) as caught:
        parse(["1"], variables)
    assert str(caught.value) == message


def test_good_names_are_kept() -> None:
    """Letters of any script, digits, underscores and one index make a label."""
    good = ["x", "x_0", "x0", "x[0]", "x[10]", "_x", "θ", "Δt", "变量", "lambda", "e", "π"]
    assert check_labels(good) == tuple(good)


@pytest.mark.parametrize("texts", ["x + 1", None, 5, [1], [b"x"], [None], {"x"}])
def test_formulas_come_as_a_list_of_texts(texts: Any) -> None:
    """A bare text, bytes and numbers are refused."""
    with pytest.raises(UsageError, match="formulas are given as a list of texts"):
        parse(texts)


def test_no_formula_is_not_a_formula() -> None:
    """An empty list is refused."""
    with pytest.raises(UsageError, match="the list of formulas is empty"):
        parse([])


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch {path}')",
        "().__class__.__bases__[0].__subclasses__()",
        "exec('import os')",
        "eval(compile('1', '', 'exec'))",
        "open('{path}', 'w')",
        "x.__class__",
        "(lambda: 0)()",
        "Symbol('{path}')",
        "Rational('__import__(\"os\")')",
        "Rational(\"open('{path}', 'w')\")",
        "[x for x in (1, 2)]",
        "f'{{x}}'",
        "x; import os",
        "x\nimport os",
        "`touch {path}`",
        "$(touch {path})",
        "np.load('{path}')",
        "math.__loader__",
        "np.os.system(1)",
        "${{jndi:ldap://x}}",
        "<script>alert(1)</script>",
    ],
)
def test_executable_text_is_only_text(text: str, tmp_path: Any) -> None:
    """Code in a formula is refused and never run."""
    path = tmp_path / "touched"
    with pytest.raises(ParseError):
        parse([text.format(path=path)])
    assert not path.exists()
