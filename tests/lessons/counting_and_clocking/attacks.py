"""How the verdict of the lesson on counting and clocking was attacked. Each function takes less than a minute.

Those that measure give medians over five windows of how many times as fast as dense something is, at 512 x 512 with
10 % of the weights unless they say otherwise; windows in which dense moved are made anew. Times belong to the machine,
so the tests hold what they are made of and not what they are. The others compute from the stored run.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from lthedu import data
from lthedu.base.compiled import vectorised
from lthedu.base.threads import one_thread
from lthedu.experiments import paper_results
from lthedu.lessons.counting_and_clocking import experiment
from lthedu.lessons.counting_and_clocking.experiment import SPARSE
from lthedu.networks import models
from lthedu.pruning import keep_largest
from lthedu.sparsity import bottleneck_width, to_csr
from lthedu.sparsity.clock import STEADY, fit_law, shortest
from lthedu.sparsity.kernels import (
    BAG,
    BLOCKS,
    DENSE_KERNELS,
    SCIPY,
    SPARSE_KERNELS,
    TORCH,
    Kernel,
    block_mask,
)
from lthedu.training import Replicates, train

Found = dict[str, float]
Call = Callable[[], object]
SLOT = 0.004
ZERO = torch.zeros(())


def times(dense: list[Call], sparse: dict[str, Call], windows: int = 5, tries: int = 100) -> Found:
    """Medians over steady windows of dense time over time; dense is the fastest of its ways, before and after."""
    ratios: dict[str, list[float]] = {name: [] for name in sparse}
    for _ in range(tries):
        before = min(shortest(call, SLOT, time.perf_counter) for call in dense)  # type: ignore[arg-type]
        found = {name: shortest(call, SLOT, time.perf_counter) for name, call in sparse.items()}  # type: ignore[arg-type]
        after = min(shortest(call, SLOT, time.perf_counter) for call in dense)  # type: ignore[arg-type]
        if max(before, after) <= (1 + STEADY) * min(before, after):
            for name, one in found.items():
                ratios[name].append((before + after) / 2 / one)
        if len(next(iter(ratios.values()))) == windows:
            break
    return {name: round(median(one), 2) if one else float("nan") for name, one in ratios.items()}


def made(rows: int, columns: int, batch: int, density: float = 0.1) -> tuple[Tensor, Tensor, Tensor]:
    """Weights with zeros, the same with zeros in blocks, and inputs."""
    rng = torch.Generator().manual_seed(rows + batch)
    weight, x = torch.randn(rows, columns, generator=rng), torch.randn(columns, batch, generator=rng)
    return (
        torch.where(keep_largest(weight.abs(), density), weight, ZERO),
        torch.where(block_mask(weight.abs(), density), weight, ZERO),
        x,
    )


def ready(weight: Tensor, blocks: Tensor, x: Tensor) -> dict[str, Call]:
    return {n: SPARSE_KERNELS[n](blocks if n == BLOCKS else weight, x) for n in SPARSE if n in SPARSE_KERNELS}


def dense(weight: Tensor, x: Tensor) -> list[Call]:
    return [kernel(weight, x) for kernel in DENSE_KERNELS.values()]


def on_one_thread(attack: Callable[[], Found]) -> Found:
    with one_thread():
        return attack()


def trained_mask() -> Found:
    """The largest tenth of LeNet's first layer, trained; and the same mask shuffled over all places. 64 inputs."""
    net = Replicates.create(models.lenet_300_100, [0])
    trained = train(net, data.load("mnist").first(20_000, 100, 100), 300).replicates
    weight = trained.params["layers.0.weight"][0].detach()
    mask = keep_largest(weight.abs(), 0.1)
    shuffled = mask.flatten()[torch.randperm(mask.numel(), generator=torch.Generator().manual_seed(0))].view_as(mask)
    x = torch.randn(784, 64, generator=torch.Generator().manual_seed(1))
    per_row = mask.sum(1).float()
    found: Found = {"most kept in a row, over the mean": float(per_row.max() / per_row.mean())}

    def attack() -> Found:
        calls: dict[str, Call] = {}
        for name, one in {"trained": mask, "shuffled": shuffled}.items():
            calls |= {f"{k}, {name}": SPARSE_KERNELS[k](torch.where(one, weight, ZERO), x) for k in free()}
        return times(dense(weight, x), calls)

    return found | on_one_thread(attack)


def free() -> list[str]:
    """The kernels that take any mask, where they are installed."""
    return [name for name in SPARSE if name in SPARSE_KERNELS and name != BLOCKS]


def cold_caches() -> Found:
    """Thirty-two layers in turn, 32 MB of dense weights, so that little of one is in the cache when it comes up."""

    def attack() -> Found:
        found: Found = {}
        for batch in (1, 64):
            sets = [made(512, 512, batch) for _ in range(32)]
            yardstick = [[kernel(w, x) for w, _, x in sets] for kernel in DENSE_KERNELS.values()]
            calls = {n: [ready(w, b, x)[n] for w, b, x in sets] for n in ready(*sets[0])}
            one = times([all_of(each) for each in yardstick], {n: all_of(each) for n, each in calls.items()})
            found |= {f"{n}, {batch}": value for n, value in one.items()}
        return found

    return on_one_thread(attack)


def all_of(calls: list[Call]) -> Call:
    return lambda: [call() for call in calls]


def inputs_by_rows() -> Found:
    """Inputs (batch, in) and outputs (batch, out), as layers have them: sparse kernels pay for turning both round."""

    def attack() -> Found:
        found: Found = {}
        for batch in (64, 256):
            weight, _, x = made(512, 512, batch)
            rows = x.T.contiguous()
            start, column, value = to_csr(weight)

            def turned(x: Tensor = rows, parts: tuple[Tensor, ...] = (start, column, value)) -> Tensor:
                s, c, v = parts
                options = {"mode": "sum", "per_sample_weights": v, "include_last_offset": True}
                return functional.embedding_bag(c, x.T.contiguous(), s, **options).T.contiguous()

            linear = [lambda rows=rows, w=weight: functional.linear(rows, w)]
            found[f"{BAG}, {batch}"] = times(linear, {BAG: turned})[BAG]
        return found

    return on_one_thread(attack)


def another_dense() -> Found:
    """Dense products of another library inside torch (oneDNN): times as fast as the default, W @ x and F.linear."""

    def attack() -> Found:
        found: Found = {}
        for batch in (1, 64, 256):
            weight, _, x = made(512, 512, batch)
            calls = {name: other(kernel(weight, x)) for name, kernel in DENSE_KERNELS.items()}
            found |= {f"{n}, {batch}": value for n, value in times(dense(weight, x), calls).items()}
        return found

    return on_one_thread(attack)


def other(call: Call) -> Call:
    def run() -> object:
        torch.set_float32_matmul_precision("medium")
        try:
            return call()
        finally:
            torch.set_float32_matmul_precision("highest")

    return run


def two_threads() -> Found:
    """All on two threads, 256 inputs; SciPy and our own loops use one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        weight, blocks, x = made(512, 512, 256)
        return times(dense(weight, x), ready(weight, blocks, x))
    finally:
        torch.set_num_threads(threads)


def larger_blocks() -> Found:
    """Blocks of 16, 32 and 64 with 10 % of them kept, at 1024 x 1024, for 1 and 64 inputs."""

    def attack() -> Found:
        found: Found = {}
        for batch in (1, 64):
            rng = torch.Generator().manual_seed(batch)
            weight, x = torch.randn(1024, 1024, generator=rng), torch.randn(1024, batch, generator=rng)
            calls = {}
            for side in (16, 32, 64):
                matrix = torch.where(block_mask(weight.abs(), 0.1, side), weight, ZERO).to_sparse_bsr((side, side))
                calls[f"{side}, {batch}"] = lambda matrix=matrix, x=x: matrix @ x
            found |= times(dense(weight, x), calls)
        return found

    return on_one_thread(attack)


def in_float64() -> Found:
    """The same in double precision, 64 inputs."""

    def attack() -> Found:
        weight, blocks, x = (one.double() for one in made(512, 512, 64))
        return times(dense(weight, x), ready(weight, blocks, x))

    return on_one_thread(attack)


def a_whole_network() -> Found:
    """LeNet-300-100 with biases and ReLU, a tenth of each layer, beside a small dense network of as many weights."""

    def attack() -> Found:
        net, found = models.lenet_300_100().requires_grad_(False), {}
        layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
        kept = sum(round(0.1 * layer.weight.numel()) + layer.bias.numel() for layer in layers)
        width = bottleneck_width(kept, 784, 10)
        small = models.MLP([784, width, max(width // 3, 4), 10]).requires_grad_(False)
        for batch in (1, 256):
            x = torch.rand(784, batch, generator=torch.Generator().manual_seed(batch))
            rows = x.T.contiguous()
            calls: dict[str, Call] = {
                f"{name}, {batch}": sparse_network(layers, x, SPARSE_KERNELS[name]) for name in free()
            }
            calls[f"small dense, {batch}"] = lambda rows=rows: small(rows)
            found |= times([lambda rows=rows: net(rows)], calls)
        return found

    return on_one_thread(attack)


def sparse_network(layers: list[nn.Linear], x: Tensor, kernel: Kernel) -> Call:
    """Its layers one after the other, each kernel made ready with the memory in which its inputs will stand."""
    steps, inputs = [], x
    for i, layer in enumerate(layers):
        weight = torch.where(keep_largest(layer.weight.abs(), 0.1), layer.weight, ZERO)
        place = inputs.clone()
        call = kernel(weight, place)
        steps.append((call, place, layer.bias[:, None], i < len(layers) - 1))
        inputs = call() + layer.bias[:, None]

    def run() -> Tensor:
        h = x
        for call, place, bias, hidden in steps:
            place.copy_(h)
            h = call().add(bias)
            h = h.relu_() if hidden else h
        return h

    return run


def sparse_network_is_off_by() -> float:
    """The largest difference between the sparse network's answers and those of the same network with its zeros."""
    net = models.lenet_300_100().requires_grad_(False)
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    x = torch.rand(784, 5, generator=torch.Generator().manual_seed(0))
    found = sparse_network(layers, x, SPARSE_KERNELS[BAG])()
    for layer in layers:
        layer.weight.copy_(torch.where(keep_largest(layer.weight.abs(), 0.1), layer.weight, ZERO))
    return float((found.T - net(x.T)).abs().max())  # type: ignore[attr-defined]


def stored() -> "experiment.TimeTable":
    found = paper_results.load("counting_and_clocking")
    assert found is not None
    return found.table


def each_size_left_out() -> Found:
    """The largest error of the law at 5 to 50 % for 64 and 256 inputs, with each size in turn as the one not fitted."""
    middle = experiment.medians(stored())
    middle = middle[(middle["batch"] >= 64) & middle["kernel"].isin(SPARSE)]
    found: Found = {}
    for rows, columns in experiment.SHAPES:
        new = (middle["rows"] == rows) & (middle["columns"] == columns)
        worst = 0.0
        for _, one in middle.groupby(["batch", "kernel"]):
            seen = one[~new[one.index] & one["density"].isin(experiment.FITTED)]
            c, e = fit_law(seen["density"].tolist(), (1 / seen["times"]).tolist())
            unseen = one[new[one.index] & one["density"].between(0.05, 0.5)]
            worst = max(worst, float(((c + unseen["density"] / e) * unseen["times"] - 1).abs().max()))
        found[f"{rows} x {columns}"] = round(100 * worst, 1)
    return found


def without_refusing() -> Found:
    """What the windows that were refused would have said: their largest ratio to the clean median, both ways."""
    table = stored()
    clean = experiment.medians(table).set_index(["rows", "columns", "batch", "kernel", "density"])["times"]
    kept = experiment.steady(table)
    every = table.assign(times=table["dense"].astype(float) / table["sparse"].astype(float))
    by = ["rows", "columns", "batch", "kernel", "density", "replicate"]
    refused = every[~every.set_index(by).index.isin(kept.set_index(by).index)]
    ratio = refused.set_index(by[:-1])["times"] / clean.reindex(refused.set_index(by[:-1]).index)
    again = table.groupby(["rows", "columns", "batch", "density", "replicate"])["refused"].first().sum()
    return {
        "refused in the table": len(refused),
        "windows made anew": int(again),
        "largest over the median": round(float(ratio.max()), 2),
        "smallest": round(float(ratio.min()), 2),
    }


def fitted_with_one_percent() -> Found:
    """The law fitted at 50, 20, 5 and 1 %: the largest error in percent at 512 x 512 from 5 to 50 %, and at 1 %."""
    middle = experiment.medians(stored())
    middle = middle[(middle["batch"] >= 64) & middle["kernel"].isin(SPARSE)]
    new = (middle["rows"] == 512) & (middle["columns"] == 512)
    inside, below = [], []
    for _, one in middle.groupby(["batch", "kernel"]):
        seen = one[~new[one.index] & one["density"].isin((0.5, 0.2, 0.05, 0.01))]
        c, e = fit_law(seen["density"].tolist(), (1 / seen["times"]).tolist())
        unseen = one[new[one.index]]
        off = ((c + unseen["density"] / e) * unseen["times"] - 1).abs()
        inside.append(float(off[unseen["density"].between(0.05, 0.5)].max()))
        below.append(float(off[unseen["density"] == 0.01].max()))
    return {"from 5 to 50 %": round(100 * max(inside), 1), "at 1 %": round(100 * max(below), 1)}


def other_spellings_counted() -> Found:
    """What torch's counter says of further spellings of one sparse product, over what is kept; and of a dense LSTM."""
    weight, _, x = made(320, 784, 32)
    _, column, value = to_csr(weight)
    lstm, series = nn.LSTM(10, 20), torch.randn(15, 2, 10)
    calls: dict[str, Call] = {
        "W @ x": lambda: weight @ x,
        "csr @ x": SPARSE_KERNELS[TORCH](weight, x),
        "torch.sparse.mm": lambda: torch.sparse.mm(weight.to_sparse_csr(), x),
        "gathered": lambda: torch.bmm(value.view(-1, 1, 1), x[column].unsqueeze(1)),
        "row by row": lambda: [row[None, row != 0] @ x[row != 0] for row in weight],
    }
    found = {name: counted(call) / (2 * 32 * len(value)) for name, call in calls.items()}
    gates = sum(p.numel() for p in lstm.parameters() if p.ndim == 2)
    return found | {"a dense LSTM": counted(lambda: lstm(series)) / (2 * 15 * 2 * gates)}


def counted(call: Call) -> int:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def numpy_as_dense() -> Found:
    """One input: how many times as fast as torch's faster dense product NumPy's is, by the shortest of many calls."""

    def attack() -> Found:
        found: Found = {}
        for rows, columns in experiment.SHAPES:
            weight, _, x = made(rows, columns, 1)
            w, inputs = weight.numpy(), x.numpy()
            other = quickest({"numpy": lambda w=w, inputs=inputs: w @ inputs, SCIPY: SPARSE_KERNELS[SCIPY](weight, x)})
            best = min(quickest(dict(enumerate(dense(weight, x)))).values())
            found |= {f"{name}, {rows} x {columns}": round(best / each, 2) for name, each in other.items()}
        return found

    return on_one_thread(attack)


def quickest(calls: dict, rounds: int = 30) -> dict:
    """The shortest time of each in microseconds, all of them in turn: what a busy machine disturbs least."""
    found = [{name: shortest(call, SLOT, time.perf_counter) for name, call in calls.items()} for _ in range(rounds)]
    return {name: min(one[name] for one in found) for name in calls}


def blocks_of_our_own() -> Found:
    """One input, 512 x 512, 10 % kept in blocks: ten compiled lines for blocks of one side, beside torch's of 16."""

    def attack() -> Found:
        rng = torch.Generator().manual_seed(1)
        weight, x = torch.randn(512, 512, generator=rng), torch.randn(512, 1, generator=rng)
        w, inputs = weight.numpy(), x.numpy()
        calls: dict[str, Call] = {"numpy": lambda: w @ inputs}
        for side in (16, 32, 64):
            kept = torch.where(block_mask(weight.abs(), 0.1, side), weight, ZERO)
            calls[f"own, {side}"] = block_call(kept, x, side)
            if side == 16:
                calls["torch BSR, 16"] = SPARSE_KERNELS[BLOCKS](kept, x)
        times = quickest(calls | dict(enumerate(dense(weight, x))))
        best = min(times[i] for i in range(len(DENSE_KERNELS)))
        return {name: round(best / times[name], 2) for name in calls}

    return on_one_thread(attack)


def block_call(weight: Tensor, x: Tensor, side: int) -> Call:
    """The product with a matrix of whole blocks, whose values stand column by column; exact up to rounding."""
    blocks = weight.unfold(0, side, side).unfold(1, side, side).transpose(2, 3)  # (.., .., column in, row in)
    start, column, _ = to_csr((blocks != 0).flatten(2).any(2).float())
    value = blocks[(blocks != 0).flatten(2).any(2)].contiguous()
    z = torch.empty(len(weight))
    arrays = [a.numpy() for a in (start, column, value, x[:, 0].contiguous(), z)]

    def run() -> Tensor:
        add_blocks(*arrays)
        return z

    return run


@vectorised
def add_blocks(start, column, value, x, z):  # type: ignore[no-untyped-def]
    side = value.shape[1]
    for r in range(len(start) - 1):
        total = z[r * side : (r + 1) * side]
        total[:] = 0
        for k in range(start[r], start[r + 1]):
            for j in range(side):
                factor = x[column[k] * side + j]
                for i in range(side):
                    total[i] += value[k, j, i] * factor


def layers_in_turn() -> Found:
    """One input, 10 % kept, 64 and 256 layers of 512 x 512 in turn: the shortest microseconds a layer that was seen.

    On a busy machine they are upper bounds, so the ratio of the stored dense time to them is at least so large.
    """

    def attack() -> Found:
        found: Found = {}
        for many in (64, 256):
            sets = [made(512, 512, 1) for _ in range(many)]
            calls: dict[str, Call] = {
                "numpy": all_of([lambda w=w.numpy(), x=x.numpy(): w @ x for w, _, x in sets]),  # noqa: B008
                SCIPY: all_of([SPARSE_KERNELS[SCIPY](w, x) for w, _, x in sets]),
                BLOCKS: all_of([SPARSE_KERNELS[BLOCKS](blocks, x) for _, blocks, x in sets]),
                "own, 16": all_of([block_call(blocks, x, 16) for _, blocks, x in sets]),
            }
            found |= {f"{name}, {many}": round(each / many, 1) for name, each in quickest(calls, 60).items()}
        table = stored().query("layers == 64 and kernel == 'scipy CSR'")
        return found | {"stored dense, 64": round(float(table["dense"].median()), 1)}

    return on_one_thread(attack)
