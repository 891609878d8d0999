"""Training R networks at once: `training`, a loop that can be read, and `train`, which runs it to the end."""

from lthedu.training.engine import Diverged, Progress, Stopped, Trained, train, training
from lthedu.training.evaluation import Split, evaluate, measure
from lthedu.training.gradients import By, Method, pick
from lthedu.training.optimizers import ADAM, Optimizer, RateSchedule
from lthedu.training.replicates import Replicates
from lthedu.training.step import Step

__all__ = [
    "ADAM",
    "By",
    "Diverged",
    "Method",
    "Optimizer",
    "Progress",
    "RateSchedule",
    "Replicates",
    "Split",
    "Step",
    "Stopped",
    "Trained",
    "evaluate",
    "measure",
    "pick",
    "train",
    "training",
]
