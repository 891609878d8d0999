"""The random numbers that a forward pass draws, as dropout does: from a stream of their own."""

import torch


class Noise:
    """A random stream of its own: inside `with`, torch draws from it; outside, from where it was.

    >>> before, noise = torch.get_rng_state(), Noise(1, torch.device("cpu"))
    >>> with noise:
    ...     _ = torch.rand(3)
    >>> torch.equal(before, torch.get_rng_state())
    True
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.generators = [torch.default_generator]
        if device.type == "cuda":  # pragma: no cover (a GPU's)
            self.generators.append(torch.cuda.default_generators[device.index or 0])
        self.states = [torch.Generator(g.device).manual_seed(seed).get_state() for g in self.generators]

    def _swap(self, *_: object) -> None:
        states = [g.get_state() for g in self.generators]
        for g, state in zip(self.generators, self.states, strict=True):
            g.set_state(state)
        self.states = states

    __enter__ = __exit__ = _swap
