"""The version, stated here and nowhere else, and the versions of what computes."""

__version__ = "0.1.0"


def environment() -> dict[str, str]:
    """Return the versions that a result depends on: what a report is dated with."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("numpy", "sympy", "python-flint", "symnum-verify"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree
            found[package] = "unknown"
    return found
