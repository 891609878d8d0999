"""Figures of the course. Each function draws on matplotlib Axes and returns them with a description in words."""

from lthedu.plots.contest import best_by_budget, best_by_evaluations
from lthedu.plots.deconstruction import pruned_values, sign_kept_or_lost, untrained_accuracy
from lthedu.plots.limits import (
    accuracy_by_depth,
    fit_errors,
    marks_by_kind,
    one_neuron_errors,
    region_maps,
    route_sizes,
    sawtooths,
    sizes_and_bound,
)
from lthedu.plots.lottery import accuracies_by_arm, best_of_draws, chances_by_density, throughput
from lthedu.plots.numbers import (
    accuracy_after_deleting,
    accuracy_by_arm,
    digit_row,
    errors_by_count,
    mask_at_work,
)
from lthedu.plots.proof import (
    digits_and_answers,
    errors_against_certificate,
    file_sizes,
    pruned_pair,
    weight_errors,
    widths_by_method,
)
from lthedu.plots.pruning import accuracy_by_cut, large_or_small, pruning_run, weight_histogram
from lthedu.plots.rewinding import accuracy_by_step, barrier_by_step, distance_to_last, ways_by_density
from lthedu.plots.style import LOOKS, use_style
from lthedu.plots.subset_sums import (
    all_targets_by_count,
    failures_by_count,
    needed_by_bits,
    sums_on_a_line,
    violations_by_ratio,
)
from lthedu.plots.supermasks import accuracy_by_kept, accuracy_by_width, conv_supermasks
from lthedu.plots.tickets import (
    accuracy_by_density,
    differences,
    learning_curves,
    pixel_degrees,
    share_on_rim,
)

__all__ = [
    "LOOKS",
    "accuracies_by_arm",
    "accuracy_after_deleting",
    "accuracy_by_arm",
    "accuracy_by_cut",
    "accuracy_by_density",
    "accuracy_by_depth",
    "accuracy_by_kept",
    "accuracy_by_step",
    "accuracy_by_width",
    "all_targets_by_count",
    "barrier_by_step",
    "best_by_budget",
    "best_by_evaluations",
    "best_of_draws",
    "chances_by_density",
    "conv_supermasks",
    "differences",
    "digit_row",
    "digits_and_answers",
    "distance_to_last",
    "errors_against_certificate",
    "errors_by_count",
    "failures_by_count",
    "file_sizes",
    "fit_errors",
    "large_or_small",
    "learning_curves",
    "marks_by_kind",
    "mask_at_work",
    "needed_by_bits",
    "one_neuron_errors",
    "pixel_degrees",
    "pruned_pair",
    "pruned_values",
    "pruning_run",
    "region_maps",
    "route_sizes",
    "sawtooths",
    "share_on_rim",
    "sign_kept_or_lost",
    "sizes_and_bound",
    "sums_on_a_line",
    "throughput",
    "untrained_accuracy",
    "use_style",
    "violations_by_ratio",
    "ways_by_density",
    "weight_errors",
    "weight_histogram",
    "widths_by_method",
]
