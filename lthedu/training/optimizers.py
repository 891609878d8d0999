"""Update rules and learning-rate schedules: what a training's steps do with a gradient."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Share, Whole


@typed
@dataclass(frozen=True)
class RateSchedule:
    """How the learning rate moves over a training, as a factor of `Optimizer.lr`.

    "constant"; "cosine" falls from 1 to 0 along half a cosine; "steps" multiplies by `factor` at each of `milestones`
    (fractions of the whole training). Over the first `warmup` steps the factor rises linearly from 1 / warmup of it.
    Raises ValueError, naming value and range.

    >>> [RateSchedule("steps").at(step, 100) for step in (0, 49, 50, 99)]
    [1.0, 1.0, 0.1, 0.01]
    """

    kind: Literal["constant", "cosine", "steps"] = "constant"
    warmup: Whole = 0
    milestones: tuple[float, ...] = (0.5, 0.75)  # of "steps" alone
    factor: Share = 0.1  # of "steps" alone

    def __post_init__(self) -> None:
        object.__setattr__(self, "milestones", tuple(self.milestones))  # JSON gives a list
        if not all(0 < m < 1 for m in self.milestones) or list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones are {self.milestones}; allowed: rising fractions above 0 and below 1")

    def at(self, step: int, steps: int) -> float:
        """The factor of the update that follows `step` finished ones, of `steps` in all.

        >>> RateSchedule("cosine", warmup=10).at(4, 100), round(RateSchedule("cosine").at(50, 100), 3)
        (0.4980..., 0.5)
        """
        whole = 1.0
        if self.kind == "cosine":
            whole = (1 + math.cos(math.pi * step / steps)) / 2
        elif self.kind == "steps":
            passed = sum(step >= m * steps for m in self.milestones)
            whole = round(self.factor**passed, 12)
        return whole * min(1.0, (step + 1) / self.warmup) if self.warmup else whole


@typed
@dataclass(frozen=True)
class Optimizer:
    """Which update rule, and its settings; the defaults are Frankle and Carbin's for LeNet on MNIST.

    >>> Optimizer("sgd", lr=0.1, momentum=0.9)
    Optimizer(name='sgd', lr=0.1, momentum=0.9, weight_decay=0.0, ...)
    """

    name: Literal["sgd", "adam", "adamw"] = "adam"
    lr: Annotated[float, Above(0, below=math.inf)] = 1.2e-3
    momentum: float = 0.0  # sgd only
    weight_decay: float = 0.0  # L2 in the gradient for sgd and adam, decoupled for adamw
    schedule: RateSchedule = RateSchedule()

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1 or (self.momentum and self.name != "sgd"):
            raise ValueError(f"momentum is {self.momentum}; allowed: 0 to below 1 for sgd, 0 for {self.name}")
        if not 0 <= self.weight_decay < math.inf:  # NaN, too
            raise ValueError(f"weight_decay is {self.weight_decay}; it must be 0 or more and finite")

    def build(self, flat: Tensor) -> "CpuOptimizer | torch.optim.Optimizer":
        """A fresh optimizer, with no memory, of one tensor. Every rule here works weight by weight, which is
        why one optimizer over all replicates equals one for each. A rate that moves is a tensor on a CUDA device, so
        that a captured graph reads it anew; torch's fused rules hold it as float32, which rounds it by up to 6e-8."""
        return CpuOptimizer(flat, self) if flat.device.type == "cpu" else self._torchs(flat)

    def _torchs(self, flat: Tensor) -> torch.optim.Optimizer:  # pragma: no cover (a GPU's)
        on_gpu = flat.device.type == "cuda"
        moves = on_gpu and self.schedule != RateSchedule()
        lr: Any = torch.tensor(self.lr, device=flat.device) if moves else self.lr
        if self.name == "sgd":
            return torch.optim.SGD([flat], lr, momentum=self.momentum, weight_decay=self.weight_decay, fused=True)
        rule = torch.optim.Adam if self.name == "adam" else torch.optim.AdamW
        return rule([flat], lr=lr, weight_decay=self.weight_decay, fused=True, capturable=on_gpu)

    def set_rate(self, built: "CpuOptimizer | torch.optim.Optimizer", step: int, steps: int) -> None:
        """Give `built` the learning rate of the update that follows `step` finished ones, of `steps` in all.

        >>> rule = Optimizer("sgd", lr=0.5, schedule=RateSchedule("steps"))
        >>> built = rule.build(torch.zeros(3))
        >>> rule.set_rate(built, 75, 100)
        >>> built.param_groups[0]["lr"]
        0.005
        """
        rate = self.lr * self.schedule.at(step, steps)
        for group in built.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)  # pragma: no cover (a GPU's: captured graphs read it from there)
            else:
                group["lr"] = rate


@typed
class CpuOptimizer:
    """What torch.optim does to one tensor on a CPU, by the same fused functions, and with its settings and memory.

    The first optimizer of torch.optim's own that a process builds imports torch's compiler, which takes a second.

    >>> w = torch.ones(1)
    >>> w.grad = torch.ones(1)
    >>> CpuOptimizer(w, Optimizer("sgd", lr=0.25)).step()
    >>> w
    tensor([0.7500])
    """

    def __init__(self, flat: Tensor, rule: Optimizer) -> None:
        self.flat, self.rule = flat, rule.name
        self.param_groups: list[dict[str, Any]] = [{"lr": rule.lr, "weight_decay": rule.weight_decay}]
        if rule.name == "sgd":
            self.param_groups[0] |= {"momentum": rule.momentum}
            memory = {"momentum_buffer": torch.zeros_like(flat)}
        else:
            self.param_groups[0] |= {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
            memory = {"exp_avg": torch.zeros_like(flat), "exp_avg_sq": torch.zeros_like(flat), "step": torch.zeros(())}
        self.state: dict[Tensor, dict[str, Tensor]] = {flat: memory}

    @torch.no_grad()
    def step(self) -> None:
        """Update the tensor by its `grad`."""
        group, memory = self.param_groups[0], self.state[self.flat]
        grads: list[Any] = [self.flat.grad]
        if self.rule == "sgd":
            held = [memory["momentum_buffer"] if group["momentum"] else None]
            sgd([self.flat], grads, held, fused=True, dampening=0.0, nesterov=False, maximize=False, **group)
        else:
            update, first, second = adamw if self.rule == "adamw" else adam, memory["exp_avg"], memory["exp_avg_sq"]
            count, settings = [memory["step"]], {"fused": True, "amsgrad": False, "maximize": False, **group}
            update([self.flat], grads, [first], [second], [], count, **settings)


ADAM = Optimizer()
