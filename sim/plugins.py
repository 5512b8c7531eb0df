"""What other installed packages add to the registries, by the entry points of their metadata.

A package that has in its ``pyproject.toml``::

    [project.entry-points."cityfunnel.policies"]
    open_house = "my_city.policies:OpenHouse"

adds the policy ``open_house``. The groups are ``cityfunnel.policies``, ``cityfunnel.channels`` and
``cityfunnel.rules``, for analysis ``cityfunnel.measures`` and ``cityfunnel.figures``.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sim.errors import PluginError


class Late:
    """What a package adds, imported when it is first used.

    So a package may import the very registry that it adds to, costs nothing until then, and harms
    nobody who does not use it when it is broken.
    """

    def __init__(self, entry: EntryPoint) -> None:
        self._entry = entry

    @cached_property
    def _found(self) -> Any:
        try:
            return self._entry.load()
        except Exception as error:  # whatever an outside package does while it is imported
            what = f"{type(error).__name__}: {error}"
            raise _error(self._entry, f"cannot be loaded from '{self._entry.value}' ({what})") from error

    def __call__(self, *given: Any) -> Any:
        """Call what was found."""
        return self._found(*given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # a question about this object, as copying and pickling put it
            raise AttributeError(name)
        return getattr(self._found, name)


def names(group: str) -> tuple[str, ...]:
    """The names that installed packages give in a group, in alphabetical order."""
    return tuple(sorted({entry.name for entry in _entries(group)}))


def packages() -> dict[str, str]:
    """The installed packages that add to a registry: name -> version."""
    groups = [group for group in _installed().groups if group.startswith("cityfunnel.")]
    found = {
        entry.dist.name: entry.dist.version for group in groups for entry in _entries(group) if entry.dist
    }
    return dict(sorted(found.items()))


def outside(group: str, taken: Collection[str]) -> dict[str, Any]:
    """What installed packages add to a group, by name, in alphabetical order.

    Args:
        group: such as ``cityfunnel.policies``.
        taken: the names that the registry has already.

    Raises:
        PluginError: a name is taken already, or two packages give the same one.
    """
    found: dict[str, EntryPoint] = {}
    for entry in _entries(group):
        if entry.name in taken:
            raise _error(entry, "is the name of one that comes with cityfunnel; it needs another name")
        if entry.name in found:
            raise _error(entry, f"is a name that package {_package(found[entry.name])} gives too")
        found[entry.name] = entry
    return {name: Late(entry) for name, entry in found.items()}


def _entries(group: str) -> list[EntryPoint]:
    return sorted(_installed().select(group=group), key=lambda entry: (entry.name, _package(entry)))


@cache
def _installed() -> Any:
    """All entry points, read once; their collection is of another type on Python 3.11."""
    return entry_points()


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _error(entry: EntryPoint, problem: str) -> PluginError:
    return PluginError(f"'{entry.name}' {problem}", file=f"package {_package(entry)}", key=entry.group)
