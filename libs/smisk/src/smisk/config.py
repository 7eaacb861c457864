"""Configuration files: JSON made bearable, parsed and never evaluated.

    # comments of three kinds, commas and the outer braces optional
    "my.title": "Hello",  my.debug: true
    my.level: INFO                       // a bare word is text
    @include "my-app.d/*.conf"           // what it says overrides what stands here
    @inherit "defaults.conf"             // what stands here overrides what it says

Sections (dicts) merge key by key; anything else replaces what was there.
"""

import json
import logging
import logging.config
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from smisk.error import ConfigurationError

#: LIMIT: files that include each other.
MAX_DEPTH = 7
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.]))"
    r"|(?P<directive>@\w+)|(?P<word>[A-Za-z_$][\w.$\-]*)|(?P<mark>[{}\[\]:,=])",
    re.DOTALL,
)
_WORDS = {"true": True, "yes": True, "false": False, "no": False} | dict.fromkeys(
    ("null", "none")
)

Settings = dict[str, Any]


def merge(base: Settings, over: Settings) -> Settings:
    """Return `base` with `over` laid upon it; sections merge key by key."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = merge(below, value)
        merged[key] = value
    return merged


class _Parser:
    def __init__(self, text: str, path: Path, symbols: Settings, depth: int) -> None:
        self._path = path
        self._symbols = symbols
        self._depth = depth
        self._line = 1
        self._tokens = list(self._tokenize(text))
        self._tokens.reverse()

    def _fail(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"{self._path}:{self._line}: {message}")

    def _tokenize(self, text: str) -> Iterator[tuple[str, str, int]]:
        at, line = 0, 1
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self._line = line
                snippet = text[at : at + 20].split("\n")[0]
                raise self._fail(f"cannot read {snippet!r}")
            if match.lastgroup != "space":
                yield str(match.lastgroup), match[0], line
            line += match[0].count("\n")
            at = match.end()
        yield "end", "", line

    def _next(self) -> tuple[str, str]:
        kind, text, self._line = self._tokens[-1]
        if kind != "end":
            self._tokens.pop()
        return kind, text

    def _takes(self, mark: str) -> bool:
        """Take `mark` if it comes next; "" is the end."""
        comes = self._tokens[-1][1] == mark
        if comes:
            self._next()
        return comes

    def document(self) -> Settings:
        settings = self._members("}" if self._takes("{") else "")
        if not self._takes(""):
            self._next()
            raise self._fail("something follows the last brace")
        return settings

    def _members(self, closing: str, depth: int = 0) -> Settings:
        own: Settings = {}
        inherited: Settings = {}
        while not self._takes(closing):
            kind, text = self._next()
            if text == ",":
                continue
            if text == "@include":
                own = merge(own, self._included())
            elif text == "@inherit":
                inherited = merge(inherited, self._included())
            elif kind == "directive":
                raise self._fail(f"{text} is neither @include nor @inherit")
            elif kind in ("string", "word"):
                key = _unquote(text) if kind == "string" else text
                if self._next()[1] not in (":", "="):
                    raise self._fail(f"a colon is expected after {key!r}")
                own = merge(own, {key: self._value(depth)})
            else:
                raise self._fail(f"a key is expected, not {text or 'the end'!r}")
        return merge(inherited, own)

    def _value(self, depth: int) -> Any:
        if depth > 32:
            raise self._fail("nested too deeply")
        kind, text = self._next()
        if text == "{":
            return self._members("}", depth + 1)
        if text == "[":
            values = []
            while not self._takes("]"):
                if not self._takes(","):
                    values.append(self._value(depth + 1))
            return values
        if kind == "string":
            return _unquote(text)
        if kind == "number":
            if "x" in text:
                return int(text, 16)
            return float(text) if set(text) & set(".eE") else int(text)
        if kind == "word":
            return _WORDS.get(text.lower(), self._symbols.get(text, text))
        raise self._fail(f"a value is expected, not {text or 'the end'!r}")

    def _included(self) -> Settings:
        kind, text = self._next()
        if kind != "string":
            raise self._fail("the name of a file is expected, in quotes")
        if self._depth >= MAX_DEPTH:
            raise self._fail(f"files include each other {MAX_DEPTH} deep")
        pattern = self._path.parent / Path(_unquote(text)).expanduser()
        root = Path(pattern.anchor)
        paths = sorted(root.glob(str(pattern.relative_to(root))))
        if not paths and not set(text) & set("*?["):
            raise self._fail(f"there is no file {pattern}")
        found: Settings = {}
        for path in paths:
            found = merge(found, _read(path, self._symbols, self._depth + 1))
        return found


def _unquote(text: str) -> str:
    if text[0] == "'":
        text = '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    try:
        return str(json.loads(text, strict=False))
    except ValueError:  # an escape JSON does not know: take it as it stands
        return text[1:-1]


def _read(path: Path, symbols: Settings, depth: int = 0) -> Settings:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return _Parser(text, path, symbols, depth).document()


def parse(text: str, path: Path = Path("settings"), **symbols: object) -> Settings:
    """Read settings from text; `path` is where it comes from, for messages.

    Raises:
        ConfigurationError: With file and line.
    """
    return _Parser(text, path, symbols, 0).document()


class Configuration(dict[str, Any]):
    """The settings of one application, from every place they may be in.

    Args:
        symbols: What bare words stand for, beside true, false and null.

    Attributes:
        defaults: What counts where no file says otherwise.
        filters: Each is called with the settings after every load, and may change them.
        paths: The files read by the last load.
    """

    def __init__(self, **symbols: object) -> None:
        super().__init__()
        levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        self.symbols: Settings = {n: getattr(logging, n) for n in levels} | symbols
        self.defaults: Settings = {}
        self.filters: list[Callable[[Configuration], None]] = []
        self.paths: list[Path] = []
        self._wanted: list[Path] = []

    def __call__(
        self, name: str, environment: str | None = None, folder: Path | None = None
    ) -> "Configuration":
        """Load the settings called `name`.

        Later ones override: /etc/default/NAME, /etc/NAME.conf, /etc/NAME/NAME.conf,
        NAME.conf and NAME-user.conf here, ~/.NAME.conf; and with an environment, each
        one's NAME-ENVIRONMENT.conf right after it.
        """
        here, etc = folder or Path(), Path("/etc")
        wanted = [
            etc / "default" / name, etc / f"{name}.conf", etc / name / f"{name}.conf",
            here / f"{name}.conf", here / f"{name}-user.conf",
            Path.home() / f".{name}.conf",
        ]  # fmt: skip
        if environment:
            ends = ("", f"-{environment}")
            wanted = [
                path.with_name(f"{path.stem}{end}{path.suffix}")
                for path in wanted
                for end in ends[: 2 if path.suffix else 1]
            ]
        self.load(wanted)
        return self

    def load(self, paths: Iterable[Path | str]) -> None:
        """Load those of `paths` that exist; later ones override.

        Raises:
            ConfigurationError: If one is malformed; the settings stay as they were.
        """
        self._wanted = [Path(path) for path in paths]
        found = [path for path in self._wanted if path.is_file()]
        settings = dict(self.defaults)
        for path in found:
            settings = merge(settings, _read(path, self.symbols))
        self.clear()
        self.update(settings)
        self.paths = found
        for one in self.filters:
            one(self)

    def reload(self) -> None:
        """Load the same files again."""
        self.load(self._wanted)

    def reload_on_hangup(self) -> None:
        """Reload at every SIGHUP; what is malformed is logged and changes nothing."""

        def hangup(_number: int, _frame: FrameType | None) -> None:
            try:
                self.reload()
            except ConfigurationError as error:
                logging.getLogger("smisk.config").error("%s", error)

        signal.signal(signal.SIGHUP, hangup)

    def configure_logging(self) -> None:
        """Set up logging by the section ``logging``: format, filename, levels.

        ``logging: {level: INFO, levels: {"my.module": DEBUG}, format: "…"}``
        """
        section = self.get("logging")
        if not isinstance(section, dict):
            return
        usual = "%(asctime)s %(levelname)s %(name)s %(message)s"
        logging.basicConfig(
            level=section.get("level", logging.INFO),
            format=section.get("format", usual),
            filename=section.get("filename"),
            force=True,
        )
        for name, level in section.get("levels", {}).items():
            logging.getLogger(name).setLevel(level)

    def apply(self, application: object) -> None:
        """Set the attributes of an application from keys ``smisk.NAME``.

        Raises:
            ConfigurationError: If there is no such attribute, or it is of another type.
        """
        for key, value in self.items():
            section, _, name = key.rpartition(".")
            if section not in ("smisk", "smisk.mvc") or name.startswith("_"):
                continue
            old = getattr(application, name, self)
            if old is self or callable(old):
                msg = f"{key}: {type(application).__name__} has no setting {name!r}"
                raise ConfigurationError(msg)
            if not isinstance(value, type(old) | str | None):
                msg = f"{key}: {value!r} is not of type {type(old).__name__}"
                raise ConfigurationError(msg)
            setattr(application, name, value)


#: The settings of the application this process runs.
config = Configuration()
