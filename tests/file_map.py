"""The map of files in ARCHITECTURE.md: one line a module, the first of its docstring. Run it to write the map anew."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- files -->\n", "<!-- end of files -->\n"


def file_map() -> str:
    """The map as Markdown."""
    lines: list[str] = []
    folder = None
    for path in sorted((ROOT / "nbasset").rglob("*.py"), key=lambda one: (one.parent.as_posix(), one.name != "__init__.py", one.name)):
        name = path.relative_to(ROOT).as_posix()
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0].replace("\n", " ")
        here = path.parent.relative_to(ROOT).as_posix()
        if here != folder:
            folder = here
            lines.append(f"\n### `{here}/`\n")
        lines.append(f"- `{name}`: {first}")
    return "\n".join(lines).strip() + "\n"


def written() -> str:
    """ARCHITECTURE.md with the map as it is now."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    head, _, rest = text.partition(START)
    return head + START + file_map() + END + rest.partition(END)[2]


if __name__ == "__main__":
    (ROOT / "ARCHITECTURE.md").write_text(written(), encoding="utf-8")
