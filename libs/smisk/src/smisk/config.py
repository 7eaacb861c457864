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
import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from smisk.error import ConfigurationError

#: LIMIT: files that include each other.
MAX_DEPTH = 7
_STRING = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_WORD = r"[A-Za-z_$][\w.$\-]*"
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n,]+|#[^\n]*|//[^\n]*|/\*.*?\*/)"
    rf"|@(?P<directive>include|inherit)[ \t]*(?P<file>{_STRING})"
    rf"|(?P<string>{_STRING})|(?P<key>{_WORD}(?=\s*[:=]))|(?P<word>{_WORD})"
    r"|(?P<hex>-?0x[0-9a-fA-F]+)(?![\w.])"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<colon>[:=])|(?P<open>[{\[])|(?P<close>[}\]])",
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


def parse(text: str, path: Path = Path("settings"), **symbols: object) -> Settings:
    """Read settings from text; `path` is where it comes from.

    Raises:
        ConfigurationError: With file and line.
    """
    return _parse(text, path, symbols, 0)


def _parse(text: str, path: Path, symbols: Settings, depth: int) -> Settings:
    try:
        made = "".join(_to_json(text, path, symbols, depth))
        if not made.lstrip().startswith("{"):
            made = "{" + made + "}"
        settings: Settings = json.loads(made, object_pairs_hook=_section)
    except json.JSONDecodeError as error:
        what = "it ends too soon" if error.pos >= len(error.doc) - 1 else error.msg
        raise ConfigurationError(f"{path}:{error.lineno}: {what}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return settings


def _to_json(text: str, path: Path, symbols: Settings, depth: int) -> Iterator[str]:
    """Yield `text` as JSON, token by token and each on its line."""
    at, line, has_value = 0, 1, False
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            snippet = text[at : at + 20].split("\n")[0]
            raise ConfigurationError(f"{path}:{line}: cannot read {snippet!r}")
        at, kind = token.end(), token.lastgroup
        if kind != "space":
            if has_value and kind not in ("colon", "close"):
                yield ","
            has_value = kind not in ("colon", "open")
        match kind:
            case "file":
                try:
                    found = _included(path.parent, token["file"], symbols, depth)
                except ConfigurationError as error:
                    raise ConfigurationError(f"{path}:{line}: {error}") from error
                yield f'"@{token["directive"]}":{json.dumps(found)}'
            case "string":
                yield json.dumps(_unquote(token[0]))
            case "key":
                yield json.dumps(token[0])
            case "word":
                value = symbols.get(token[0], token[0])
                yield json.dumps(_WORDS.get(token[0].lower(), value))
            case "hex":
                yield str(int(token[0], 16))
            case "colon":
                yield ":"
            case "number" | "open" | "close":
                yield token[0]
        breaks = token[0].count("\n")
        line += breaks
        yield "\n" * breaks


def _section(pairs: list[tuple[str, Any]]) -> Settings:
    own: Settings = {}
    inherited: Settings = {}
    for key, value in pairs:
        if key == "@include" and isinstance(value, dict):
            own = merge(own, value)
        elif key == "@inherit" and isinstance(value, dict):
            inherited = merge(inherited, value)
        else:
            own = merge(own, {key: value})
    return merge(inherited, own)


def _included(folder: Path, quoted: str, symbols: Settings, depth: int) -> Settings:
    if depth >= MAX_DEPTH:
        raise ConfigurationError(f"files include each other {MAX_DEPTH} deep")
    pattern = folder / Path(_unquote(quoted)).expanduser()
    root = Path(pattern.anchor)
    paths = sorted(root.glob(str(pattern.relative_to(root))))
    if not paths and not set(quoted) & set("*?["):
        raise ConfigurationError(f"there is no file {pattern}")
    found: Settings = {}
    for path in paths:
        found = merge(found, _read(path, symbols, depth + 1))
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
        return _parse(path.read_text(encoding="utf-8"), path, symbols, depth)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


class Configuration(dict[str, Any]):
    """The settings of one application, from every place they may be in.

    Args:
        symbols: Plain data bare words stand for, beside true, false and null.

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
        """Reload at every SIGHUP; what is malformed is logged and changes nothing.

        Of an application with forks the parent hears of it, reloads, and forks anew.
        """
        parent = os.getpid()

        def hangup(_number: int, _frame: FrameType | None) -> None:
            try:
                self.reload()
            except ConfigurationError as error:
                logging.getLogger("smisk.config").error("%s", error)

        def forks() -> None:
            # WHY not in workers: all that serve at a time have the same settings.
            if os.getpid() == parent:
                hangup(0, None)

        signal.signal(signal.SIGHUP, hangup)
        os.register_at_fork(before=forks)

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
