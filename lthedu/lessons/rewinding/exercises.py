"""This lesson's exercises, each by itself. The references are the library's own functions."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, Wrong, exercise, same_tensors
from lthedu.exercises.values import apart, brief, difference
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.tickets.rewinding import match_norms, rewind
from lthedu.tickets.stability import between, error_barrier

CLOSE = 1e-6


@exercise(
    error_barrier,
    "The hill between two networks",
    minutes=20,
    level=2,
    hints=(
        "Which weights lie a quarter of the way from `a` to `b`? Which shares of the way do 5 points have?",
        "Ask `error` at each share, and stack what it gives with `torch.stack`, after `torch.as_tensor`: the result is "
        "`(points,)`, or `(points, R)` for R networks. Its largest entries over the points are `errors.amax(0)`, and "
        "its two ends are `errors[0]` and `errors[-1]`.",
        "errors = []\nfor i in range(points):\n    t = i / (points - 1)\n"
        "    errors.append(torch.as_tensor(error({n: ... for n in a})))  # at the share t of the way\n"
        "errors = torch.stack(errors)\nreturn errors.amax(0) - ...",
    ),
    returns=lambda got, a, b, error, points=11: _barriers(got, error, points),
)
def check_error_barrier(attempt: Attempt) -> None:
    """A hill, uneven ends, a bowl without a hill, other numbers of points; then several networks; then the default."""
    hill, uneven, draw = [0.1009, 0.2114, 0.4137, 0.2046, 0.1217], [0.1009, 0.1523, 0.3061, 0.4537, 0.2013], attempt.rng
    cases: list[Case] = []
    single: tuple[Params, Params] = {}, {}  # the ends of one network
    for values in (
        [hill],
        [uneven],
        [[0.3017, 0.1, 0.0523, 0.1, 0.1012]],
        [[0.2011, 0.3, 0.7153, 0.3, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4108]],
        [[0.2507, 0.5013]],
        [hill, uneven, [0.5031, 0.1, 0.1, 0.1, 0.1042]],
    ):
        w, b, dw, db = (torch.randn(len(values), 3, generator=draw, dtype=torch.float64) for _ in range(4))
        kept = torch.tensor([1.0, 1.0, 1.0] if len(values) == 1 else [1.0, 0.0, 0.0])  # pruned is 0 at both ends
        ends = {"weight": w * kept, "bias": b}, {"weight": (w + dw.abs() + 1) * kept, "bias": b - db.abs() - 1}
        cases.append(functools.partial(_fresh, *ends, torch.tensor(values, dtype=torch.float64)))
        single = ends if len(values) == 1 else single
    eleven = torch.tensor([[0.2, 0.3, 0.4, 0.3, 0.5, 0.3, 0.68, 0.7153, 0.3, 0.35, 0.4108]], dtype=torch.float64)
    cases.append(lambda: _fresh(*single, eleven)[:3])  # `points` not given, and the highest where few points miss it
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.allclose(a.flatten(), b.flatten(), rtol=0, atol=CLOSE),
        same=lambda a, b, *_: torch.allclose(a.flatten(), b.flatten(), rtol=1e-5, atol=CLOSE),
        show=_barrier_shown,
        otherwise=_which_barrier,
    )


class _Valley:
    """Errors by place on the line between two networks, larger between the points; it remembers where it was asked."""

    def __init__(self, a: Params, b: Params, heights: Tensor) -> None:
        self.a, self.b, self.heights = a, b, heights  # (R, points)
        self.asked: list[float | None] = []  # shares of the way; None beside the line
        self.unlike: list[object] = []  # what is no network like the ends

    def __call__(self, weights: Params) -> Tensor:
        share = None
        if isinstance(weights, dict) and {n: _shape(w) for n, w in weights.items()} == {
            n: w.shape for n, w in self.a.items()
        }:
            gone, way = (torch.cat([(w[n] - self.a[n]).flatten() for n in self.a]) for w in (weights, self.b))
            shares = (gone / way)[way != 0]
            if float(shares.max() - shares.min()) < CLOSE and bool((gone[way == 0].abs() < CLOSE).all()):
                share = float(shares.mean())
        else:
            self.unlike.append(weights)
        self.asked.append(share)
        if share is None or not -CLOSE <= share <= 1 + CLOSE:
            height = torch.full((len(self.heights),), 0.9, dtype=torch.float64)
        else:
            at = max(0.0, share) * (self.heights.shape[1] - 1)
            low = min(int(at + CLOSE), self.heights.shape[1] - 2)
            left, right = self.heights[:, low], self.heights[:, low + 1]
            height = torch.lerp(left, right, at - low) + 0.2 * max(at - low, 0.0) * max(low + 1 - at, 0.0)
        return height if len(self.heights) > 1 else height[0]


def _shape(value: object) -> object:
    return value.shape if isinstance(value, Tensor) else None


def _fresh(a: Params, b: Params, heights: Tensor) -> tuple[Params, Params, _Valley, int]:
    return a, b, _Valley(a, b, heights), heights.shape[1]


def _barriers(got: Any, error: Callable[[Params], Any], points: int) -> Tensor:
    """A number for each network."""
    try:
        found = torch.as_tensor(got, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Wrong(f"it returned {brief(got)}; expected a number, or one for each network") from None
    networks = len(error.heights) if isinstance(error, _Valley) else found.numel()
    if found.numel() == points * networks > networks:
        raise Wrong(f"it returned a number for each of the {points} points; return the largest of them alone")
    if found.numel() != networks:
        raise Wrong(
            f"the size of its result is {found.numel()}, where {networks} stacked networks are measured at once; each "
            "network has its own barrier: take the largest over the points, not over the networks"
        )
    return found


def _barrier_shown(
    got: Tensor, right: Tensor, a: Params, b: Params, error: Callable[[Params], Any], points: int = 11
) -> str:
    worst = int((got.flatten() - right.flatten()).abs().argmax())
    errors = [torch.as_tensor(error(between(a, b, i / (points - 1)))).flatten()[worst] for i in range(points)]
    on_the_line = ", ".join(f"{e:.4g}" for e in errors)
    return f"errors on the line {on_the_line}: " + difference(
        float(got.flatten()[worst]), float(right.flatten()[worst])
    )


def _which_barrier(
    got: Tensor, right: Tensor, a: Params, b: Params, error: Callable[[Params], Any], given: int | None = None
) -> str:
    """What a barrier that is no known mistake's gets wrong: where it asked."""
    points = given or 11
    if isinstance(error, _Valley):
        if error.unlike:
            return f"it gives `error` other parameters than those of `a`, by name and shape: {brief(error.unlike[0])}"
        asked = sorted({round(share, 4) for share in error.asked if share is not None})
        if None in error.asked:
            return "it left the straight line: every parameter moves by the same share, (1 - t) a + t b"
        expected = [i / (points - 1) for i in range(points)]
        if any(min(abs(s - e) for s in asked) > 1e-4 for e in expected) or any(
            min(abs(s - e) for e in expected) > 1e-4 for s in asked
        ):
            seen = ", ".join(f"{s:.2f}" for s in asked[:12]) + ", ..." * (len(asked) > 12)
            called = f"with points={given}" if given else "where `points` is not given there are 11:"
            return f"{called} the shares are {', '.join(f'{e:.2f}' for e in expected)}; it asked at {seen}"
    return "this is not the largest error on the line less the mean of the errors at the ends"


@exercise(
    rewind,
    "Rewind, bit for bit",
    minutes=10,
    level=1,
    hints=(
        "What is infinity times 0? And if you give back a bias of the snapshot itself, what becomes of the snapshot "
        "when somebody changes that bias?",
        "Take every parameter of `snapshots[step]`, biases too. If the mask names it, put exact zeros where the mask "
        "is False, with `torch.where`; a product leaves NaN where the weight is infinite. Copy what has no mask.",
        "return {name: torch.where(...) if name in mask else p.clone()\n"
        "        for name, p in snapshots[step].items()}",
    ),
)
def check_rewind(attempt: Attempt) -> None:
    """Several steps, one of them 0; biases; an infinite weight; memory of its own."""
    snapshots, mask = _snapshots(attempt)
    steps: list[Case] = [(snapshots, mask, step) for step in (0, 7, 20)]
    infinite = torch.tensor([math.inf, 2.0, -math.inf, math.inf])
    wild = ({5: {"w": infinite}}, {"w": torch.tensor([False, True, False, True])}, 5)
    third = ({5: {"w": torch.tensor([[1 / 3, 2 / 3]], dtype=torch.float64)}}, {"w": torch.tensor([[True, False]])}, 5)
    for cases in (steps, [*steps, wild, third]):
        compare(
            attempt,
            cases,
            read=_rewound,
            close=lambda a, b, *_: all(torch.equal(a[n], b[n]) for n in b),
            same=lambda a, b, *_: _near(a, b, 1e-6),
            show=_first_difference,
            otherwise=_which_rewind,
        )
    mask["layers.1.weight"] = torch.ones(2, 3, dtype=torch.bool)  # nothing is pruned, and all is copied
    found = _rewound(attempt(snapshots, mask, 20), snapshots, mask, 20)
    given = attempt.given[0][20]
    if shared := [n for n in found if found[n].data_ptr() == given[n].data_ptr()]:
        raise Wrong(
            f"{shared[0]!r} shares its memory with the snapshot: the next training would change the snapshot, and the "
            "next rewinding would not go back to it. Copy it"
        )


def _snapshots(attempt: Attempt) -> tuple[dict[int, Params], Mask]:
    shapes = {"layers.0.weight": (3, 4), "layers.0.bias": (3,), "layers.1.weight": (2, 3), "layers.1.bias": (2,)}
    snapshots = {
        step: {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()} for step in (0, 7, 20, 600)
    }
    mask = {n: torch.rand(s, generator=attempt.rng) < 0.6 for n, s in shapes.items() if len(s) > 1}
    for m in mask.values():
        m[0, 0], m[-1, -1] = False, True
    mask["layers.0.weight"][1] = False  # a neuron without weights has a bias all the same
    for params in snapshots.values():
        params["layers.0.bias"][:2] = 0.25  # values that are equal
    return snapshots, mask


def _infinite(params: Params) -> bool:
    return any(bool(p.isinf().any()) for p in params.values())


def _rewound(got: Any, snapshots: dict[int, Params], mask: Mask, step: int) -> Params:
    """Weights of the names and shapes of the snapshot."""
    weights = [p for p in got.values() if isinstance(p, Tensor)] if isinstance(got, Mapping) else []
    if _infinite(snapshots[step]) and any(bool(p.isnan().any()) for p in weights):
        raise Wrong("a pruned weight must be exactly 0, whatever it was: infinity times 0 is NaN; use torch.where")
    return same_tensors(got, snapshots[step], "the result")


def _near(a: Params, b: Params, by: float) -> bool:
    return all(torch.allclose(a[n], b[n], rtol=0, atol=by) for n in b)


def _first_difference(got: Params, right: Params, snapshots: object, mask: object, step: int) -> str:
    name = next(n for n in right if not torch.equal(got[n], right[n]))
    place = tuple((got[name] != right[name]).nonzero()[0].tolist())
    found, expected = apart(got[name][place].item(), right[name][place].item())
    return f"step {step}, {name}{list(place)}: got {found}, expected {expected}"


def _which_rewind(got: Params, right: Params, snapshots: dict[int, Params], mask: Mask, step: int) -> str:
    """What weights that are no known mistake's get wrong."""
    if any(bool((got[n][~m] != 0).any()) for n, m in mask.items()):
        return "a pruned weight must be exactly 0, whatever it was"
    if _infinite(snapshots[step]):
        return "kept weights must be those of the step, bit for bit, infinite ones too"
    if _near(got, right, 1e-3):
        return "nearly, but not bit for bit: take the weights as they are, without any arithmetic"
    for other, weights in snapshots.items():
        if _near(got, masks.apply(mask, weights), 0):
            return f"these are the masked step-{other} weights, not those of the step that was asked for"
    return "these are not the weights of that step under the mask"


@exercise(
    match_norms,
    "Give a layer its norm back",
    minutes=10,
    level=1,
    hints=(
        "After pruning, a layer keeps one weight of size 3 out of weights that had the norm 10. By which number must "
        "it be multiplied?",
        "Put zeros where the mask is False. Then measure the norm of what is left, `w.norm()`, and multiply the layer "
        "by the norm in `like` divided by it. A layer of zeros has no factor: leave it. Copy what has no mask.",
        "out = {name: torch.where(mask[name], p, 0.0) if name in mask else p.clone() for name, p in params.items()}\n"
        "for name in mask:\n    norm = out[name].norm()\n    if norm > 0:\n        out[name] = out[name] * ...\n"
        "return out",
    ),
    returns=lambda got, params, mask, like: _scaled(got, params, mask),
)
def check_match_norms(attempt: Attempt) -> None:
    """Two layers of different densities, weights that are not a random choice, biases; then layers without a weight."""
    shapes = {"layers.0.weight": (6, 5), "layers.0.bias": (6,), "layers.1.weight": (3, 6), "layers.1.bias": (3,)}
    params = {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()}
    like = {n: (1 + 2 * i) * torch.randn(s, generator=attempt.rng) for i, (n, s) in enumerate(shapes.items())}
    mask = {n: p.abs() > p.abs().median() for n, p in params.items() if p.ndim > 1}
    mask["layers.0.weight"][2] = False
    small = {"w": torch.tensor([[0.5, 0.5], [0.0, -2.0]])}, {"w": torch.tensor([[True, True], [True, False]])}
    tiny = {n: 0.01 * p for n, p in params.items()}  # norms below 1
    cases: list[Case] = [(params, mask, like), (params, mask, params), (tiny, mask, like)]
    cases.append((*small, {"w": torch.full((2, 2), 7.0)}))
    none = {n: torch.zeros_like(m) for n, m in mask.items()}
    one = {n: m if n == "layers.1.weight" else none[n] for n, m in mask.items()}
    for tried in (cases, [*cases, (params, none, like), (params, one, like)]):  # what divides by a norm fails in these
        compare(
            attempt,
            tried,
            close=lambda got, right, *_: _first_other(got, right) is None,
            show=_scaled_shown,
            otherwise=_which_scaled,
        )


def _scaled(got: Any, params: Params, mask: Mask) -> Params:
    """Weights of the names and shapes of `params`."""
    empty = not all(bool((params[n] * m).any()) for n, m in mask.items())
    weights = [p for p in got.values() if isinstance(p, Tensor)] if isinstance(got, Mapping) else []
    if empty and any(not bool(p.isfinite().all()) for p in weights):
        raise Wrong("where a layer keeps nothing, it divides by 0; such a layer stays zero")
    return same_tensors(got, params, "the result")


def _first_other(got: Params, right: Params) -> str | None:
    return next((n for n in right if not torch.allclose(got[n], right[n], rtol=1e-5, atol=1e-6)), None)


def _scaled_shown(got: Params, right: Params, *_: Any) -> str:
    name = _first_other(got, right) or ""
    return f"{name} has the norm {got[name].norm():.4g}, expected {right[name].norm():.4g}"


def _which_scaled(got: Params, right: Params, params: Params, mask: Mask, like: Params) -> str:
    """What weights that are no known mistake's get wrong."""
    name = _first_other(got, right) or ""
    if name not in mask:
        return f"{name!r} has no mask: it stays as it is"
    if bool(got[name][~mask[name]].any()):
        return "what the mask prunes must be zero"
    if not math.isclose(float(got[name].norm()), float(right[name].norm()), rel_tol=1e-4):
        return "the layer's norm is not the one that it has in `like`"
    return "one number multiplies the whole layer: the kept weights must keep their signs and their proportions"
