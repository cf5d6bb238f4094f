"""Let pages link to files of the repository that are no pages: on the site such a link leads to the file on GitHub."""

import re

from mkdocs.config.defaults import MkDocsConfig

__all__ = ["on_page_markdown"]

_OUTSIDE = re.compile(r"\]\(\.\./(?P<path>[^)\s]+)\)")


def on_page_markdown(markdown: str, config: MkDocsConfig, **_: object) -> str:
    """Rewrite links that leave `docs/`; mkdocs calls this for each page."""
    return _OUTSIDE.sub(rf"]({config.repo_url}/blob/main/\g<path>)", markdown)
