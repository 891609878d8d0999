"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import bisect
from collections.abc import Callable

import numpy as np
import torch
from answers import right, told
from torch import Tensor, nn

from lthedu.networks.masks import Mask
from lthedu.pruning import Scores, select_globally

Weights = dict[str, nn.Parameter]
Predict = Callable[[Tensor], Tensor]

# keep_largest ------------------------------------------------------------------------------------------------


@right("keep_largest")
def by_topk(scores: Tensor, density: float) -> Tensor:
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept.view(-1)[scores.reshape(-1).topk(round(density * scores.numel())).indices] = True
    return kept


@right("keep_largest")
def by_rank(scores: Tensor, density: float) -> Tensor:
    rank = scores.flatten().argsort(descending=True).argsort()
    return (rank < round(density * scores.numel())).reshape(scores.shape)


@right("keep_largest")
def by_numpy(scores: Tensor, density: float) -> Tensor:
    kept = np.zeros(scores.numel(), dtype=bool)
    kept[np.argsort(-scores.cpu().numpy().ravel(), kind="stable")[: round(density * scores.numel())]] = True
    return torch.from_numpy(kept.reshape(scores.shape)).to(scores.device)


@told("keep_largest", "where scores are equal, the number of weights kept is not")
def zeros_are_never_kept(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, density) & (scores != 0)


@told("keep_largest", "what does your code do for k = 0")  # for k = 0 [k - 1] is the last place
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


@told("keep_largest", "smaller score than a pruned one")
def drops_the_last_ones_kept(scores: Tensor, density: float) -> Tensor:
    k = round(density * scores.numel())
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    kept = scores.flatten() >= scores.flatten().sort(descending=True).values[k - 1]
    kept[kept.nonzero().flatten()[k:]] = False
    return kept.reshape(scores.shape)


@told("keep_largest", "smaller score than a pruned one")
def in_half_precision(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores.half(), density)


@told("keep_largest", "dtype")
def zeros_and_ones(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, density).float()


@told("keep_largest", "shape")
def flattened(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, density).flatten()


@told("keep_largest", "the number of weights kept is not round(density * n)")  # off where n is large
def rounds_the_density(scores: Tensor, density: float) -> Tensor:
    return by_topk(scores, round(density, 2))


@told("keep_largest", "the number of weights kept is not round(density * n)")
def three_more(scores: Tensor, density: float) -> Tensor:
    k = round(density * scores.numel())
    return by_topk(scores, min(1.0, (k + 3) / scores.numel()) if density not in (0, 1) else density)


# select_globally ---------------------------------------------------------------------------------------------


@right("select_globally")
def by_one_ranking(scores: Scores, density: float) -> Mask:
    flat = torch.cat([s.flatten() for s in scores.values()])
    kept = torch.zeros_like(flat, dtype=torch.bool)
    kept[flat.argsort(descending=True)[: round(density * len(flat))]] = True
    found, first = {}, 0
    for name, s in scores.items():
        found[name] = kept[first : first + s.numel()].reshape(s.shape)
        first += s.numel()
    return found


@right("select_globally")
def by_sorted_places(scores: Scores, density: float) -> Mask:
    places = [(float(s), name, i) for name, layer in scores.items() for i, s in enumerate(layer.flatten())]
    places.sort(key=lambda place: place[0], reverse=True)
    found = {name: torch.zeros_like(s.flatten(), dtype=torch.bool) for name, s in scores.items()}
    for _, name, i in places[: round(density * len(places))]:
        found[name][i] = True
    return {name: m.view(scores[name].shape) for name, m in found.items()}


@told("select_globally", "not the largest scores of all layers together")
def ties_before_larger_scores(scores: Scores, density: float) -> Mask:
    flat = torch.cat([s.flatten() for s in scores.values()])
    k = round(density * len(flat))
    kept = flat >= (flat.sort(descending=True).values[k - 1] if k else torch.inf)
    kept[kept.nonzero().flatten()[k:]] = False
    pieces = torch.split(kept, [s.numel() for s in scores.values()])
    return {name: piece.view(s.shape) for (name, s), piece in zip(scores.items(), pieces, strict=True)}


@told("select_globally", "round(density * n)")
def mean_of_the_layers_thresholds(scores: Scores, density: float) -> Mask:
    thresholds = [s.flatten().quantile(1 - density) for s in scores.values()]
    threshold = torch.stack(thresholds).mean()
    return {name: s >= threshold for name, s in scores.items()}


@told("select_globally", "what does your code do for k = ")
def turned_at_the_ends(scores: Scores, density: float) -> Mask:
    return select_globally(scores, 1 - density if density in (0, 1) else density)


# cubic -------------------------------------------------------------------------------------------------------


@right("cubic")
def by_cases(step: int, begin: int, end: int, final: float) -> float:
    if step <= begin:
        return 1.0
    if step >= end:
        return final
    left = (end - step) / (end - begin)
    return final + (1 - final) * left**3


@right("cubic")
def as_published(step: int, begin: int, end: int, final: float) -> float:
    """The formula as the paper writes it, in sparsities."""
    s_i, s_f = 0.0, 1 - final
    progress = np.clip((step - begin) / (end - begin), 0, 1)
    return 1 - float(s_f + (s_i - s_f) * (1 - progress) ** 3)


@told("cubic", "after `end` the density is not `final`")
def dense_again(step: int, begin: int, end: int, final: float) -> float:
    return by_cases(step, begin, end, final) if step <= end else 1.0


@told("cubic", "at `end` the density is not `final`")
def rounded_to_six_digits(step: int, begin: int, end: int, final: float) -> float:
    return by_cases(step, begin, end, final) + 5e-7 * (step >= end)


@right("cubic")
def in_single_precision(step: int, begin: int, end: int, final: float) -> np.float32:
    left = np.float32(1) - np.clip(np.float32(step - begin) / np.float32(end - begin), 0, 1)
    return np.float32(final) + (np.float32(1) - np.float32(final)) * left**3


@right("cubic")
def a_tensor(step: int, begin: int, end: int, final: float) -> Tensor:
    return torch.tensor(by_cases(step, begin, end, final))


for _falsy in (
    lambda step, begin, end, final: by_cases(step, begin, end, final or 0.1),
    lambda step, begin, end, final: by_cases(step, begin or 1, end, final),
    lambda step, begin, end, final: by_cases(step, begin, min(end, 1_000_000), final),
):
    told("cubic", "the density is not `final`" if _falsy(20, 0, 20, 0.0) else "this is not the formula above")(_falsy)


# masked_step -------------------------------------------------------------------------------------------------


@right("masked_step")
def multiplied(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    for name, m in mask.items():
        weights[name].data.mul_(m)


@right("masked_step")
def copied_in(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    optimizer.step()
    with torch.no_grad():
        for name, p in weights.items():
            if name in mask:
                p.copy_(torch.where(mask[name], p, torch.zeros_like(p)))


@told("masked_step", "it changed the mask; work on the weights")
def makes_numbers_of_the_mask(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    multiplied(optimizer, weights, mask)
    for name, m in mask.items():
        mask[name] = m.float()


@told("masked_step", "it changed the mask; work on the weights")
def changes_the_mask(optimizer: torch.optim.Optimizer, weights: Weights, mask: Mask) -> None:
    multiplied(optimizer, weights, mask)
    for m in mask.values():
        m.fill_(True)


# matching_width ----------------------------------------------------------------------------------------------


@right("matching_width")
def counting_up(total: int, inputs: int, outputs: int) -> int:
    width = 0
    while inputs * (width + 1) + (width + 1) + (width + 1) * outputs + outputs <= total:
        width += 1
    return width


@right("matching_width")
def building_networks(total: int, inputs: int, outputs: int) -> int:
    def size(width: int) -> int:
        layers = nn.Linear(inputs, width), nn.Linear(width, outputs)
        return sum(p.numel() for layer in layers for p in layer.parameters())

    return bisect.bisect_right(range(1, total // inputs + 2), total, key=size)


@right("matching_width")
def by_numpy_floor(total: int, inputs: int, outputs: int) -> np.int64:
    return np.int64(np.floor((total - outputs) / (inputs + 1 + outputs)))


@told("matching_width", "larger than the budget, which is 50,000")
def smaller_side_as_outputs(total: int, inputs: int, outputs: int) -> int:
    return (total - min(inputs, outputs)) // (inputs + 1 + outputs)


@told("matching_width", "one whole number")
def a_float(total: int, inputs: int, outputs: int) -> float:
    return (total - outputs) / (inputs + 1 + outputs)


@told("matching_width", "a wider network still fits")
def no_more_than_300(total: int, inputs: int, outputs: int) -> int:
    return min(300, (total - outputs) // (inputs + 1 + outputs))


# accuracy ----------------------------------------------------------------------------------------------------


@right("accuracy")
def with_indices(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    hits = 0
    for i in range(0, len(images), batch_size):
        hits += int((predict(images[i : i + batch_size]).argmax(dim=1) == labels[i : i + batch_size]).sum())
    return hits / len(labels)


@right("accuracy")
def all_answers_first(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> Tensor:
    answers = torch.cat([predict(x).argmax(1) for x in torch.split(images, batch_size)])
    return (answers == labels).float().mean()


@told("accuracy", "images at once")
def all_at_once(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return float((predict(images).argmax(1) == labels).float().mean())


@right("accuracy")
def a_loader_in_single_precision(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> np.float32:
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size)
    return np.float32(sum((predict(x).max(1).indices == y).sum().item() for x, y in batches) / len(images))


@told("accuracy", "without any image")
def one_batch_more(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    hits = 0
    for i in range(len(images) // batch_size + 1):
        part = slice(i * batch_size, (i + 1) * batch_size)
        hits += int((predict(images[part]).argmax(1) == labels[part]).sum())
    return hits / len(images)


@told("accuracy", "are the labels cut elsewhere")
def labels_of_the_first_batch(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    hits = 0
    for i in range(0, len(images), batch_size):
        answers = predict(images[i : i + batch_size]).argmax(1)
        hits += sum(int(p == y) for p, y in zip(answers, labels[i:batch_size], strict=False))
    return hits / len(images)


@told("accuracy", "calls are enough")
def one_by_one(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return with_indices(predict, images, labels, 1)


@told("accuracy", "not the fraction")
def logit_above_zero(predict: Predict, images: Tensor, labels: Tensor, batch_size: int) -> float:
    hits = 0
    for i in range(0, len(images), batch_size):
        y = labels[i : i + batch_size]
        hits += int((predict(images[i : i + batch_size]).gather(1, y[:, None]) > 0).sum())
    return hits / len(images)
