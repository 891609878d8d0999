"""A Dask cluster that is there already: its client, or one sentence that says what is wrong."""

import platform
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import numpy
import torch

import lthedu
from lthedu.base.arguments import typed
from lthedu.experiments.base import Client

WITHIN = 10.0  # seconds in which a scheduler answers, and has a worker


@contextmanager
@typed
def connected(address: str | None, *, same_threads: bool = True, seconds: float = WITHIN) -> Iterator[Client | None]:
    """A client of the Dask scheduler at `address`, closed at the end; None for None, which means this process.

    What its workers compute is equal, bit for bit, to what is computed here only with the same versions, one kind of
    processor, and as many threads of torch (`same_threads`; what does not train may do without). So they are compared.

    Raises ModuleNotFoundError without the extra `cluster`; ValueError for what is no address, and for workers with
    other versions or threads; ConnectionError where no scheduler answers within `seconds`, where it has no worker, and
    where it goes away.

    >>> with connected(None) as client:
    ...     print(client)
    None
    """
    if address is None:
        yield None
        return
    if not address.startswith(("tcp://", "tls://")) or not address.rpartition(":")[2].isdecimal():
        raise ValueError(f"the cluster's address is {address!r}; allowed: that of a scheduler, such as tcp://host:8786")
    try:
        import distributed
    except ModuleNotFoundError:
        raise ModuleNotFoundError("a cluster needs Dask: pip install 'lthedu[cluster]'") from None
    try:
        client = distributed.Client(address, timeout=seconds, set_as_default=False)
    except OSError as error:
        raise ConnectionError(
            f"no Dask scheduler of this kind answers at {address}; is it running there, and may this machine reach it?"
        ) from error
    with client:
        _demand_workers(client, address, same_threads, seconds)
        try:
            yield client
        except CancelledError as error:
            raise ConnectionError(
                f"the scheduler at {address} went away; run it again: what was written to a folder is read back"
            ) from error


def _demand_workers(client: Any, address: str, same_threads: bool, seconds: float) -> None:
    """Refuse a cluster that has no worker, and one whose workers would compute something else than this process."""
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        raise ConnectionError(
            f"the scheduler at {address} has no worker; start some with: dask worker {address} --nthreads 1"
        ) from error
    try:
        found = client.run(made_of)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the workers of {address} have no lthedu {lthedu.__version__}: {error}") from error
    mine = made_of()
    if not same_threads:
        mine.pop("threads")
    for worker, theirs in found.items():
        for name, value in mine.items():
            if theirs[name] != value:
                do = "start both with OMP_NUM_THREADS=1" if name == "threads" else "install the same on both"
                raise ValueError(f"{name} is {theirs[name]} on the worker {worker} and {value} here; {do}")


def made_of() -> dict[str, Any]:
    """What a process computes with, as far as numbers depend on it.

    >>> sorted(made_of())
    ['Python', 'lthedu', 'numpy', 'threads', 'torch']
    """
    return {
        "lthedu": lthedu.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "threads": torch.get_num_threads(),
    }
