"""A small convolutional network for MNIST, trained once: the target that the proof's construction imitates."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import torch
from safetensors.torch import load as tensors_of
from safetensors.torch import save as tensors_to_bytes
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lthedu.base.arguments import typed
from lthedu.base.course_files import course_path
from lthedu.base.files import refuse_changed, write_whole
from lthedu.base.ranges import Above, Count
from lthedu.data import Dataset, unit_pixels
from lthedu.experiments import paper_results
from lthedu.experiments.base import Experiment, Keep, side_by_side
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.settings import Seeded, Seeds, Sizes
from lthedu.networks import models
from lthedu.networks.masks import Params
from lthedu.training import Optimizer, Progress, RateSchedule, evaluate

NAME = "small_cnn"  # of what is stored: NAME.json, and NAME.safetensors beside it
SEAL = "sha256 of weights"


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """The training; defaults are what the stored network was made with. Raises ValueError."""

    seeds: Seeds = (0,)
    passes: Count = 8  # through the training images
    batch_size: Count = 50
    lr: Annotated[float, Above(0)] = 3e-3  # of Adam, falling to 0 along a cosine


SIZES = Sizes(tiny=Settings(passes=1, batch_size=20), lesson=Settings(), paper=Settings())
PAPER = SIZES.paper


@typed
@dataclass
class SmallCNN(Experiment[Settings]):
    """Loss and accuracy (a fraction) on validation images after each pass, and once on test images.

    It is trained with batch normalisation after each convolution, and measured without: what a trained normalisation
    does to a channel is part of the convolution's weights and bias then. `params` are the weights of the pass with the
    best validation accuracy of the first seed's network, the first of equals; those are tested.
    """

    COLUMNS = ("replicate", "step", "split", "loss", "accuracy")
    carries = {"params": side_by_side}

    settings: Settings = PAPER

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train, and note how good the network is."""
        s = self.settings
        each = len(self.data.x_train) // s.batch_size
        rate = Optimizer(lr=s.lr, schedule=RateSchedule("cosine"))
        plain, best, chosen = self.create(models.small_cnn), -1.0, 0
        for now in self.training(self.create(normed), steps=s.passes * each, optimizer=rate):
            tick(now.step, s.passes * each, "a small convolutional network")
            if now.step % each:
                continue
            made = [dict(without_norms(now.replicates.module(i)).named_parameters()) for i in range(len(plain))]
            found = plain.with_params({name: torch.stack([one[name].detach() for one in made]) for name in made[0]})
            loss, accuracy = evaluate(found, self.data, "val")
            self.note({"step": now.step, "split": "val"}, loss=loss.tolist(), accuracy=accuracy.tolist())
            if float(accuracy[0]) > best:
                best, chosen = float(accuracy[0]), now.step
                self.params: Params = found.params
        loss, accuracy = evaluate(plain.with_params(self.params), self.data, "test")
        self.note({"step": chosen, "split": "test"}, loss=loss.tolist(), accuracy=accuracy.tolist())


def normed() -> nn.Sequential:
    """The small network with batch normalisation after each convolution."""
    layers: list[nn.Module] = []
    for layer in models.small_cnn():
        layers += [layer, nn.BatchNorm2d(layer.out_channels)] if isinstance(layer, nn.Conv2d) else [layer]
    return nn.Sequential(*layers)


def without_norms(network: nn.Module) -> nn.Sequential:
    """What `normed` computes once it is trained, as the small network.

    >>> network, x = normed().eval(), torch.rand(3, 1, 28, 28)
    >>> torch.allclose(without_norms(network)(x), network(x), atol=1e-5)
    True
    """
    layers: list[nn.Module] = []
    for layer in network.eval().children():
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)  # type: ignore[type-var]
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def pictures(data: Dataset) -> Dataset:
    """MNIST's rows of 784 numbers as images (n, 1, 28, 28) of pixels between 0 and 1."""
    rows = unit_pixels(data)
    shaped = {name: getattr(rows, name).unflatten(1, (1, 28, 28)) for name in ("x_train", "x_val", "x_test")}
    return replace(rows, **shaped)


def stored(result: PaperResult, params: Params, path: Path) -> PaperResult:
    """Write the one network's weights to `path`; the result, which from now on names their checksum."""
    content = tensors_to_bytes({name: p[0].contiguous() for name, p in params.items()})
    write_whole(path, content)
    return replace(result, settings=result.settings | {SEAL: hashlib.sha256(content).hexdigest()})


def trained() -> nn.Sequential:
    """The network that comes with the course, for images (n, 1, 28, 28) of pixels between 0 and 1.

    `paper_results.load("small_cnn")` says how it was trained and how good it is. Raises FileNotFoundError where it is
    missing, and DamagedFile where its bytes are not the ones that were written.

    >>> trained()[0].weight.shape
    torch.Size([16, 1, 3, 3])
    """
    result, path = paper_results.load(NAME), course_path("datasets") / "reference" / f"{NAME}.safetensors"
    if result is None or not path.is_file():
        raise FileNotFoundError(f"{path} or its {NAME}.json is missing; install the course again")
    content = path.read_bytes()
    found, named = hashlib.sha256(content).hexdigest(), result.settings[SEAL]
    refuse_changed(path, found, named, advice="install the course again")
    network = models.small_cnn()
    network.load_state_dict(tensors_of(content))
    return network.requires_grad_(False)
