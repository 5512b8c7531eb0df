"""Pages of which a part is made by a command: numbers and tables between two marks.

What is made stands between ``<!-- made: NAME -->`` and ``<!-- end: NAME -->``. Everything around it is
written by hand and stays as it is when the page is made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sim.errors import OutputError


def block(name: str, content: str) -> str:
    """A part of a page that is made."""
    return f"<!-- made: {name} -->\n\n{content.strip()}\n\n<!-- end: {name} -->"


def filled(text: str, parts: Mapping[str, str], file: str = "") -> str:
    """The page with its made parts replaced; a part that it does not have yet is added at the end.

    Raises:
        OutputError: a mark is there without the one that belongs to it.
    """
    for name, content in parts.items():
        begin, end = (text.count(f"<!-- {word}: {name} -->") for word in ("made", "end"))
        if begin > 1 or begin != end:
            problem = f"the marks 'made: {name}' and 'end: {name}' must be there once each"
            raise OutputError(problem, file=file or None)
        made = block(name, content)
        if begin:
            before, rest = text.split(f"<!-- made: {name} -->")
            text = before + made + rest.split(f"<!-- end: {name} -->")[-1]
        else:
            text = f"{text.rstrip()}\n\n{made}\n"
    return text


def write(path: Path, parts: Mapping[str, str], new: str) -> Path:
    """Fill the page at ``path``, or one that begins with ``new`` if there is none.

    Raises:
        OutputError: the page cannot be read or written, or its marks are broken.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else new
        made = filled(text, parts, str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    except UnicodeDecodeError:
        raise OutputError("must be UTF-8 text", file=str(path)) from None
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", file=str(path)) from None
    return path
