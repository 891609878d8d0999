"""ISTA's steps as the layers of a network: LISTA, and a denoiser with what Deep K-SVD learns."""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Positive
from lthedu.coding.ista import Penalty, soft_threshold, steepness
from lthedu.coding.patches import averaged, patches
from lthedu.coding.shapes import refuse_misfits

Learns = Literal["thresholds", "atoms"]


@typed
def lista_layers(x: Tensor, encode: Tensor, mix: Tensor, threshold: Tensor | Penalty, layers: Count) -> Tensor:
    """The codes (n, m) of signals x (n, d) after so many layers, all with the same weights.

    A layer is soft_threshold(x @ encode + code @ mix, threshold), and the code before the first is 0. With encode
    atoms.T / c, mix I - atoms @ atoms.T / c and threshold penalty / c a layer is a step of ISTA.
    Source: Gregor and LeCun (2010).

    >>> lista_layers(torch.tensor([[3.0, 0.5]]), torch.eye(2), torch.zeros(2, 2), 1.0, 2).tolist()
    [[2.0, 0.0]]
    """
    refuse_misfits(x, encode.mT if encode.ndim == 2 else encode, x.new_zeros(len(x), len(mix)))
    if mix.shape != (encode.shape[1], encode.shape[1]):
        raise ValueError(
            f"mix has shape {tuple(mix.shape)}; allowed: a row and a column for each of the atoms of encode"
        )
    code = x.new_zeros(len(x), len(mix))
    for _ in range(layers):
        code = soft_threshold(x @ encode + code @ mix, threshold)
    return code


class LISTA(nn.Module):
    """A network (n, d) -> (n, m) that guesses codes: `layers` layers with one set of weights, which begin as ISTA's.

    >>> from lthedu.coding import dct_atoms, ista
    >>> x, atoms = torch.randn(3, 16), dct_atoms(4, 6)
    >>> bool(torch.allclose(LISTA(atoms, 0.3, 4)(x), ista(x, atoms, 0.3, 4), atol=1e-5))
    True
    """

    @typed
    def __init__(self, atoms: Tensor, penalty: Penalty, layers: Count) -> None:
        super().__init__()
        steep = steepness(atoms)
        self.layers = layers
        self.encode = nn.Parameter(atoms.T / steep)  # (d, m)
        self.mix = nn.Parameter(torch.eye(len(atoms)) - atoms @ atoms.T / steep)  # (m, m)
        self.threshold = nn.Parameter(torch.full((len(atoms),), penalty / steep))

    def forward(self, x: Tensor) -> Tensor:
        return lista_layers(x, self.encode, self.mix, self.threshold, self.layers)


class Unrolled(nn.Module):
    """A denoiser of images (h, w): `layers` steps of ISTA on every patch, and the mean of what patches say.

    `learns` says what training may change. "thresholds": a threshold for every atom in every layer, and the weight of
    a pixel by its place in a patch. "atoms": the dictionary, the step, those weights, and a small network that
    reads a patch and gives its penalty, as Deep K-SVD has (Scetbon, Elad and Milanfar, 2021). Beside that paper's
    released code three things are changed: a patch's mean is taken off before and put back after, the penalty is an
    exponential and so above 0, and the first code divides by the steepness as all others do. `released` undoes them.

    Grey levels are divided by `sigma`, the deviation of the noise. `penalty` is the one it starts from.
    """

    @typed
    def __init__(
        self,
        atoms: Tensor,
        sigma: Positive,
        penalty: Positive,
        layers: Count = 5,
        learns: Learns = "atoms",
        released: bool = False,
    ) -> None:
        super().__init__()
        many, pixels = atoms.shape
        self.size, self.sigma, self.layers, self.released = round(pixels**0.5), sigma, layers, released
        self.atoms = nn.Parameter(atoms.clone(), requires_grad=learns == "atoms")
        self.steep = nn.Parameter(torch.tensor(steepness(atoms)), requires_grad=learns == "atoms")
        self.weights = nn.Parameter(torch.ones(pixels))
        start = torch.tensor(float(penalty)) if released else torch.tensor(float(penalty)).log()
        if learns == "thresholds":
            self.penalties = nn.Parameter(start.repeat(layers, many))
        else:
            sizes = (pixels, 2 * pixels, pixels, pixels // 2)
            hidden = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
            last = nn.Linear(sizes[-1], 1)
            self.reader = nn.Sequential(*hidden, last)
            nn.init.zeros_(last.weight)
            nn.init.constant_(last.bias, float(start))

    def penalty(self, x: Tensor) -> list[Tensor]:
        """The penalty of every layer: (atoms,) each, or (n, 1), one for all layers, that a patch's reader gives."""
        raw = [self.reader(x)] * self.layers if hasattr(self, "reader") else list(self.penalties)
        return raw if self.released else [one.exp() for one in raw]

    def code(self, x: Tensor) -> Tensor:
        """The codes (n, atoms) of patches (n, pixels) in units of sigma."""
        seen = x @ self.atoms.T
        steps = [penalty / self.steep for penalty in self.penalty(x)]
        code = soft_threshold(seen if self.released else seen / self.steep, steps[0])
        for step in steps if self.released else steps[1:]:  # the released code's first is beside its layers
            code = soft_threshold(code + (seen - code @ self.atoms @ self.atoms.T) / self.steep, step)
        return code

    def forward(self, noisy: Tensor) -> Tensor:
        x = patches(noisy, self.size) / self.sigma
        mean = torch.zeros(()) if self.released else x.mean(1, keepdim=True)
        found = self.code(x - mean) @ self.atoms + mean
        return averaged(self.sigma * found, (noisy.shape[0], noisy.shape[1]), self.weights)


class Convolutions(nn.Module):
    """A plain denoiser of images (h, w): four convolutions of 3 x 3 with ReLUs between them, which give the noise."""

    @typed
    def __init__(self, sigma: Positive, channels: Count = 40) -> None:
        super().__init__()
        self.sigma, wide = sigma, (1, channels, channels, channels, 1)
        layers: list[nn.Module] = []
        for a, b in pairwise(wide):
            layers += [nn.Conv2d(a, b, 3, padding=1, padding_mode="replicate"), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, noisy: Tensor) -> Tensor:
        x = noisy / self.sigma
        centre = x.mean()
        noise: Tensor = self.layers((x - centre)[None])[0]
        return noisy - self.sigma * noise
