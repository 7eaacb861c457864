"""Templates: Jinja2, one for each leaf and extension."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    select_autoescape,
)
from jinja2 import TemplateNotFound as TemplateNotFound


class Templates:
    """The templates of one application.

    Args:
        folders: Where they are looked for, in order.
        escaped: Extensions whose templates escape what they insert.
        reload: Look for changes at each use.
    """

    def __init__(
        self, folders: Iterable[Path | str], escaped: Iterable[str], *, reload: bool
    ) -> None:
        self.environment = Environment(
            loader=FileSystemLoader([str(folder) for folder in folders]),
            autoescape=select_autoescape(tuple(escaped), default_for_string=True),
            auto_reload=reload,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def find(self, name: str) -> Template | None:
        """Return the template of that file name; None if there is none."""
        try:
            return self.environment.get_template(name)
        except TemplateNotFound as error:
            # One that exists but includes another that does not is broken, not absent.
            if error.name != name:
                raise
            return None

    def render(self, template: Template, variables: dict[str, Any]) -> str:
        """Render `template`."""
        return template.render(variables)
