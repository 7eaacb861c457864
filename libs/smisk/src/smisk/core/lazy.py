"""Attributes that are computed when they are first looked at."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functools import cached_property as lazy
else:

    class lazy:  # noqa: N801 - used like `property`
        """A property computed once for each object.

        PERF: that of functools holds a lock in Python 3.11, 1 us each time, and its use
        of ``__dict__`` makes every later look at the object slower (2026-11).
        """

        def __init__(self, function):
            self._function = function
            self.__doc__ = function.__doc__

        def __get__(self, instance, owner):
            if instance is None:
                return self
            value = self._function(instance)
            setattr(instance, self._function.__name__, value)
            return value


__all__ = ["lazy"]
