"""The page about the Python interface: the docstrings of its public names."""

from __future__ import annotations

import ast
import re
import textwrap

from docgen.text import SOURCE, head, inline

_SECTIONS = ("Args", "Attributes", "Raises", "Returns", "Yields")


def _entries(block: str) -> list[str]:
    lines: list[str] = []
    for line in textwrap.dedent(block).splitlines():
        if line.startswith(" ") and lines:
            lines[-1] += " " + line.strip()
        elif line.strip():
            lines.append(line.strip())
    return lines


def _block(block: str) -> str:
    first, _, rest = block.partition("\n")
    if first.rstrip(":") in _SECTIONS and first.endswith(":"):
        items = []
        for entry in _entries(rest):
            name, separator, text = entry.partition(": ")
            items.append(f"- `{name}`: {inline(text)}" if separator else f"- {inline(entry)}")
        return f"{first}\n\n" + "\n".join(items)
    if block.startswith("    "):
        return "```python\n" + textwrap.dedent(block) + "\n```"
    return inline(block)


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown."""
    # A code block of the docstring may hold empty lines: join its paragraphs again.
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", docstring.strip("\n")):
        if block.startswith("    ") and blocks and blocks[-1].startswith("    "):
            blocks[-1] += "\n\n" + block
        elif block.strip() != "::":
            blocks.append(block)
    return "\n\n".join(_block(block.removesuffix("::")) for block in blocks) + "\n"


def _docstring(node: ast.AST) -> str:
    assert isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
    return ast.get_docstring(node, clean=True) or ""


def _signature(node: ast.FunctionDef, owner: str = "") -> str:
    arguments = ast.unparse(node.args)
    arguments = arguments.removeprefix("self, ").removeprefix("self")
    answer = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{owner}{node.name}({arguments}){answer}"


def _class(node: ast.ClassDef) -> list[str]:
    parts = [f"## {node.name}\n", markdown(_docstring(node))]
    for member in node.body:
        if not isinstance(member, ast.FunctionDef) or member.name.startswith("_"):
            continue
        decorators = {ast.unparse(decorator) for decorator in member.decorator_list}
        if "property" in decorators:
            kind = ast.unparse(member.returns) if member.returns else ""
            parts.append(f"### .{member.name}: {kind}\n")
        else:
            prefix = "with " if "contextmanager" in decorators else ""
            parts.append(f"### .{member.name}\n\n```python\n{prefix}{_signature(member)}\n```\n")
        parts.append(markdown(_docstring(member)))
    return parts


def page() -> str:
    """Return ``python.md``."""
    tree = ast.parse((SOURCE / "api.py").read_text(encoding="utf-8"))
    parts = [head("The Python interface", "src/oxtail/api.py"), markdown(_docstring(tree))]
    letters = ast.parse((SOURCE / "app" / "letters.py").read_text(encoding="utf-8"))
    values = [node for node in letters.body if isinstance(node, ast.ClassDef)]
    functions, classes = [], []
    for node in (*values, *tree.body):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            functions.append(f"## {node.name}\n\n```python\n{_signature(node, 'oxtail.')}\n```\n")
            functions.append(markdown(_docstring(node)))
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            classes += _class(node)
    return "\n".join(parts + functions + classes)
