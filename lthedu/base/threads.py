"""Work shared out among threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")
Found = TypeVar("Found")


def in_threads(work: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """What `work` makes of each item, in the items' order, on as many threads as torch has.

    Faster than one by one for work that lets go of Python's lock: compiled loops, and numpy's over large arrays. A
    piece of work that uses torch does so on its own thread.

    >>> in_threads(len, ["a", "bcd"], )
    [1, 3]
    """
    threads = min(len(items), torch.get_num_threads())
    if threads < 2:
        return [work(item) for item in items]
    with one_thread(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


@contextmanager
def one_thread() -> Iterator[None]:
    """torch's loops on the calling thread alone, for short ones between work that is shared out already.

    After a loop that torch shared out, its other threads wait for the next one by spinning: for eight milliseconds
    they take a core from threads that have work.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
