"""Files of others that go into pages which open offline: see README.md for versions and licences."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

#: version and SHA-256 digest of ECharts
ECHARTS = "6.1.0"
ECHARTS_DIGEST = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"


@cache
def echarts() -> str:
    """The source of Apache ECharts, minified."""
    return files(__name__).joinpath("echarts", "echarts.min.js").read_text(encoding="utf-8")
