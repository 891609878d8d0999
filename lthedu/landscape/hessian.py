"""Second derivatives of a loss without their matrix: products with the Hessian, and diagonals of the GGN.

A loss is a function of one flat vector of weights. `flat_loss` makes it of a network and images.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.networks.masks import Params

Loss = Callable[[Tensor], Tensor]  # flat weights (n,) -> a number
Product = Callable[[Tensor], Tensor]  # v (n,) -> H v (n,)
CHUNK = 500  # examples whose gradients are held at once


@typed
def flatten(params: Params) -> Tensor:
    """All parameters as one vector (n,), in the order of their names in `params`.

    >>> flatten({"w": torch.tensor([[1.0, 2.0]]), "b": torch.tensor([3.0])}).tolist()
    [1.0, 2.0, 3.0]
    """
    return torch.cat([p.detach().reshape(-1) for p in params.values()])


@typed
def unflatten(vector: Tensor, like: Params) -> Params:
    """The inverse of `flatten`: parts of the vector (n,) in the shapes of `like`. Raises ValueError for another length.

    >>> unflatten(torch.tensor([1.0, 2.0, 3.0]), {"w": torch.zeros(1, 2), "b": torch.zeros(1)})["w"].tolist()
    [[1.0, 2.0]]
    """
    sizes = [p.numel() for p in like.values()]
    if vector.shape != (sum(sizes),):
        raise ValueError(f"vector has shape {tuple(vector.shape)}; the parameters need ({sum(sizes)},)")
    return {n: v.view(p.shape) for (n, p), v in zip(like.items(), torch.split(vector, sizes), strict=True)}


@typed
def flat_loss(network: nn.Module, x: Tensor, y: Tensor) -> Loss:
    """The mean cross-entropy at inputs x (n, ...) and labels y (n,), as a function of the network's flat weights.

    Raises ValueError for inputs and labels that are not equally many.

    >>> loss = flat_loss(nn.Linear(2, 3), torch.ones(4, 2), torch.zeros(4, dtype=torch.long))
    >>> round(float(loss(torch.zeros(9))), 4)  # log 3
    1.0986
    """
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} inputs and {len(y)} labels; there must be a label for each")
    shapes = {name: p.detach() for name, p in network.named_parameters()}

    def loss(weights: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(network, unflatten(weights, shapes), (x,)), y)

    return loss


@typed
def hvp(loss: Loss, weights: Tensor, vector: Tensor) -> Tensor:
    """The Hessian of `loss` at the flat weights (n,), times a vector (n,), by differentiating twice.

    The derivative of gradient @ vector is H @ vector. So the matrix of n x n numbers is never made (Pearlmutter 1994).

    >>> hvp(lambda w: w[0] ** 2 + 3 * w[0] * w[1], torch.zeros(2), torch.tensor([1.0, 0.0])).tolist()
    [2.0, 3.0]
    """
    at = weights.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(at), at, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ vector, at)
    return product


@typed
def squared_gradients(network: nn.Module, x: Tensor, y: Tensor, share: Tensor | None = None) -> Params:
    """The squared gradients of single examples, summed with the weights `share` (n,) (by default 1/n), by name.

    With the true labels y (n,) this is the diagonal of the *empirical Fisher matrix*.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> _ = network.weight.data.zero_()
    >>> squared_gradients(network, torch.tensor([[2.0]]), torch.tensor([0]))["weight"].tolist()
    [[1.0], [1.0]]
    """
    params = {name: p.detach() for name, p in network.named_parameters()}
    share = x.new_full((len(x),), 1 / len(x)) if share is None else share

    def loss(params: Params, x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(network, params, (x[None],)), y[None])

    each = vmap(grad(loss), (None, 0, 0))
    total = {name: torch.zeros_like(p) for name, p in params.items()}
    for some in torch.split(torch.arange(len(x)), CHUNK):
        for name, g in each(params, x[some], y[some]).items():
            total[name] += torch.tensordot(share[some], g**2, 1)
    return total


@typed
@torch.no_grad()
def ggn_diagonal(network: nn.Module, x: Tensor) -> Params:
    """The diagonal of the generalised Gauss-Newton matrix of the mean cross-entropy at x (n, ...), by name.

    It is the mean over examples, and over labels drawn from the network's own answer, of the squared gradient. So each
    label c counts with its probability. For a ReLU network it equals the Hessian's diagonal, almost everywhere,
    because the output is piecewise linear in each single weight.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> _ = network.weight.data.zero_()
    >>> ggn_diagonal(network, torch.tensor([[2.0]]))["weight"].tolist()  # x^2 p (1 - p)
    [[1.0], [1.0]]
    """
    answers = network(x).softmax(1)  # (n, classes)
    found = [
        squared_gradients(network, x, torch.full((len(x),), c), p / len(x)) for c, p in enumerate(answers.unbind(1))
    ]
    return {name: torch.stack([one[name] for one in found]).sum(0) for name in found[0]}


@typed
@torch.no_grad()
def sampled_diagonal(network: nn.Module, x: Tensor, generator: torch.Generator) -> Params:
    """An unbiased estimate of `ggn_diagonal` from one label an example, drawn from the network's own answer.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> _ = network.weight.data.zero_()
    >>> sampled_diagonal(network, torch.tensor([[2.0]]), torch.Generator().manual_seed(0))["weight"].tolist()
    [[1.0], [1.0]]
    """
    labels = torch.multinomial(network(x).softmax(1), 1, generator=generator).squeeze(1)
    return squared_gradients(network, x, labels)


@typed
def probe_diagonal(product: Product, size: Count, probes: Count, generator: torch.Generator) -> Tensor:
    """An unbiased estimate (size,) of a matrix's diagonal from products with random signs r: the mean of r * (H r).

    The variance of entry i is the sum of H_ij ** 2 over j other than i, divided by the number of probes (Hutchinson).

    >>> h = torch.diag(torch.tensor([1.0, -2.0]))
    >>> probe_diagonal(lambda v: h @ v, 2, 3, torch.Generator().manual_seed(0)).tolist()
    [1.0, -2.0]
    """
    total = torch.zeros(size)
    for _ in range(probes):
        r = torch.randint(0, 2, (size,), generator=generator) * 2.0 - 1
        total = total + r * product(r)
    return total / probes


@typed
@torch.no_grad()
def ggn(network: nn.Module, x: Tensor) -> Tensor:
    """The whole generalised Gauss-Newton matrix (n, n) of the mean cross-entropy at x: for small networks.

    Per example it is J' (diag(p) - p p') J, with the Jacobian J of the outputs and the network's answer p.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> _ = network.weight.data.zero_()
    >>> ggn(network, torch.tensor([[2.0]])).round(decimals=4).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    params = {name: p.detach() for name, p in network.named_parameters()}
    size = sum(p.numel() for p in params.values())

    def output(params: Params, x: Tensor) -> Tensor:
        return functional_call(network, params, (x[None],))[0]  # type: ignore[no-any-return]

    total = x.new_zeros(size, size)
    for some in torch.split(x, CHUNK):
        found = vmap(torch.func.jacrev(output), (None, 0))(params, some)
        jacobian = torch.cat([found[name].flatten(2) for name in params], 2)  # (some, classes, n)
        answers = network(some).softmax(1)[:, :, None]
        centred = jacobian - (answers * jacobian).sum(1, keepdim=True)
        rows = (answers.sqrt() * centred).flatten(0, 1)
        total += rows.T @ rows
    return total / len(x)
