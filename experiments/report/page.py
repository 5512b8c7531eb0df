"""From a report to a page: the template, the style, the scripts, and what makes them safe to send."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from experiments import __version__
from experiments.report import MARK
from experiments.vendored import ECHARTS, echarts

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from analysis.echarts import Key
    from experiments.report.elements import Report

#: what would end a script, or be read as a line end in one
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}

#: where a word may be broken
_JOINT = re.compile(r"(?<=_)(?=\w)|(?<=[A-Za-z]\.)(?=[A-Za-z])")

#: markers of a legend, in a square of 16 units
SHAPES = {
    "circle": '<circle cx="8" cy="8" r="6"/>',
    "rect": '<rect x="2" y="2" width="12" height="12"/>',
    "diamond": '<path d="M8 1l7 7-7 7-7-7z"/>',
    "triangle": '<path d="M8 2l7 12H1z"/>',
    "arrow": '<path d="M8 14l7-12H1z"/>',
    "pin": '<path d="M6 1h4v5h5v4h-5v5H6v-5H1V6h5z"/>',
    "roundRect": '<rect x="2" y="2" width="12" height="12" rx="4"/>',
    "line": '<path d="M0 8h16" stroke-width="3"/>',
}


def html(report: Report) -> bytes:
    """The page, UTF-8: the same bytes for the same report."""
    library, script = echarts(), _file("charts.js") + _file("page.js")
    text = _template().render(
        report=report,
        mark=MARK,
        style=_file("page.css"),
        policy=_policy(library, script),
        library=library,
        script=script,
        json=script_json,
        shape=shape,
        version=__version__,
        echarts=ECHARTS,
    )
    return text.encode("utf-8", "replace")


def script_json(value: object) -> str:
    """Plain data as JSON that may stand in a script element: nothing in it can end the element.

    Raises:
        ValueError: a number in it is not finite.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return "".join(_UNSAFE.get(sign, sign) for sign in text)


def shape(key: Key) -> str:
    """The marker of a legend entry, as SVG."""
    fill = "#ffffff" if key.hollow else key.colour
    dashes = f' stroke-dasharray="{key.line}"' if key.line else ""
    line = (
        f'<path d="M0 8h32" stroke="{key.colour}" stroke-width="2"{dashes}/>'
        if key.policy is not None
        else ""
    )
    wide = 32 if line else 16
    marker = f'<g fill="{fill}" stroke="{key.colour}" stroke-width="1.5">{SHAPES[key.symbol]}</g>'
    moved = f'<g transform="translate(8 0)">{marker}</g>' if line else marker
    return (
        f'<svg width="{wide}" height="16" viewBox="0 0 {wide} 16" aria-hidden="true" focusable="false">'
        f"{line}{moved}</svg>"
    )


def soft(text: str) -> Markup:
    """A text, escaped, that may be broken inside a word: after underscores, and dots between letters."""
    from markupsafe import Markup, escape

    return Markup(_JOINT.sub("<wbr>", str(escape(text))))


def _policy(*scripts: str) -> str:
    """The content security policy: these scripts, the page's own styles, and nothing else from anywhere."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["soft"] = soft
    return environment.from_string(_file("page.html"))


def _file(name: str) -> str:
    return files("experiments.report").joinpath(name).read_text(encoding="utf-8")
