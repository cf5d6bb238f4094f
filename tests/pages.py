"""Read the project's Markdown pages: fenced blocks, commands, links, anchors, tables, words."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MANUAL", "PAGES", "ROOT", "Block", "anchors", "blocks", "inline_code", "links", "table_rows", "word_count"]

ROOT = Path(__file__).parents[1]
MANUAL = [ROOT / "README.md", ROOT / "docs" / "index.md"]
MANUAL += sorted(set((ROOT / "docs").glob("*.md")) - set(MANUAL))
"""The pages whose commands and examples are tried, the README first: others show the study that it makes."""

PAGES = [*MANUAL, *sorted([*(ROOT / "studies").rglob("README.md"), ROOT / "benchmarks" / "README.md"])]
PAGES += [path for path in (ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md") if path.exists()]
"""The pages whose links are followed."""

_FENCE = re.compile(
    r"(?:^<!--(?P<comment>(?:(?!-->).)*)-->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: Where it stands.
        language: After the fence; "" for none.
        text: Between the fences.
        comment: The HTML comment right above it, which says how it is tested; "" for none.
    """

    page: Path
    language: str
    text: str
    comment: str

    @property
    def commands(self) -> list[str]:
        """Its lines that call kdsearch."""
        return _commands(self.text)

    @property
    def short(self) -> list[str]:
        """The commands that are run in place of its own, from `<!-- short: ... -->`."""
        return _commands(self.comment.partition("short:")[2])

    @property
    def file(self) -> str | None:
        """The name under which the block is a file of the examples, from `<!-- file: NAME -->`."""
        kind, _, name = self.comment.partition(":")
        return name.strip() if kind.strip() == "file" else None

    def is_marked(self, mark: str) -> bool:
        """Whether the comment begins with a mark and gives a reason."""
        kind, _, reason = self.comment.partition(":")
        return kind.strip() == mark and bool(reason.strip())


def blocks(page: Path, language: str) -> list[Block]:
    """Fenced blocks of a language, in order."""
    found = _FENCE.finditer(page.read_text(encoding="utf-8"))
    every = [Block(page, match["language"], match["text"], (match["comment"] or "").strip()) for match in found]
    return [block for block in every if block.language == language]


def _commands(text: str) -> list[str]:
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if line.strip().startswith("kdsearch")]
    return [shlex.join(line) for line in words]


def _prose(page: Path) -> str:
    """A page without fenced blocks and comments."""
    return _COMMENT.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))


def inline_code(page: Path) -> list[str]:
    """Code inside sentences, each on one line."""
    return [" ".join(code.split()) for code in _CODE.findall(_prose(page))]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """File and anchor of each link that stays in the repository."""
    for match in _LINK.finditer(_CODE.sub("", _prose(page))):
        path, _, anchor = match["target"].partition("#")
        if "://" not in path and not path.startswith("mailto:"):
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub, and the site, give to a page's headings."""
    seen = Counter[str]()
    found = set()
    for match in _HEADING.finditer(_prose(page)):
        title = _LINK.sub(lambda link: link[0][1:].partition("]")[0], match["title"]).lower()
        slug = re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def table_rows(page: Path, heading: str) -> Iterator[list[str]]:
    """Cells of each row below a heading whose first cell is code, down to the next heading of that level."""
    section = _prose(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def word_count(page: Path) -> int:
    """Words of a page, code blocks left out."""
    return sum(any(letter.isalnum() for letter in word) for word in _prose(page).split())
