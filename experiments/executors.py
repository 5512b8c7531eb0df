"""Clusters as engines of a sweep: whatever a Dask scheduler knows of is used like this machine's cores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from experiments import provenance, runner
from experiments.sweep import Engine
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runner import Simulate

KEY = "--scheduler"
#: seconds to wait for a scheduler, and for the first of its workers
PATIENCE = 30
#: seconds after which the number of workers is looked up again
ASK = 5


@contextmanager
def dask(address: str, simulate: Simulate | None = None, chunk: int | None = None) -> Iterator[Engine]:
    """The workers of the Dask scheduler at ``address`` (such as ``tcp://host:8786``).

    Raises:
        InputError: Dask is not installed, nobody answers there, or the workers have no cityfunnel or
            another one.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise InputError("needs Dask: pip install 'cityfunnel[cluster]'", key=KEY) from None
    client = _client(Client, address)
    try:
        _check_workers(client, address)
        deaths = (BrokenExecutor, KilledWorker)
        yield Engine(_Threads(client), lambda: client.get_executor(pure=False), deaths, chunk, simulate)
    except (CommClosedError, CancelledError) as error:
        problem = (
            f"the scheduler at {address} went away; what came home is kept, and the same command goes on"
        )
        raise InputError(problem, key=KEY) from error
    finally:
        client.close(timeout=5)


def _client(make: Any, address: str) -> Any:
    try:
        return make(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at '{address}' ({error})", key=KEY) from None


class _Threads:
    """How many runs the workers of a cluster make at a time; they come and go."""

    def __init__(self, client: Any) -> None:
        self._client, self._number, self._asked = client, 1, float("-inf")

    def __call__(self) -> int:
        if time.monotonic() - self._asked > ASK:
            self._number = max(1, sum(self._client.nthreads().values()))
            self._asked = time.monotonic()
        return self._number


def _check_workers(client: Any, address: str) -> None:
    """See that the workers have what this process has."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise InputError(f"the scheduler at {address} has no workers", key=KEY) from None
    try:
        codes = client.run(provenance.code_of_outcomes)
    except ImportError as error:
        raise InputError(f"the workers of {address} cannot import cityfunnel ({error})", key=KEY) from None
    client.run(runner.load)
    other = [worker for worker, code in codes.items() if code != provenance.code_of_outcomes()]
    if other:
        problem = (
            f"worker {other[0]} has other code of cityfunnel than this machine; install the same version"
        )
        raise InputError(problem, key=KEY)
