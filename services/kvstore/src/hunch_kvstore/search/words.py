"""The arguments of a command, read one by one."""

from __future__ import annotations

from collections.abc import Sequence

from .error import SearchError


class Words:
    """A cursor over arguments; options are compared in any case."""

    def __init__(self, words: Sequence[bytes], at: int = 0) -> None:
        self._words = words
        self.at = at

    def __bool__(self) -> bool:
        return self.at < len(self._words)

    def take(self, error: str) -> str:
        """Return the next word as text."""
        if not self:
            raise SearchError(error)
        self.at += 1
        return self._words[self.at - 1].decode("utf-8", "surrogateescape")

    def peek(self) -> str:
        """Return the next word in upper case without taking it; empty at the end."""
        if not self:
            return ""
        return self._words[self.at].decode("utf-8", "surrogateescape").upper()

    def accept(self, *options: str) -> bool:
        """Take the next word if it is one of these options."""
        if self.peek() in options:
            self.at += 1
            return True
        return False

    def word(self, option: str) -> str:
        """Return the word behind an option."""
        bad = f"Bad arguments for {option}: "
        return self.take(bad + "Expected an argument, but none provided")

    def many(self, option: str) -> list[str]:
        """Return the words of ``<count> <word> ...`` behind an option.

        Raises:
            SearchError: If the count is no count or the words are too few.
        """
        bad = f"Bad arguments for {option}: "
        count = self.count(option)
        if len(self._words) - self.at < count:
            raise SearchError(bad + "Expected an argument, but none provided")
        return [self.take(bad) for _ in range(count)]

    def count(self, option: str) -> int:
        """Return a number that is not negative."""
        bad = f"Bad arguments for {option}: "
        word = self.word(option)
        if word.isascii() and word.isdigit():
            return int(word)
        if word.isascii() and word[:1] == "-" and word[1:].isdigit():
            raise SearchError(bad + "Value is outside acceptable bounds")
        raise SearchError(bad + "Could not convert argument to expected type")

    def number(self, option: str) -> float:
        """Return a number with a fraction."""
        bad = f"Bad arguments for {option}: "
        word = self.word(option)
        try:
            return float(word)
        except ValueError:
            raise SearchError(
                bad + "Could not convert argument to expected type"
            ) from None
