"""What sparsity costs and brings in bytes, operations and seconds; and how large a dense network takes as many."""

from lthedu.sparsity.clock import break_even, fit_law, is_steady, measured_break_even, shortest, speed_up
from lthedu.sparsity.csr import from_csr, to_csr
from lthedu.sparsity.flops import flops, kept_flops
from lthedu.sparsity.formats import entropy, format_bytes, gap_bytes, zipped
from lthedu.sparsity.kernels import block_mask
from lthedu.sparsity.libraries import libraries, read_record
from lthedu.sparsity.lifetimes import lasted, months_between
from lthedu.sparsity.packing import from_bits, pack, pack_codes, to_bits, unpack
from lthedu.sparsity.quantise import at_scale, best_scale, codebook, of_levels, row_scale, to_levels
from lthedu.sparsity.sizes import bottleneck_width, matching_width
from lthedu.sparsity.spmm import sparse_product, spmm, spmm_gradients
from lthedu.sparsity.storage import csr_bytes, dense_bytes, nonzeros
from lthedu.sparsity.submanifold import (
    from_grid,
    grown,
    neighbours,
    one_product,
    rule_book,
    submanifold_conv,
    to_grid,
)
from lthedu.sparsity.training_cost import step_cost, weight_steps
from lthedu.sparsity.triton_blocks import block_product
from lthedu.sparsity.two_four import is_two_four, pack_two_four, two_four_mask, unpack_two_four

__all__ = [
    "at_scale",
    "best_scale",
    "block_mask",
    "block_product",
    "bottleneck_width",
    "break_even",
    "codebook",
    "csr_bytes",
    "dense_bytes",
    "entropy",
    "fit_law",
    "flops",
    "format_bytes",
    "from_bits",
    "from_csr",
    "from_grid",
    "gap_bytes",
    "grown",
    "is_steady",
    "is_two_four",
    "kept_flops",
    "lasted",
    "libraries",
    "matching_width",
    "measured_break_even",
    "months_between",
    "neighbours",
    "nonzeros",
    "of_levels",
    "one_product",
    "pack",
    "pack_codes",
    "pack_two_four",
    "read_record",
    "row_scale",
    "rule_book",
    "shortest",
    "sparse_product",
    "speed_up",
    "spmm",
    "spmm_gradients",
    "step_cost",
    "submanifold_conv",
    "to_bits",
    "to_csr",
    "to_grid",
    "to_levels",
    "two_four_mask",
    "unpack",
    "unpack_two_four",
    "weight_steps",
    "zipped",
]
