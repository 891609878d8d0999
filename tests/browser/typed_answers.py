"""What learners type in the browser's tests, by lesson and exercise: some answers are right, some are not."""

ANSWERS = {
    "what_is_a_lottery_ticket": {
        "0.2": """\
def closest_subset(numbers, target):
    best, smallest = None, float("inf")
    for kept in itertools.product([False, True], repeat=len(numbers)):
        error = abs(sum(x for x, k in zip(numbers, kept) if k) - target)
        if error < smallest:
            best, smallest = list(kept), error
    return best""",
        "0.3": """\
def log10_years(weights, per_second):
    return np.log10(float(2**weights) / per_second / (365.25 * 24 * 3600))""",
        "0.4": """\
def ten_answers():
    return {1: True, 2: True, 3: False, 4: False, 5: True, 6: True, 7: True, 8: False, 9: True, 10: False}""",
    },
    "pruning_basics": {
        "1.1": """\
def keep_largest(scores, density):
    kept = torch.zeros(scores.numel(), dtype=torch.bool)
    kept[scores.flatten().topk(round(density * scores.numel())).indices] = True
    return kept.reshape(scores.shape)""",
        "1.3": """\
def cubic(step, begin, end, final):
    return final + (1 - final) * (1 - (step - begin) / (end - begin)) ** 3""",
        "1.4": """\
def masked_step(optimizer, weights, mask):
    optimizer.step()
    for name, m in mask.items():
        weights[name].data *= m""",
        "1.5": """\
def matching_width(total, inputs, outputs):
    return (total - output) // (inputs + 1 + outputs)""",
    },
    "winning_tickets": {
        "2.1": """\
def find_tickets(initial, full, train, prune, levels):
    mask, found, weights = full, [], initial
    for level in range(levels + 1):
        weights = train(level, masks.apply(mask, weights), mask)
        found.append(mask)
        mask = prune(weights, mask)
    return found""",
        "2.2": """\
def random_mask(mask, generator):
    control = {}
    for name, kept in mask.items():
        order = torch.randperm(kept.numel(), generator=generator)
        control[name] = kept.flatten()[order].reshape(kept.shape)
    return control""",
        "2.3": """\
def paired_test(a, b):
    d = nump.asarray(a) - nump.asarray(b)
    return d.mean()""",
    },
    "rewinding": {
        "3.2": """\
def rewind(snapshots, mask, step):
    last = snapshots[max(snapshots)]
    return {n: torch.where(mask[n], p, torch.zeros_like(p)) if n in mask else p.clone() for n, p in last.items()}""",
        "3.3": """\
def match_norms(params, mask, like):
    kept = {n: torch.where(mask[n], p, torch.zeros_like(p)) if n in mask else p.clone() for n, p in params.items()}
    for n, m in mask.items():
        if kept[n].any():
            kept[n] = kept[n] * like[n].square().sum().sqrt() / kept[n].square().sum().sqrt()
    return kept""",
        "3.1": """\
def error_barrier(a, b, error, points=11):
    line = [{n: a[n] + i / (points - 1) * (b[n] - a[n]) for n in a} for i in range(points)]
    errors = torch.stack([torch.as_tensor(error(weights)) for weights in line])
    return errors.amax(0) - errors[0]""",
    },
    "many_small_lotteries": {
        "4.1": """\
def draws_needed(p, chance=0.95):
    return math.ceil(1 / p) if p else math.inf""",
        "4.3": """\
def expected_best(chosen_by, reported, draws):
    sets = math.comb(len(chosen_by), draws)
    return sum(math.comb(i, draws - 1) * reported[j] for i, j in enumerate(np.argsort(chosen_by))) / sets""",
        "4.5": """\
def batched_step(params, mask, x, y, lr):
    w1, b1, w2, b2 = leaves = [p.detach().clone().requires_grad_() for p in params.values()]
    hidden = (torch.bmm(x, w1.mT) + b1[:, None]).relu()
    logits = torch.bmm(hidden, w2.mT) + b2[:, None]
    loss = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum") / y.shape[1]
    loss.backward()
    return masks.apply(mask, {n: p - lr * leaf.grad for (n, p), leaf in zip(params.items(), leaves)})""",
    },
    "zeros_and_signs": {
        "5.2": """\
def reshuffled(initial, mask, generator, signed=False):
    out = {n: p.clone() for n, p in initial.items()}
    for n, m in mask.items():
        drawn = initial[n].flatten()[torch.randperm(m.numel(), generator=generator)].view(m.shape)
        out[n] = torch.where(m, drawn.abs() * initial[n].sign() if signed else drawn, 0.0)
    return out""",
        "5.3": """\
def sign_flip_test(a, b):
    import itertools
    d = [x - y for x, y in zip(a, b)]
    sums = [sum(s * x for s, x in zip(signs, d)) for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(s >= sum(d) - 1e-9 for s in sums) / len(sums)""",
        "5.4": """\
def zero_if_moved_to_zero(initial, final, mask):
    held = {}
    for name, m in mask.items():
        value = initial[name].clone()
        value[(final[name].abs() < initial[name].abs()) | m] = 0
        held[name] = value
    return held""",
    },
    "supermasks": {
        "6.1": """\
def popup_mask(scores, density):
    mask = torch.zeros_like(scores).flatten()
    mask[scores.detach().flatten().argsort(descending=True, stable=True)[: round(density * scores.numel())]] = 1
    return mask.view(scores.shape) + scores - scores.detach()""",
        "6.2": """\
def bernoulli_mask(scores, generator):
    p = torch.sigmoid(scores)
    return torch.bernoulli(p.detach(), generator=generator) + (p - p.detach())""",
        "6.4": """\
def fingerprint(params):
    told = {n: (p.shape, p.dtype, p.double().flatten().sort().values.tolist()) for n, p in sorted(params.items())}
    return str(told)""",
    },
    "search_without_gradients": {
        "7.2": """\
def crossover(a, b, generator):
    return torch.where(torch.rand(a.shape, generator=generator) < 0.5, a, b)""",
        "7.3": """\
def acceptance(now, new, temperature):
    return (new <= now).to(now.dtype)""",
        "7.4": """\
def best_within(costs, losses, budget):
    best, left = float("inf"), budget + 1e-6
    for cost, loss in zip(costs, losses):
        left -= cost
        if left < 0:
            return best
        best = min(best, loss)
    return best""",
    },
    "subset_sums": {
        "8.1": """\
import bisect


def choices(numbers):
    return sorted((sum(x for x, k in zip(numbers, keep) if k), keep)
                  for keep in itertools.product([False, True], repeat=len(numbers)))


def meet_in_the_middle(numbers, target):
    half = len(numbers) // 2
    left, right = choices(numbers[:half]), choices(numbers[half:])
    sums = [s for s, _ in left]
    best, smallest = None, float("inf")
    for r, other in right:
        i = bisect.bisect(sums, target - r)
        for s, keep in left[max(i - 1, 0) : i + 1]:
            if abs(s + r - target) < smallest:
                best, smallest = [*keep, *other], abs(s + r - target)
    return best""",
        "8.3": """\
def expected_solutions(n, eta):
    return 2**n * 2 * eta / math.sqrt(2 * math.pi * n / 3)""",
        "8.4": """\
def worst_error(numbers):
    sums = np.sort(proof.all_sums(numbers))
    return np.diff(sums[np.abs(sums) <= 0.5]).max()""",
    },
    "pruning_is_all_you_need": {
        "9.1": """\
def one_weight(incoming, outgoing, weight, choose=closest_subset):
    keep = [False] * len(incoming)
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        for j, k in zip(mine, choose([abs(incoming[j]) * outgoing[j] for j in mine], weight)):
            keep[j] = k
    return keep""",
        "9.2": """\
def first_mask(second, owner, columns):
    return (owner[:, None] == np.arange(columns)) & second.any(0)[:, None]""",
        "9.5": """\
def compare_logits(target, ticket):
    return (target.argmax(1) == tickets.argmax(1)).mean()""",
    },
    "what_the_theorem_does_not_say": {
        "10.2": """\
import itertools


def least_units(values, error=0.5, level=0.5):
    sides = [v > level for v in values if abs(v - level) >= error]
    return max(sum(1 for _ in itertools.groupby(sides)) - 2, 0)""",
        "10.3": """\
def counting_bound(dimension, eps):
    return max(math.floor(dimension**2 * math.log2(1 / (2 * eps)) - 1), 0)""",
    },
    "pieces": {
        "11.1": """\
def activation_pattern(hidden, x):
    on = []
    for weight, bias in hidden:
        x = weight @ x + bias
        on.append(x > 0)
    return np.concatenate(on)""",
        "11.2": """\
def most_pieces(neurons, dimension=2):
    row = [1] * (dimension + 1)
    for _ in range(neurons):
        row = [1] + [row[d] + row[d - 1] for d in range(1, dimension + 1)]
    return row[dimension]""",
    },
    "curvature": {
        "12.1": """\
def hvp(loss, weights, vector):
    at = weights.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(at), at)
    return gradient""",
        "12.3": """\
def part_inside(vector, basis):
    return sum((vector @ column) * column for column in basis.T)""",
    },
    "sparse_from_the_start": {
        "13.2": """\
def drop_and_grow(weights, mask, scores, count):
    new = mask.clone().flatten()
    size = weights.abs().masked_fill(~mask, torch.inf).flatten()
    new[size.argsort()[:count]] = False
    left = scores.flatten().masked_fill(new, -torch.inf)
    new[left.argsort(descending=True)[:count]] = True
    return new.view(mask.shape)""",
        "13.3": """\
def step_cost(kept, whole=()):
    return 2 * sum(kept) + sum(whole or kept)""",
    },
    "counting_and_clocking": {
        "14.1": """\
def kept_flops(mask, places):
    return sum(2 * places[name] * int(kept.sum()) for name, kept in mask.items())""",
        "14.2": """\
def to_csr(matrix):
    row, column = matrix.nonzero(as_tuple=True)
    counts = torch.bincount(row, minlength=len(matrix))
    return torch.cat([counts.new_zeros(1), counts]), column, matrix[row, column]""",
    },
    "sparse_data": {
        "16.1": """\
def grown(active):
    return torch.nn.functional.max_pool2d(active[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0""",
        "16.2": """\
def rule_book(active):
    number = {tuple(place): i for i, place in enumerate(active.nonzero().tolist())}
    rules = []
    for k in range(9):
        step = [(number.get((n, r + k // 3 - 1, c + k % 3 - 1)), i) for (n, r, c), i in number.items()]
        pairs = [(i, j) for j, i in step if j is not None]
        rules.append(([i for i, _ in pairs], [j for _, j in pairs]))
    return rules""",
    },
    "sparse_coding": {
        "17.2": """\
def soft_threshold(values, threshold):
    return torch.relu(values - threshold) - torch.relu(-values - threshold)""",
        "17.3": """\
def ista_step(code, x, atoms, penalty, steep):
    return soft_threshold(code + (x - code @ atoms) @ atoms.T / steep, penalty)""",
    },
    "ship_it": {
        "18.1": """\
def set_to_zero(weights, mask):
    return weights.masked_fill(~mask, 0)""",
        "18.3": """\
def to_levels(weights, bits):
    scale = weights.abs().amax(1, keepdim=True) / 2 ** (bits - 1)
    return (weights / scale).round(), scale""",
    },
    "begin_with_more": {
        "19.1": """\
def through(points, at):
    before = [point for point in points if point[0] <= at] or points[:1]
    after = [point for point in points if point[0] > at] or points[-1:]
    (t, d), (later, there) = before[-1], after[0]
    return d if later <= t or at < t else d + (there - d) * (at - t) / (later - t)""",
        "19.2": """\
def weight_steps(kept, steps):
    begins = [begin for begin, _ in kept]
    return sum(w * (end - begin) for (begin, w), end in zip(kept[:-1], begins[1:]))""",
    },
    "hashing_instead_of_multiplying": {
        "15.1": """\
def simhash(vectors, planes):
    return (vectors @ planes.T > 0) @ (2 ** np.arange(len(planes)))""",
        "15.2": """\
def chance_found(same, bits, tables):
    return (1 - same**bits) ** tables""",
    },
}
ANSWERS["tour"] = ANSWERS["winning_tickets"]  # it has the same exercises
