"""Named problems with their awkward points, for users, documents, tests and benchmarks alike.

Four collections: `classics` (short formulas, each with one trap), `fpbench` (formulas of the public
FPBench collection, which are chosen for how they round), `nist` (NIST's certified nonlinear
regression models) and `mgh` (the optimization problems of Moré, Garbow and Hillstrom, and their
residuals).

Examples
--------
>>> import symnum as sn
>>> problem = sn.zoo.get("versine quotient")
>>> print(problem.formula())
(1 - cos(x))/x**2
>>> float(problem.formula().derivative().exact(1e-9).hi)
-8.333333333333334e-11
"""

from symnum.zoo.collections import COLLECTIONS, get, names, problems
from symnum.zoo.problem import Point, Problem

__all__ = ["COLLECTIONS", "Point", "Problem", "get", "names", "problems"]
