"""What sparsity costs and brings: bytes, and large sparse networks against small dense ones."""

from lthedu.sparsity.compare import (
    BOTTLENECK,
    DENSE,
    GRADUAL,
    ONE_SHOT,
    SAME_BYTES,
    SMALL,
    Comparison,
    Settings,
    scaled_settings,
)
from lthedu.sparsity.sizes import matching_width
from lthedu.sparsity.storage import csr_bytes, dense_bytes, nonzeros

__all__ = [
    "BOTTLENECK",
    "DENSE",
    "GRADUAL",
    "ONE_SHOT",
    "SAME_BYTES",
    "SMALL",
    "Comparison",
    "Settings",
    "csr_bytes",
    "dense_bytes",
    "matching_width",
    "nonzeros",
    "scaled_settings",
]
