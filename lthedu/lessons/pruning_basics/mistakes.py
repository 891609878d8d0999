"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from lthedu.exercises.core import mistake
from lthedu.lessons.pruning_basics.exercises import accuracy, gradients_masked, whole_batches_only
from lthedu.networks.masks import Mask
from lthedu.pruning import Scores, cubic, keep_largest, select_globally

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


PRUNES_THE_FRACTION = (
    "density is the fraction kept; this prunes that fraction"  # hidden-networks #9: both, for one rate
)
AT_OR_BELOW = "it keeps one weight too few, as `scores > threshold` does: that prunes the one at the threshold as well"
ROUNDS_THE_PRUNED = "it rounds the number that is pruned; round the number kept: round(density * n)"
COUNTS: tuple[tuple[str, Count], ...] = (
    ("it rounds down: keep round(density * n) weights", _rounded_down),
    ("it rounds up: keep round(density * n) weights", lambda n, density: math.ceil(density * n)),
    (
        "it rounds every half up, and round(density * n) goes to the even number: round(2.5) is 2",
        lambda n, density: int(density * n + 0.5),
    ),
    (ROUNDS_THE_PRUNED, lambda n, density: n - round((1 - density) * n)),
    (ROUNDS_THE_PRUNED, lambda n, density: n - int((1 - density) * n)),
    (
        "it keeps one weight too many, as `scores >= threshold` may do: that keeps the one at the threshold as well",
        lambda n, density: min(round(density * n) + 1, n),
    ),
    (
        AT_OR_BELOW,
        lambda n, density: max(round(density * n) - 1, 0),
    ),
    (PRUNES_THE_FRACTION, lambda n, density: round((1 - density) * n)),
    (PRUNES_THE_FRACTION, lambda n, density: n - round(density * n)),
    (PRUNES_THE_FRACTION, lambda n, density: int((1 - density) * n)),
    (PRUNES_THE_FRACTION, lambda n, density: n - int(density * n)),
)
RANKINGS: tuple[tuple[str, Callable[[Tensor], Tensor]], ...] = (
    ("it keeps the smallest scores; a large score means: keep", torch.neg),
    ("it ranks the absolute values of the scores; the scores are ranked as they are", torch.abs),
)
for choose in WAYS:
    for words, count in COUNTS:
        mistake("keep_largest", words)(_chosen(choose, count))
    for words, rank in RANKINGS:
        mistake("keep_largest", words)(_chosen(choose, _rounded, rank))

PUBLISHED: tuple[Callable[[Tensor, float], Tensor], ...] = (  # open_lth and google-research
    lambda scores, density: scores > scores.flatten().sort().values[round((1 - density) * scores.numel())],
    lambda scores, density: scores > scores.flatten().sort().values[int((1 - density) * scores.numel())],
    lambda scores, density: scores > scores.flatten().sort().values[scores.numel() - round(density * scores.numel())],
)
for rule in PUBLISHED:
    mistake("keep_largest", AT_OR_BELOW)(rule)

QUANTILE = (
    "a quantile lies anywhere between two scores, and the number above it is not round(density * n): count places"
)
TIES = "a threshold keeps or prunes all equal scores together: choose places, not values"
THRESHOLDS: tuple[Choose, ...] = (
    _above_a_threshold,
    lambda scores, k: scores > scores.flatten().sort(descending=True).values[k],
    lambda scores, k: scores > scores.flatten().sort(descending=True).values[min(k, scores.numel() - 1)],
)
for choose in THRESHOLDS:
    mistake("keep_largest", TIES)(_chosen(choose, _rounded))

Compare = Callable[[Tensor, Tensor], Tensor]


def _by_quantile(compared: Compare) -> Callable[[Tensor, float], Tensor]:
    return lambda scores, density: compared(scores, torch.quantile(scores, 1 - density))


for compared in (torch.ge, torch.gt):
    mistake("keep_largest", QUANTILE)(_by_quantile(compared))
    mistake("keep_largest", PRUNES_THE_FRACTION)(
        lambda scores, density, compared=compared: compared(scores, torch.quantile(scores, density))
    )
    mistake("keep_largest", "it compares the scores with `density`, which is a share of their number and no score")(
        lambda scores, density, compared=compared: compared(scores, density)
    )

BY_ROWS = "each row keeps its own share; rank all scores of the tensor together"


@mistake("keep_largest", BY_ROWS)
def row_by_row(scores: Tensor, density: float) -> Tensor:
    return torch.stack([_chosen(_places, _rounded)(row, density) for row in scores.view(-1, scores.shape[-1])]).view(
        scores.shape
    )


@mistake("keep_largest", BY_ROWS)
def topk_of_two_dimensions(scores: Tensor, density: float) -> Tensor:
    best = scores.topk(round(density * scores.shape[-1])).indices  # along the last dimension
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, best, True)


@mistake("keep_largest", "argsort gives places in their order, not each score's rank: set the first k places to True")
def takes_places_for_ranks(scores: Tensor, density: float) -> Tensor:
    ranks = scores.flatten().argsort(descending=True)
    return (ranks < round(density * scores.numel())).view(scores.shape)


@mistake("keep_largest", "the mask is turned round: True means kept")
def marks_the_pruned(scores: Tensor, density: float) -> Tensor:
    return ~keep_largest(scores, density)


@mistake("keep_largest", "it keeps everything: is what you prune set to False in the mask that you return?")
def keeps_everything(scores: Tensor, density: float) -> Tensor:
    return torch.ones_like(scores, dtype=torch.bool)


@mistake("keep_largest", "it keeps nothing: is the mask that you set to True the one that you return?")
def sets_a_copy(scores: Tensor, density: float) -> Tensor:
    return torch.zeros_like(scores, dtype=torch.bool)


# select_globally ---------------------------------------------------------------------------------------------


def _layer_by_layer(choose: Callable[[Tensor, float], Tensor]) -> Callable[[Scores, float], Mask]:
    return lambda scores, density: {name: choose(s, density) for name, s in scores.items()}


def _changed_first(change: Callable[[Tensor], Tensor]) -> Callable[[Scores, float], Mask]:
    return lambda scores, density: select_globally({name: change(s) for name, s in scores.items()}, density)


def _together(choose: Callable[[Tensor, float], Tensor]) -> Callable[[Scores, float], Mask]:
    def answer(scores: Scores, density: float) -> Mask:
        kept = choose(torch.cat([s.flatten() for s in scores.values()]), density)
        pieces = torch.split(kept, [s.numel() for s in scores.values()])
        return {name: piece.view(s.shape) for (name, s), piece in zip(scores.items(), pieces, strict=True)}

    return answer


for choose in WAYS:
    for count in (_rounded, _rounded_down, lambda n, density: math.ceil(density * n)):
        mistake("select_globally", "every layer keeps its own share: that is scope 'layer'; here all layers compete")(
            _layer_by_layer(_chosen(choose, count))
        )
    for words, count in COUNTS:
        mistake("select_globally", words)(_together(_chosen(choose, count)))
    for words, rank in RANKINGS:
        mistake("select_globally", words)(_together(_chosen(choose, _rounded, rank)))
for choose in THRESHOLDS:
    mistake("select_globally", TIES)(_together(_chosen(choose, _rounded)))
for rule in PUBLISHED:
    mistake("select_globally", AT_OR_BELOW)(_together(rule))
for compared in (torch.ge, torch.gt):
    mistake("select_globally", QUANTILE)(_together(_by_quantile(compared)))
for change in (
    lambda s: s / s.max(),
    lambda s: s / s.mean(),
    lambda s: s / s.sum(),
    lambda s: s / s.norm(),
    lambda s: s / s.std(),
    lambda s: (s - s.mean()) / s.std(),
    lambda s: (s - s.min()) / (s.max() - s.min()),
    lambda s: s.flatten().argsort().argsort().view(s.shape) / s.numel(),
):
    mistake("select_globally", "the scores were scaled layer by layer before the comparison; compare them as they are")(
        _changed_first(change)
    )


@mistake("select_globally", "the mask is turned round: True means kept")
def marks_all_that_is_pruned(scores: Scores, density: float) -> Mask:
    return {name: ~m for name, m in select_globally(scores, density).items()}


def _cut(names: Callable[[Scores], list[str]]) -> Callable[[Scores, float], Mask]:
    """The long mask, cut into pieces for the layers in another order."""

    def answer(scores: Scores, density: float) -> Mask:
        kept = keep_largest(torch.cat([s.flatten() for s in scores.values()]), density)
        pieces = torch.split(kept, [scores[n].numel() for n in names(scores)])
        return {n: piece.view(scores[n].shape) for n, piece in zip(names(scores), pieces, strict=True)}

    return answer


for order in (sorted, lambda scores: [*scores][::-1]):
    mistake("select_globally", "the long mask is cut into pieces in another order than the layers were joined in")(
        _cut(order)
    )


@mistake(
    "select_globally", "every layer's piece is cut from the beginning of the long mask; go on where the last ended"
)
def begins_anew_for_every_layer(scores: Scores, density: float) -> Mask:
    kept = keep_largest(torch.cat([s.flatten() for s in scores.values()]), density)
    return {name: kept[: s.numel()].view(s.shape) for name, s in scores.items()}


@mistake(
    "select_globally", "the first places are kept, not those of the largest scores: the order after sorting is lost"
)
def forgets_where_they_were(scores: Scores, density: float) -> Mask:
    return _together(lambda flat, density: torch.arange(len(flat)) < round(density * len(flat)))(scores, density)


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


def _density(progress: float, final: float) -> float:
    return final + (1 - final) * (1 - progress) ** 3


def _by_cases(step: int, begin: int, end: int, final: float, between: float) -> float:
    """The density where the ends are cases of their own."""
    return 1.0 if step <= begin else final if step >= end else between


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
        "it prunes slowly first and fast at the end: the cube belongs to (1 - progress)",
        lambda t, final: final + (1 - final) * (1 - t**3),
    ),
    (
        "this is the linear schedule: the exponent 3 is missing",
        lambda t, final: final + (1 - final) * (1 - t),
    ),
    ("the exponent is 2; the schedule is cubic", lambda t, final: final + (1 - final) * (1 - t) ** 2),
    ("the exponent is 4; the schedule is cubic", lambda t, final: final + (1 - final) * (1 - t) ** 4),
    ("it multiplies by 3; the cube is the power ** 3", lambda t, final: final + (1 - final) * 3 * (1 - t)),
    ("it goes from 1 - `final` to 0: add `final`", lambda t, final: (1 - final) * (1 - t) ** 3),
    ("it begins above 1: the cube has to fall from 1 - `final` to 0", lambda t, final: final + (1 - t) ** 3),
    ("this is the geometric schedule; the one asked for is cubic", lambda t, final: final**t),
    ("it rises from `final` to 1; the density falls from 1 to `final`", lambda t, final: final + (1 - final) * t**3),
    (
        "it rises from `final` to 1; the density falls from 1 to `final`",
        lambda t, final: 1 - (1 - final) * (1 - t) ** 3,
    ),
    (
        "this is a cosine's way down; the schedule is cubic",
        lambda t, final: final + (1 - final) * (1 + math.cos(math.pi * t)) / 2,
    ),
    (
        "this is the cube of the linear schedule; the cube belongs to (1 - progress) alone",
        lambda t, final: (1 - t + final * t) ** 3,
    ),
    ("this is a percentage; return the fraction", lambda t, final: 100 * _density(t, final)),
    *(
        ("it is right but rounded: return all its digits", lambda t, final, n=n: round(_density(t, final), n))
        for n in (2, 3, 4, 5)
    ),
):
    for progress in (_clipped, _clipped_above, _unclipped):
        mistake("cubic", words)(_on_the_way(progress, density))
    mistake("cubic", words)(
        lambda step, begin, end, final, density=density: _by_cases(
            step, begin, end, final, density(_clipped(step, begin, end), final)
        )
    )

NOT_CLIPPED = "outside begin..end the density must stay at 1 or at `final`: clip the progress to 0..1"
FROM_BEGIN = "progress runs from 0 at `begin`, not at step 0: it is (step - begin) / (end - begin)"
for words, share in (
    (NOT_CLIPPED, None),
    (FROM_BEGIN, lambda step, begin, end: step / end),
    (FROM_BEGIN, lambda step, begin, end: step / (end - begin)),
    (
        "the way from `begin` to `end` is end - begin steps long, not `end`",
        lambda step, begin, end: (step - begin) / end,
    ),
    (
        "the way from `begin` to `end` is end - begin steps long: progress arrives at 1 too late",
        lambda step, begin, end: (step - begin) / (end - begin + 1),
    ),
    (
        "the way from `begin` to `end` is end - begin steps long: progress arrives at 1 too early",
        lambda step, begin, end: (step - begin) / (end - begin - 1),
    ),
    ("progress is a step ahead: it is 0 at `begin`", lambda step, begin, end: (step - begin + 1) / (end - begin)),
    ("progress is a step behind: it is 1 at `end`", lambda step, begin, end: (step - begin - 1) / (end - begin)),
    (
        "the density stays at 1 up to `end` and jumps there, as with //, which rounds progress down to 0",
        lambda s, b, e: (s - b) // (e - b),
    ),
):
    for clip in (
        lambda t: t,
        lambda t: min(t, 1),
        lambda t: min(max(t, 0), 1),
    )[: 2 if share is None else 3]:
        mistake("cubic", words)(
            lambda step, begin, end, final, share=share or _unclipped, clip=clip: _density(
                clip(share(step, begin, end)), final
            )
        )
    if share is not None:
        mistake("cubic", words)(
            lambda step, begin, end, final, share=share: _by_cases(
                step, begin, end, final, _density(share(step, begin, end), final)
            )
        )


@mistake("cubic", "it is `final` a step before `end` already")
def arrives_early(step: int, begin: int, end: int, final: float) -> float:
    return final if step >= end - 1 else cubic(step, begin, end, final)


@mistake("cubic", "after `end` the density must stay at `final`: clip the progress to 0..1")
def goes_on_after_the_end(step: int, begin: int, end: int, final: float) -> float:
    return _density(max(_unclipped(step, begin, end), 0), final)


@mistake("cubic", "before `begin` nothing is pruned, and the density is 1")
def nothing_before(step: int, begin: int, end: int, final: float) -> float:
    return cubic(step, begin, end, final) if step >= begin else 0.0


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


@mistake("masked_step", ALIVE)
def matrices_alone(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        if m.ndim > 1:
            weights[name].data.mul_(m)


@mistake("masked_step", "all weights of a layer were set to zero, the kept ones, too")
def sets_all_to_zero(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name in mask:
        weights[name].data.zero_()


@mistake("masked_step", "a parameter without a mask is not where the optimizer's step puts it; leave it to the step")
def empties_the_biases(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, p in weights.items():
        p.data.mul_(mask.get(name, torch.zeros_like(p)))


@mistake("masked_step", "a parameter did not move: the step must still be taken")
def forgets_the_gradients_first(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.zero_grad()
    optimizer.step()
    for name, m in mask.items():
        weights[name].data.mul_(m)


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


def _fits(total: int, inputs: int, outputs: int) -> int:
    return (total - outputs) // (inputs + 1 + outputs)


ROUND_DOWN = "round down: one unit more than fits is one too many"
for words, width in (
    ("it counts no biases", lambda total, inputs, outputs: total // (inputs + outputs)),
    (
        "it counts one bias for each layer; every hidden unit and every output has its own",
        lambda total, inputs, outputs: (total - 2) // (inputs + outputs),
    ),
    ("it does not count the hidden biases", lambda total, inputs, outputs: (total - outputs) // (inputs + outputs)),
    ("it does not count the output biases", lambda total, inputs, outputs: total // (inputs + 1 + outputs)),
    (
        "it counts one output bias for all outputs; every output has its own",
        lambda total, inputs, outputs: (total - 1) // (inputs + 1 + outputs),
    ),
    (
        "it counts two biases for each hidden unit; the outputs' biases do not depend on the width",
        lambda total, inputs, outputs: total // (inputs + 2 + outputs),
    ),
    ("it counts the first layer's weights alone", lambda total, inputs, outputs: total // inputs),
    ("it counts the first layer alone", lambda total, inputs, outputs: total // (inputs + 1)),
    (
        "it leaves out the weights from the hidden layer to the outputs",
        lambda total, inputs, outputs: (total - outputs) // (inputs + 1),
    ),
    (
        "it takes away `inputs` numbers as well: the inputs have no biases",
        lambda total, inputs, outputs: (total - inputs) // (inputs + 1 + outputs),
    ),
    (
        "it takes away `inputs` numbers as well: the inputs have no biases",
        lambda total, inputs, outputs: (total - inputs - outputs) // (inputs + 1 + outputs),
    ),
    (
        "the output biases are paid for from `total`: take them away, do not add them",
        lambda total, inputs, outputs: (total + outputs) // (inputs + 1 + outputs),
    ),
    (
        "inputs and outputs are not joined to each other: add them, do not multiply",
        lambda total, inputs, outputs: (total - outputs) // (inputs * outputs + 1),
    ),
    (
        "inputs and outputs are not joined to each other: add them, do not multiply",
        lambda total, inputs, outputs: total // (inputs * outputs),
    ),
    (
        "a network of exactly `total` numbers is allowed as well",
        lambda total, inputs, outputs: (total - outputs - 1) // (inputs + 1 + outputs),
    ),
    ("it is the first width that no longer fits; return the last that does", lambda *sizes: _fits(*sizes) + 1),
    ("it is one unit less than fits", lambda *sizes: _fits(*sizes) - 1),
    (ROUND_DOWN, lambda total, inputs, outputs: round((total - outputs) / (inputs + 1 + outputs))),
    (ROUND_DOWN, lambda total, inputs, outputs: -(-(total - outputs) // (inputs + 1 + outputs))),
    (
        "this is how many numbers the network has; return its width",
        lambda total, inputs, outputs: _fits(total, inputs, outputs) * (inputs + 1 + outputs) + outputs,
    ),
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


@mistake("accuracy", "the last batch may have fewer than batch_size images: add up right answers, no means")
def means_times_batch_size(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    pairs = zip(torch.split(images, batch_size), torch.split(labels, batch_size), strict=True)
    return sum(float((predict(x).argmax(1) == y).float().mean()) * batch_size for x, y in pairs) / len(images)


@mistake("accuracy", "it takes the logit that is largest in size; its sign counts")
def largest_in_size(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return accuracy(lambda x: predict(x).abs(), images, labels, batch_size)


@mistake("accuracy", "this is a percentage; return the fraction")
def percent(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return 100 * accuracy(predict, images, labels, batch_size)


@mistake("accuracy", "this is the number of right answers; divide by the number of images")
def not_divided(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return accuracy(predict, images, labels, batch_size) * len(images)


@mistake("accuracy", "this is the error, the fraction that is wrong")
def error_rate(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return 1 - accuracy(predict, images, labels, batch_size)


DIVISOR = "divide by the number of images"
Sizes = Callable[[int, int], float]  # (images, batch size) -> the number by which the right answers are divided
for words, divisor in (
    (f"it divides by batch_size; {DIVISOR}", lambda n, b: b),
    (f"it divides by the number of batches; {DIVISOR}", lambda n, b: -(-n // b)),
    (
        f"it divides by batches times batch_size, and the last batch may be smaller; {DIVISOR}",
        lambda n, b: -(-n // b) * b,
    ),
):
    mistake("accuracy", words)(
        lambda predict, images, labels, batch_size, divisor=divisor: (
            not_divided(predict, images, labels, batch_size) / divisor(len(images), batch_size)
        )
    )


@mistake("accuracy", "// divides and rounds down: a fraction needs /")
def divided_without_rest(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> int:
    return round(not_divided(predict, images, labels, batch_size)) // len(images)


for digits in (1, 2, 3, 4):
    mistake("accuracy", "it is right but rounded: return all its digits")(
        lambda *args, digits=digits: round(accuracy(*args), digits)
    )


def _of_the_batches(which: Callable[[int, int], Iterable[int]]) -> Callable[[Predict, Tensor, Tensor, int], float]:
    """The right answers in the batches that begin at some images, divided by all."""

    def answer(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
        parts = [slice(i, i + batch_size) for i in which(len(images), batch_size)]
        return sum(int((predict(images[p]).argmax(1) == labels[p]).sum()) for p in parts) / len(images)

    return answer


LAST_IMAGE = "the last image is left out where it is alone in its batch"
FIRST_ALONE = (
    "only the first batch counts: does `return` stand inside the loop, or are the labels cut elsewhere than the images?"
)
for words, begins in (
    (LAST_IMAGE, lambda n, b: range(0, n - 1, b)),
    (LAST_IMAGE, lambda n, b: range(0, n - (n % b == 1), b)),
    ("the last batch is left out, even where it is whole", lambda n, b: range(0, n - b, b)),
    (FIRST_ALONE, lambda n, b: range(0, 1)),
    ("only the last batch counts: add the right answers up", lambda n, b: range((n - 1) // b * b, n, b)),
    ("the number of batches is rounded up, not to the nearest", lambda n, b: range(0, round(n / b) * b, b)),
    ("the last batch counts twice", lambda n, b: [*range(0, n, b), (n - 1) // b * b]),
):
    mistake("accuracy", words)(_of_the_batches(begins))


@mistake("accuracy", "the very last image is left out")
def all_but_the_last(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return not_divided(predict, images[:-1], labels[:-1], batch_size) / len(images)


@mistake("accuracy", "the last images are looked at again: the last batch holds only what is left")
def last_images_again(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    whole = len(images) // batch_size * batch_size
    again = whole if whole == len(images) else max(0, len(images) - batch_size)
    parts = (images[:whole], labels[:whole]), (images[again:], labels[again:])
    return sum(not_divided(predict, x, y, batch_size) for x, y in parts if len(x)) / len(images)


@mistake("accuracy", "it takes the smallest logit; the answer is where the largest is")
def the_smallest(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return accuracy(lambda x: -predict(x), images, labels, batch_size)


@mistake("accuracy", "it compares the largest logit itself with the label; compare its place, argmax(1)")
def the_value(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    pairs = zip(torch.split(images, batch_size), torch.split(labels, batch_size), strict=True)
    return sum(int((predict(x).max(1).values == y).sum()) for x, y in pairs) / len(images)


@mistake("accuracy", "every batch is compared with the first labels; take the labels of the same images")
def first_labels(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    parts = torch.split(images, batch_size)
    return sum(int((predict(x).argmax(1) == labels[: len(x)]).sum()) for x in parts) / len(images)
