"""GraphML: the collaboration network of a run."""

from __future__ import annotations

from pathlib import Path

from experiments.formats import Counts, Source


def write(path: Path, source: Source, moves: bool) -> Counts:  # noqa: ARG001 (all formats take the same)
    """Write the network of the first run that the source gives. Returns what the file holds."""
    import networkx as nx

    from analysis.network import graph

    history = next(source())
    found = graph(history.cases, history.events)
    found.graph.update(scenario=history.run.scenario, seed=history.run.seed)
    path.write_text("\n".join((*nx.generate_graphml(found), "")), encoding="utf-8")
    return Counts().plus(len(history.cases), len(history.events), found.number_of_nodes())
