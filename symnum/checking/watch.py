"""A time limit: for a user's code, in a thread which can be left behind, and for our own work."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np


class OutOfTime(BaseException):
    """The time is up; not an Exception, so that nothing takes it for one of the user's."""


class Clock:
    """Tells how much time is left.

    Parameters
    ----------
    seconds : float
        How much there is from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; 0 or less when the time is over."""
        return self._end - time.monotonic()

    def part(self, share: float) -> Clock:
        """Return a clock that has a share of the time that is left."""
        return Clock(share * max(0.0, self.left()))

    def look(self) -> None:
        """Raise OutOfTime where the time is over."""
        if self.left() <= 0.0:
            raise OutOfTime


class Watch:
    """Calls functions until the time is up.

    Parameters
    ----------
    seconds : float
        How long all calls, and what is done between them, may take.

    Attributes
    ----------
    clock : Clock
        Tells how much of it is left.
    calls : int
        How many there were so far.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.clock = Clock(seconds)
        self.calls = 0
        self._work: queue.SimpleQueue[tuple[Callable[..., Any], Any, Any] | None] = (
            queue.SimpleQueue()
        )
        self._done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        # A daemon: what never returns doesn't keep the process alive.
        threading.Thread(target=self._run, daemon=True).start()

    def over(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, which now raises OutOfTime where it doesn't return in time."""

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            self.clock.look()  # what a call that was left behind returns is no answer to another
            self.calls += 1
            self._work.put((function, arguments, named))
            try:
                result, error = self._done.get(timeout=max(0.0, self.clock.left()))
            except queue.Empty:
                raise OutOfTime from None
            if error is not None:
                raise error
            return result

        return call

    def stop(self) -> None:
        """Let the thread end, as soon as the function that it runs lets it."""
        self._work.put(None)

    def _run(self) -> None:
        with np.errstate(all="ignore"):  # such settings belong to a thread
            while (work := self._work.get()) is not None:
                function, arguments, named = work
                try:
                    self._done.put((function(*arguments, **named), None))
                except BaseException as error:  # it is raised where the function was called
                    self._done.put((None, error))
