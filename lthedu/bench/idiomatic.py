"""The whole figure in plain PyTorch, as a user would write it: what `lthedu bench figure` is held against.

Iterative magnitude pruning of LeNet-300-100 on MNIST (Frankle and Carbin 2019), 117 minibatches a level: winning
tickets and, with their masks, randomly reinitialised controls. `python -m lthedu.bench.idiomatic 0 1` takes the seeds
and prints JSON. Of lthedu it uses nothing but the place of the data's files.
"""

import gzip
import itertools
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

from lthedu.base.course_files import course_path

LEVELS, STEPS, BATCH, RATE = 20, 117, 128, 1.2e-3  # levels after the dense one
PRUNED, PRUNED_OUTPUT = 0.2, 0.1  # of the weights left, per level: in the hidden layers and in the output layer
seconds = {"load": 0.0, "train": 0.0, "test": 0.0, "prune": 0.0}


@contextmanager
def timed(phase: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[phase] += time.perf_counter() - begun


def mnist(part: str, first: int) -> TensorDataset:
    """The first images of "train" or "t10k" as normalised rows of 784 pixels, and their labels."""
    files = course_path("datasets") / "mnist"
    pixels = np.frombuffer(gzip.decompress((files / f"{part}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((files / f"{part}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    x = (torch.tensor(pixels.reshape(-1, 784)[:first]).float() / 255 - 0.1307) / 0.3081
    return TensorDataset(x, torch.tensor(labels[:first]).long())


def lenet() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))
    for layer in linear(net):
        nn.init.xavier_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    return net


def linear(net: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in net if isinstance(layer, nn.Linear)]


def train(net: nn.Sequential, data: TensorDataset) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    for x, y in itertools.islice(DataLoader(data, batch_size=BATCH, shuffle=True), STEPS):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


@torch.no_grad()
def accuracy(net: nn.Sequential, data: TensorDataset) -> float:
    x, y = data.tensors
    return float((net(x).argmax(1) == y).float().mean())


@torch.no_grad()
def prune_and_rewind(net: nn.Sequential, initial: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Prune the smallest trained weights of each layer and reset the others; the fraction of weights kept."""
    layers = linear(net)
    for layer, (weight, bias) in zip(layers, initial, strict=True):
        amount = PRUNED_OUTPUT if layer is layers[-1] else PRUNED
        prune.l1_unstructured(layer, "weight", amount)  # type: ignore[no-untyped-call]
        layer.get_parameter("weight_orig").copy_(weight)
        layer.bias.copy_(bias)
    masks = [layer.get_buffer("weight_mask") for layer in layers]
    return sum(int(m.sum()) for m in masks) / sum(m.numel() for m in masks)


def reinitialised(ticket: nn.Sequential) -> nn.Sequential:
    """A fresh network with the ticket's masks."""
    net = lenet()
    for layer, other in zip(linear(net), linear(ticket), strict=True):
        prune.custom_from_mask(layer, "weight", other.get_buffer("weight_mask"))  # type: ignore[no-untyped-call]
    return net


def figure(seed: int, training: TensorDataset, test: TensorDataset) -> Iterator[dict[str, Any]]:
    """A row for each network: its arm, its level, the fraction of weights kept and its test accuracy."""
    torch.manual_seed(seed)
    ticket, kept = lenet(), 1.0
    initial = [(layer.weight.detach().clone(), layer.bias.detach().clone()) for layer in linear(ticket)]
    for level in range(LEVELS + 1):
        arms = {"winning ticket": ticket} if level else {"dense": ticket}
        if level:
            with timed("prune"):
                kept = prune_and_rewind(ticket, initial)
                arms["random reinitialisation"] = reinitialised(ticket)
        for arm, net in arms.items():
            begun = time.perf_counter()
            with timed("train"):
                train(net, training)
            with timed("test"):
                found = accuracy(net, test)
            took = time.perf_counter() - begun
            yield {"seed": seed, "arm": arm, "level": level, "kept": kept, "accuracy": found, "seconds": took}


def main() -> None:
    with timed("load"):
        training, test = mnist("train", 55_000), mnist("t10k", 10_000)
    rows = [row for seed in map(int, sys.argv[1:] or ["0", "1"]) for row in figure(seed, training, test)]
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": time.process_time()}))


if __name__ == "__main__":
    main()
