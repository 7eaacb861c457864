"""Parameters of a leaf: bound by name, converted as annotated.

A signature is read once. Binding is pure: what a client sent in, arguments out, or the
400 that says which parameter is missing or wrong.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from smisk import http

Convert = Callable[[Any], Any]

_FLOAT = re.compile(
    r"[+\-]?(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)(?:e[+\-]?[0-9]{1,3})?\Z",
    re.IGNORECASE,
).match
_BOOL = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off", ""), False
)


class Parameter:
    """One parameter."""

    def __init__(self, name: str, is_required: bool, annotation: object) -> None:
        self.name = name
        self.is_required = is_required
        self.convert, self.is_many, self.type_name = _converter(annotation)


class Parameters:
    """All parameters of a leaf."""

    def __init__(self, function: Callable[..., object]) -> None:
        signature = inspect.signature(function)
        try:
            hints = typing.get_type_hints(inspect.unwrap(function))
        except (NameError, TypeError):  # an annotation only a type checker can see
            hints = {}
        self.takes_any = False
        self.by_name: dict[str, Parameter] = {}
        specs = list(signature.parameters.values())
        # LIMIT: what calls and filters take by place, a client must not give by name.
        self.taken = frozenset(["leaf", *(spec.name for spec in specs[:1])])
        for spec in specs[1:]:
            if spec.kind is spec.VAR_KEYWORD:
                self.takes_any = True
            elif spec.kind is not spec.VAR_POSITIONAL:
                self.by_name[spec.name] = Parameter(
                    spec.name, spec.default is spec.empty, hints.get(spec.name)
                )

    def __bool__(self) -> bool:
        return self.takes_any or bool(self.by_name)

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Pick and convert the parameters among `given`.

        Raises:
            http.BadRequest: If one is missing or does not convert.
        """
        bound: dict[str, Any] = {}
        for name, parameter in self.by_name.items():
            if name not in given:
                if parameter.is_required:
                    raise http.BadRequest(f"missing parameter: {name}")
                continue
            value = given[name]
            convert = parameter.convert
            if convert is not None:
                if type(value) is list and value and not parameter.is_many:
                    value = value[-1]
                try:
                    value = convert(value)
                except (ValueError, TypeError, KeyError) as error:
                    msg = f"parameter {name} is not {parameter.type_name}"
                    raise http.BadRequest(msg) from error
            bound[name] = value
        if self.takes_any:
            for name, value in given.items():
                if name not in self.taken:
                    bound.setdefault(name, value)
        return bound


def _converter(annotation: object) -> tuple[Convert | None, bool, str]:
    """Return what converts a value, whether it takes several, and what it makes."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = tuple(one for one in inner if one is not type(None))
        if len(inner) != 1:
            return None, False, ""
        convert, is_many, type_name = _converter(inner[0])
        return convert and _optional(convert, inner[0] is str), is_many, type_name
    if origin in (list, tuple) or annotation is list:
        convert, _, type_name = _converter(inner[0] if inner else None)
        make = tuple if origin is tuple else list

        def many(value: object) -> object:
            values = value if isinstance(value, list | tuple) else [value]
            return make(convert(v) if convert else v for v in values)

        return many, True, f"a list, each {type_name or 'a value'}"
    for kind, convert, type_name in _SIMPLE:
        if annotation is kind:
            return convert, False, type_name
    return None, False, ""


def _optional(convert: Convert, is_text: bool) -> Convert:
    def optional(value: object) -> object:
        if value is None or (value == "" and not is_text):
            return None
        return convert(value)

    return optional


def _to_str(value: object) -> str:
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value)
    raise TypeError


def _to_int(value: object) -> int:
    # LIMIT: int() reads any digits of Unicode and underscores; a URL has no need of them.
    if type(value) is str:
        digits = value[1:] if value[:1] in "+-" else value
        if digits.isascii() and digits.isdigit() and len(digits) <= 18:
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError


def _to_float(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and _FLOAT(value)):
        return float(value)  # type: ignore[arg-type]
    raise ValueError


def _to_bool(value: object) -> bool:
    if value is None:  # ?flag
        return True
    return _BOOL[str(value).lower()]


_SIMPLE: tuple[tuple[object, Convert, str], ...] = (
    (str, _to_str, "text"),
    (int, _to_int, "a whole number"),
    (float, _to_float, "a number"),
    (bool, _to_bool, "true or false"),
)
