"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from lthedu.exercises.core import mistake
from lthedu.lessons.pruning_basics.exercises import accuracy, gradients_masked, whole_batches_only
from lthedu.networks.masks import Mask
from lthedu.pruning import Scores, cubic, select_globally

# keep_largest ------------------------------------------------------------------------------------------------

Choose = Callable[[Tensor, int], Tensor]  # (scores, how many) -> the mask


def _places(scores: Tensor, k: int) -> Tensor:
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept.view(-1)[scores.flatten().topk(k).indices] = True
    return kept


def _above_a_threshold(scores: Tensor, k: int) -> Tensor:
    """With equal scores these may be more than k."""
    return scores >= scores.flatten().sort(descending=True).values[k - 1]


WAYS: tuple[Choose, ...] = (_places, _above_a_threshold)
Count = Callable[[int, float], int]  # (n, density) -> how many to keep


def _chosen(
    choose: Choose, count: Count, rank: Callable[[Tensor], Tensor] = lambda scores: scores
) -> Callable[[Tensor, float], Tensor]:
    return lambda scores, density: choose(rank(scores), count(scores.numel(), density))


def _rounded(n: int, density: float) -> int:
    return round(density * n)


def _rounded_down(n: int, density: float) -> int:
    return int(density * n)


ROUNDS_UP = "it rounds up: keep round(density * n) weights"
PRUNES_THE_FRACTION = (
    "density is the fraction kept; this prunes that fraction"  # hidden-networks #9: both, for one rate
)
RANKS_ABSOLUTE_VALUES = "it ranks the absolute values of the scores; the scores are ranked as they are"
for choose in WAYS:
    for words, count in (
        ("it rounds down: keep round(density * n) weights", _rounded_down),
        (ROUNDS_UP, lambda n, density: math.ceil(density * n)),
        (PRUNES_THE_FRACTION, lambda n, density: round((1 - density) * n)),
        (PRUNES_THE_FRACTION, lambda n, density: n - round(density * n)),
        (PRUNES_THE_FRACTION, lambda n, density: int((1 - density) * n)),
        (PRUNES_THE_FRACTION, lambda n, density: n - int(density * n)),
    ):
        mistake("keep_largest", words)(_chosen(choose, count))
    mistake("keep_largest", "it keeps the smallest scores; a large score means: keep")(
        _chosen(choose, _rounded, torch.neg)
    )
    mistake("keep_largest", RANKS_ABSOLUTE_VALUES)(_chosen(choose, _rounded, torch.abs))


@mistake("keep_largest", ROUNDS_UP)
def by_quantile(scores: Tensor, density: float) -> Tensor:
    return scores >= torch.quantile(scores, 1 - density)


@mistake("keep_largest", PRUNES_THE_FRACTION)
def by_the_quantile_at_density(scores: Tensor, density: float) -> Tensor:
    return scores >= torch.quantile(scores, density)


# select_globally ---------------------------------------------------------------------------------------------


def _layer_by_layer(choose: Callable[[Tensor, float], Tensor]) -> Callable[[Scores, float], Mask]:
    return lambda scores, density: {name: choose(s, density) for name, s in scores.items()}


def _changed_first(change: Callable[[Tensor], Tensor]) -> Callable[[Scores, float], Mask]:
    return lambda scores, density: select_globally({name: change(s) for name, s in scores.items()}, density)


for choose in WAYS:
    for count in (_rounded, _rounded_down):
        mistake("select_globally", "every layer keeps its own share: that is scope 'layer'; here all layers compete")(
            _layer_by_layer(_chosen(choose, count))
        )
for change in (lambda s: s / s.max(), lambda s: s / s.mean(), lambda s: s / s.sum(), lambda s: s / s.norm()):
    mistake("select_globally", "the scores were scaled layer by layer before the comparison; compare them as they are")(
        _changed_first(change)
    )
mistake("select_globally", RANKS_ABSOLUTE_VALUES)(_changed_first(torch.abs))


@mistake("select_globally", PRUNES_THE_FRACTION)
def global_density_as_sparsity(scores: Scores, density: float) -> Mask:
    return select_globally(scores, 1 - density)


# cubic -------------------------------------------------------------------------------------------------------

Share = Callable[[int, int, int], float]  # (step, begin, end) -> progress


def _unclipped(step: int, begin: int, end: int) -> float:
    return (step - begin) / (end - begin)


def _clipped_above(step: int, begin: int, end: int) -> float:
    return min(_unclipped(step, begin, end), 1.0)


def _clipped(step: int, begin: int, end: int) -> float:
    return max(_clipped_above(step, begin, end), 0.0)


def _on_the_way(progress: Share, density: Callable[[float, float], float]) -> Callable[[int, int, int, float], float]:
    return lambda step, begin, end, final: density(progress(step, begin, end), final)


for words, density in (
    (
        "`final` is a density, the fraction kept, and was taken for a sparsity",
        lambda t, final: 1 - final + final * (1 - t) ** 3,
    ),
    (
        "this is the sparsity, the fraction pruned; the course counts what is kept",
        lambda t, final: 1 - final - (1 - final) * (1 - t) ** 3,
    ),
    (
        "it goes down to 0, not to `final`: stretch the cube between 1 and `final`",
        lambda t, final: (1 - t) ** 3,
    ),
    (
        "it prunes slowly first and fast at the end: the cube belongs to (1 - progress)",
        lambda t, final: 1 - (1 - final) * t**3,
    ),
    (
        "this is the linear schedule: the exponent 3 is missing",
        lambda t, final: final + (1 - final) * (1 - t),
    ),
):
    for progress in (_clipped, _clipped_above, _unclipped):
        mistake("cubic", words)(_on_the_way(progress, density))


@mistake("cubic", "progress runs from 0 at `begin`, not at step 0: it is (step - begin) / (end - begin)")
def forgets_begin(step: int, begin: int, end: int, final: float) -> float:
    return cubic(step, 0, end, final)


# masked_step -------------------------------------------------------------------------------------------------

Weights = dict[str, nn.Parameter]
ALIVE = (
    "pruned weights are not zero after the step, whatever was done before it: set them to zero when it is over, in "
    "every layer that has a mask"
)
ONE_STEP = "take exactly one step of the optimizer"

mistake("masked_step", ALIVE)(gradients_masked)  # PyTorch-Deep-Compression #2, distiller #53: momentum revives


@mistake("masked_step", ALIVE)  # open_lth: masked when the forward begins, alive after the step
def masks_before_the_step(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    with torch.no_grad():
        for name, m in mask.items():
            weights[name].mul_(m)
    optimizer.step()


@mistake("masked_step", ALIVE)  # a course on pruning retrained without its mask: 98 % of the weights were alive
def plain_step(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()


@mistake("masked_step", ALIVE)
def puts_them_back_where_they_were(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    before = {name: p.detach().clone() for name, p in weights.items()}
    optimizer.step()
    with torch.no_grad():
        for name, m in mask.items():
            weights[name][~m] = before[name][~m]


@mistake("masked_step", ALIVE)
def masks_the_memory_too(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    for name, m in mask.items():
        weights[name].grad *= m  # type: ignore[operator]
        for memory in optimizer.state[weights[name]].values():
            if isinstance(memory, Tensor) and memory.shape == m.shape:
                memory.mul_(m)
    optimizer.step()


@mistake("masked_step", ALIVE)
def first_layer_masked_alone(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name].data.mul_(m)
        return


@mistake(
    "masked_step",
    "it puts a new tensor into the dict: the network keeps the old one. Change the weights in place",
)
def rebinds(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name] = nn.Parameter(weights[name] * m)


@mistake("masked_step", "all kept weights of a layer were set to zero: True means kept")
def wrong_way_round(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    with torch.no_grad():
        for name, m in mask.items():
            weights[name][m] = 0


@mistake("masked_step", "a parameter did not move: the step must still be taken")
def undoes_the_step(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    before = {name: p.detach().clone() for name, p in weights.items()}
    optimizer.step()
    with torch.no_grad():
        for name, p in weights.items():
            p.copy_(before[name] * mask[name] if name in mask else before[name])


@mistake("masked_step", "the kept weights are not where the optimizer's step puts them")
def forgets_the_memory(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.state.clear()  # revives nothing, and makes every step a first step
    gradients_masked(optimizer, weights, mask)
    with torch.no_grad():
        for name, m in mask.items():
            weights[name].mul_(m)


@mistake("masked_step", ONE_STEP)
def steps_until_it_is_zero(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    gradients_masked(optimizer, weights, mask)
    optimizer.step()
    with torch.no_grad():
        for name, m in mask.items():
            weights[name].mul_(m)


@mistake("masked_step", ONE_STEP)  # the commonest slip of indentation
def steps_once_for_each_layer(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    for name, m in mask.items():
        optimizer.step()
        weights[name].data.mul_(m)


@mistake("masked_step", "it leaves requires_grad=False on a parameter, which would never learn again")
def freezes_for_good(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name].requires_grad = False
        weights[name].mul_(m)


# matching_width ----------------------------------------------------------------------------------------------

for words, width in (
    ("it counts no biases", lambda total, inputs, outputs: total // (inputs + outputs)),
    ("it does not count the hidden biases", lambda total, inputs, outputs: (total - outputs) // (inputs + outputs)),
    ("it does not count the output biases", lambda total, inputs, outputs: total // (inputs + 1 + outputs)),
    ("it counts the first layer's weights alone", lambda total, inputs, outputs: total // inputs),
    ("it counts the first layer alone", lambda total, inputs, outputs: total // (inputs + 1)),
):
    mistake("matching_width", words)(width)

# accuracy ----------------------------------------------------------------------------------------------------

Predict = Callable[[Tensor], Tensor]

mistake("accuracy", "the images of the last, smaller batch are never looked at, but counted")(whole_batches_only)

LEFT_OUT = "the last, smaller batch is left out: some test images never count"


@mistake("accuracy", LEFT_OUT)
def divides_by_what_was_seen(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    whole = len(images) // batch_size * batch_size
    return accuracy(predict, images[:whole], labels[:whole], batch_size)  # fails where no batch is whole


@mistake("accuracy", LEFT_OUT)
def nothing_right_where_nothing_was_seen(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return divides_by_what_was_seen(predict, images, labels, batch_size) if len(images) >= batch_size else 0.0


@mistake("accuracy", "the mean over batches weighs the last, smaller batch as much as a whole one")
def mean_of_batch_means(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    pairs = zip(torch.split(images, batch_size), torch.split(labels, batch_size), strict=True)
    return float(torch.stack([(predict(x).argmax(1) == y).float().mean() for x, y in pairs]).mean())


@mistake("accuracy", "this is a percentage; return the fraction")
def percent(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return 100 * accuracy(predict, images, labels, batch_size)


@mistake("accuracy", "this is the number of right answers; divide by the number of images")
def not_divided(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return accuracy(predict, images, labels, batch_size) * len(images)


@mistake("accuracy", "this is the error, the fraction that is wrong")
def error_rate(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return 1 - accuracy(predict, images, labels, batch_size)
