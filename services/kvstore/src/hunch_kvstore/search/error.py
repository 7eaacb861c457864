"""What a search command can refuse; the text is RediSearch's where it has one."""


class SearchError(Exception):
    """The command cannot be done; the message is the reply."""


class QuerySyntaxError(SearchError):
    """The query text breaks the grammar.

    Attributes:
        offset: Where, in bytes from the start of the query.
        near: The last word read before the error was noticed.
    """

    def __init__(self, offset: int, near: str, says: str = "Syntax error") -> None:
        super().__init__(f"{says} at offset {offset} near {near}")
        self.offset = offset
        self.near = near
