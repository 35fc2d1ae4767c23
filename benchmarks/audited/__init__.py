"""What `benchmarks/audit.py` audits: a module a library, each with the formulas and the calls."""
