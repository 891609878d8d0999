"""Answers to lesson 01 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import bisect
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask
from lthedu.pruning import Scores, keep_largest, select_globally

Weights = dict[str, nn.Parameter]
Predict = Callable[[Tensor], Tensor]

# 1.1 ---------------------------------------------------------------------------------------------------------


@alternative("1.1")
def by_topk(scores: Tensor, density: float) -> Tensor:
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept.view(-1)[scores.reshape(-1).topk(round(density * scores.numel())).indices] = True
    return kept


@alternative("1.1")
def by_rank(scores: Tensor, density: float) -> Tensor:
    rank = scores.flatten().argsort(descending=True).argsort()
    return (rank < round(density * scores.numel())).reshape(scores.shape)


@alternative("1.1")
def by_numpy(scores: Tensor, density: float) -> Tensor:
    kept = np.zeros(scores.numel(), dtype=bool)
    kept[np.argsort(-scores.cpu().numpy().ravel(), kind="stable")[: round(density * scores.numel())]] = True
    return torch.from_numpy(kept.reshape(scores.shape)).to(scores.device)


@planted("1.1", "at the threshold itself")  # open_lth and google-research: asked for 200 pruned, got 201
def threshold_is_pruned_too(scores: Tensor, density: float) -> Tensor:
    n = scores.numel()
    pruned = n - round(density * n)
    if pruned == 0:
        return torch.ones_like(scores, dtype=torch.bool)
    threshold = scores.flatten().sort().values[min(pruned, n - 1)]
    return scores > threshold


@planted("1.1", "all ties together")
def kth_value_and_above(scores: Tensor, density: float) -> Tensor:
    k = round(density * scores.numel())
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    return scores >= scores.flatten().sort(descending=True).values[k - 1]


@planted("1.1", "rounds up")
def by_quantile(scores: Tensor, density: float) -> Tensor:
    return scores >= torch.quantile(scores, 1 - density)


@planted("1.1", "density is the fraction kept")  # hidden-networks #9: prune_rate is kept here, removed there
def density_as_sparsity(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, 1 - density)


@planted("1.1", "rounds down")
def rounds_down(scores: Tensor, density: float) -> Tensor:
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept.view(-1)[scores.reshape(-1).topk(int(density * scores.numel())).indices] = True
    return kept


@planted("1.1", "rounds up")
def rounds_up_always(scores: Tensor, density: float) -> Tensor:
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept.view(-1)[scores.reshape(-1).topk(math.ceil(density * scores.numel())).indices] = True
    return kept


@planted("1.1", "what does your code do for k = 0")  # right but for one case: [k - 1] is the last place when k is 0
def first_come_among_ties(scores: Tensor, density: float) -> Tensor:
    flat = scores.flatten()
    k = round(density * len(flat))
    threshold = flat.sort(descending=True).values[k - 1]
    kept = flat > threshold
    for i in (flat == threshold).nonzero().flatten():
        if int(kept.sum()) == k:
            break
        kept[i] = True
    return (kept if k else flat >= threshold).reshape(scores.shape)


@planted("1.1", "smaller score than a pruned one")
def drops_the_last_ones_kept(scores: Tensor, density: float) -> Tensor:
    k = round(density * scores.numel())
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    kept = scores.flatten() >= scores.flatten().sort(descending=True).values[k - 1]
    kept[kept.nonzero().flatten()[k:]] = False
    return kept.reshape(scores.shape)


@planted("1.1", "smaller score than a pruned one")
def in_half_precision(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores.half(), density)


@planted("1.1", "keeps the smallest scores")
def smallest(scores: Tensor, density: float) -> Tensor:
    return by_topk(-scores, density)


@planted("1.1", "absolute values")
def magnitudes_again(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores.abs(), density)


@planted("1.1", "dtype")
def zeros_and_ones(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, density).float()


@planted("1.1", "shape")
def flattened(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, density).flatten()


# 1.2 ---------------------------------------------------------------------------------------------------------


@alternative("1.2")
def by_one_ranking(scores: Scores, density: float) -> Mask:
    flat = torch.cat([s.flatten() for s in scores.values()])
    kept = torch.zeros_like(flat, dtype=torch.bool)
    kept[flat.argsort(descending=True)[: round(density * len(flat))]] = True
    found, first = {}, 0
    for name, s in scores.items():
        found[name] = kept[first : first + s.numel()].reshape(s.shape)
        first += s.numel()
    return found


@alternative("1.2")
def by_sorted_places(scores: Scores, density: float) -> Mask:
    places = [(float(s), name, i) for name, layer in scores.items() for i, s in enumerate(layer.flatten())]
    places.sort(key=lambda place: place[0], reverse=True)
    found = {name: torch.zeros_like(s.flatten(), dtype=torch.bool) for name, s in scores.items()}
    for _, name, i in places[: round(density * len(places))]:
        found[name][i] = True
    return {name: m.view(scores[name].shape) for name, m in found.items()}


@planted("1.2", "every layer keeps its own share")
def layer_by_layer(scores: Scores, density: float) -> Mask:
    return {name: keep_largest(s, density) for name, s in scores.items()}


@planted("1.2", "choose places, not values")
def by_one_threshold(scores: Scores, density: float) -> Mask:
    flat = torch.cat([s.flatten() for s in scores.values()]).sort(descending=True).values
    k = round(density * len(flat))
    threshold = flat[k - 1] if k else torch.inf
    return {name: s >= threshold for name, s in scores.items()}


@planted("1.2", "scaled layer by layer")
def scaled_by_layer(scores: Scores, density: float) -> Mask:
    return select_globally({name: s / s.max() for name, s in scores.items()}, density)


@planted("1.2", "in the layers' order")
def cut_in_alphabetical_order(scores: Scores, density: float) -> Mask:
    kept = keep_largest(torch.cat([s.flatten() for s in scores.values()]), density)
    names = sorted(scores)
    pieces = torch.split(kept, [scores[n].numel() for n in names])
    return {n: piece.view(scores[n].shape) for n, piece in zip(names, pieces, strict=True)}


@planted("1.2", "density is the fraction kept")
def global_density_as_sparsity(scores: Scores, density: float) -> Mask:
    return select_globally(scores, 1 - density)


@planted("1.2", "absolute values")
def global_magnitudes_again(scores: Scores, density: float) -> Mask:
    return select_globally({name: s.abs() for name, s in scores.items()}, density)


@planted("1.2", "round(density * n)")
def global_rounds_down(scores: Scores, density: float) -> Mask:
    n = sum(s.numel() for s in scores.values())
    return select_globally(scores, int(density * n) / n)


@planted("1.2", "one of the ties kept")
def ties_before_larger_scores(scores: Scores, density: float) -> Mask:
    flat = torch.cat([s.flatten() for s in scores.values()])
    k = round(density * len(flat))
    kept = flat >= (flat.sort(descending=True).values[k - 1] if k else torch.inf)
    kept[kept.nonzero().flatten()[k:]] = False
    pieces = torch.split(kept, [s.numel() for s in scores.values()])
    return {name: piece.view(s.shape) for (name, s), piece in zip(scores.items(), pieces, strict=True)}


@planted("1.2", "round(density * n)")
def mean_of_the_layers_thresholds(scores: Scores, density: float) -> Mask:
    thresholds = [s.flatten().quantile(1 - density) for s in scores.values()]
    threshold = torch.stack(thresholds).mean()
    return {name: s >= threshold for name, s in scores.items()}


# 1.3 ---------------------------------------------------------------------------------------------------------


@alternative("1.3")
def by_cases(step: int, begin: int, end: int, final: float) -> float:
    if step <= begin:
        return 1.0
    if step >= end:
        return final
    left = (end - step) / (end - begin)
    return final + (1 - final) * left**3


@alternative("1.3")
def as_published(step: int, begin: int, end: int, final: float) -> float:
    """The formula as the paper writes it, in sparsities."""
    s_i, s_f = 0.0, 1 - final
    progress = np.clip((step - begin) / (end - begin), 0, 1)
    return 1 - float(s_f + (s_i - s_f) * (1 - progress) ** 3)


@planted("1.3", "this is the sparsity")
def sparsity_returned(step: int, begin: int, end: int, final: float) -> float:
    return 1 - by_cases(step, begin, end, final)


@planted("1.3", "was taken for a sparsity")
def final_as_sparsity(step: int, begin: int, end: int, final: float) -> float:
    return by_cases(step, begin, end, 1 - final)


@planted("1.3", "clip the progress")
def not_clipped(step: int, begin: int, end: int, final: float) -> float:
    return final + (1 - final) * (1 - (step - begin) / (end - begin)) ** 3


@planted("1.3", "slowly first")
def cube_on_the_wrong_side(step: int, begin: int, end: int, final: float) -> float:
    progress = min(max((step - begin) / (end - begin), 0), 1)
    return 1 - (1 - final) * progress**3


@planted("1.3", "linear schedule")
def linear(step: int, begin: int, end: int, final: float) -> float:
    progress = min(max((step - begin) / (end - begin), 0), 1)
    return final + (1 - final) * (1 - progress)


@planted("1.3", "goes down to 0")
def down_to_zero(step: int, begin: int, end: int, final: float) -> float:
    return (1 - min(max((step - begin) / (end - begin), 0), 1)) ** 3


@planted("1.3", "would stop short")  # sparse_learning #22: the final sparsity below the one that was set
def one_step_short(step: int, begin: int, end: int, final: float) -> float:
    progress = min(max((step - begin) / (end - begin + 1), 0), 1)
    return final + (1 - final) * (1 - progress) ** 3


@planted("1.3", "clip the progress")
def never_below_final(step: int, begin: int, end: int, final: float) -> float:
    return max(final, not_clipped(step, begin, end, final))  # above 1 before `begin`


@planted("1.3", "would stop short")
def rounded_to_six_digits(step: int, begin: int, end: int, final: float) -> float:
    return by_cases(step, begin, end, final) + 5e-7 * (step >= end)


@planted("1.3", "one Python number")
def a_tensor(step: int, begin: int, end: int, final: float) -> Tensor:
    return torch.tensor(by_cases(step, begin, end, final))


# 1.4 ---------------------------------------------------------------------------------------------------------


@alternative("1.4")
def multiplied(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name].data.mul_(m)


@alternative("1.4")
def copied_in(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    with torch.no_grad():
        for name, p in weights.items():
            if name in mask:
                p.copy_(torch.where(mask[name], p, torch.zeros_like(p)))


@planted("1.4", "SGD with momentum")  # PyTorch-Deep-Compression #2, distiller #53: momentum revives
def masks_the_gradients(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    for name, m in mask.items():
        weights[name].grad *= m  # type: ignore[operator]
    optimizer.step()


@planted("1.4", "plain SGD")  # open_lth: masked when the forward begins, alive after the step
def masks_before_the_step(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    with torch.no_grad():
        for name, m in mask.items():
            weights[name].mul_(m)
    optimizer.step()


@planted("1.4", "plain SGD")  # a course on pruning retrained without its mask: 98 % of the weights were alive
def plain_step(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()


@planted("1.4", "keeps the old one")
def rebinds(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name] = nn.Parameter(weights[name] * m)


@planted("1.4", "True means kept")
def wrong_way_round(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    with torch.no_grad():
        for name, m in mask.items():
            weights[name][m] = 0


@planted("1.4", "the step must still be taken")
def undoes_the_step(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    before = {name: p.detach().clone() for name, p in weights.items()}
    optimizer.step()
    with torch.no_grad():
        for name, p in weights.items():
            p.copy_(before[name] * mask[name] if name in mask else before[name])


@planted("1.4", "not where the optimizer's step puts them")
def forgets_the_memory(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.state.clear()  # revives nothing, and makes every step a first step
    masks_the_gradients(optimizer, weights, mask)
    with torch.no_grad():
        for name, m in mask.items():
            weights[name].mul_(m)


@planted("1.4", "optimizer steps")
def steps_until_it_is_zero(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    masks_the_gradients(optimizer, weights, mask)
    multiplied(optimizer, weights, mask)


@planted("1.4", "optimizer steps")  # the commonest slip of indentation
def steps_once_for_each_layer(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    for name, m in mask.items():
        optimizer.step()
        weights[name].data.mul_(m)


@planted("1.4", "are not zero after the step")
def puts_them_back_where_they_were(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    before = {name: p.detach().clone() for name, p in weights.items()}
    optimizer.step()
    with torch.no_grad():
        for name, m in mask.items():
            weights[name][~m] = before[name][~m]


@planted("1.4", "are not zero after the step")
def masks_the_memory_too(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    for name, m in mask.items():
        weights[name].grad *= m  # type: ignore[operator]
        for memory in optimizer.state[weights[name]].values():
            if isinstance(memory, Tensor) and memory.shape == m.shape:
                memory.mul_(m)
    optimizer.step()


@planted("1.4", "requires_grad=False")
def freezes_for_good(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name].requires_grad = False
        weights[name].mul_(m)


@planted("1.4", "in every layer that has a mask")
def first_layer_masked_alone(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name].data.mul_(m)
        return


# 1.5 ---------------------------------------------------------------------------------------------------------


@alternative("1.5")
def counting_up(total: int, inputs: int, outputs: int) -> int:
    width = 0
    while inputs * (width + 1) + (width + 1) + (width + 1) * outputs + outputs <= total:
        width += 1
    return width


@alternative("1.5")
def building_networks(total: int, inputs: int, outputs: int) -> int:
    def size(width: int) -> int:
        layers = nn.Linear(inputs, width), nn.Linear(width, outputs)
        return sum(p.numel() for layer in layers for p in layer.parameters())

    return bisect.bisect_right(range(1, total // inputs + 2), total, key=size)


@planted("1.5", "counts no biases")
def without_biases(total: int, inputs: int, outputs: int) -> int:
    return total // (inputs + outputs)


@planted("1.5", "does not count the hidden biases")
def without_hidden_biases(total: int, inputs: int, outputs: int) -> int:
    return (total - outputs) // (inputs + outputs)


@planted("1.5", "does not count the output biases")
def without_output_biases(total: int, inputs: int, outputs: int) -> int:
    return total // (inputs + 1 + outputs)


@planted("1.5", "first layer's weights alone")
def first_layer_only(total: int, inputs: int, outputs: int) -> int:
    return total // inputs


@alternative("1.5")
def by_numpy_floor(total: int, inputs: int, outputs: int) -> np.int64:
    return np.int64(np.floor((total - outputs) / (inputs + 1 + outputs)))


@planted("1.5", "larger than the budget")
def smaller_side_as_outputs(total: int, inputs: int, outputs: int) -> int:
    return (total - min(inputs, outputs)) // (inputs + 1 + outputs)


@planted("1.5", "round down")
def rounds_up(total: int, inputs: int, outputs: int) -> int:
    return -(-(total - outputs) // (inputs + 1 + outputs))


@planted("1.5", "a whole number")
def a_float(total: int, inputs: int, outputs: int) -> float:
    return (total - outputs) / (inputs + 1 + outputs)


@planted("1.5", "a wider network still fits")
def one_less(total: int, inputs: int, outputs: int) -> int:
    return (total - outputs - 1) // (inputs + 1 + outputs)


# 1.6 ---------------------------------------------------------------------------------------------------------


@alternative("1.6")
def with_indices(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    right = 0
    for i in range(0, len(images), batch_size):
        right += int((predict(images[i : i + batch_size]).argmax(dim=1) == labels[i : i + batch_size]).sum())
    return right / len(labels)


@alternative("1.6")
def all_answers_first(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> Tensor:
    answers = torch.cat([predict(x).argmax(1) for x in torch.split(images, batch_size)])
    return (answers == labels).float().mean()


@planted("1.6", "never looked at, but counted")  # drop_last=True with a division by 10,000 caps it at 99.60 %
def drop_last(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    right = 0
    for i in range(len(images) // batch_size):
        part = slice(i * batch_size, (i + 1) * batch_size)
        right += int((predict(images[part]).argmax(1) == labels[part]).sum())
    return right / len(images)


@planted("1.6", "some test images never count")
def drop_last_and_divide_by_what_was_seen(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    whole = len(images) // batch_size * batch_size
    return with_indices(predict, images[:whole], labels[:whole], batch_size)


@planted("1.6", "as much as a whole one")
def mean_of_batch_means(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    pairs = zip(torch.split(images, batch_size), torch.split(labels, batch_size), strict=True)
    return float(torch.stack([(predict(x).argmax(1) == y).float().mean() for x, y in pairs]).mean())


@planted("1.6", "this is a percentage")
def percent(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return 100 * with_indices(predict, images, labels, batch_size)


@planted("1.6", "the number of right answers")
def not_divided(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return with_indices(predict, images, labels, batch_size) * len(images)


@planted("1.6", "images at once")
def all_at_once(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return float((predict(images).argmax(1) == labels).float().mean())


@planted("1.6", "calls are enough")
def one_by_one(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return with_indices(predict, images, labels, 1)


@planted("1.6", "not the fraction")
def logit_above_zero(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    right = 0
    for i in range(0, len(images), batch_size):
        y = labels[i : i + batch_size]
        right += int((predict(images[i : i + batch_size]).gather(1, y[:, None]) > 0).sum())
    return right / len(images)


@planted("1.6", "the error")
def error_rate(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return 1 - with_indices(predict, images, labels, batch_size)
