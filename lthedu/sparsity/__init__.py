"""What sparsity costs and brings: bytes and multiplications, and how large a dense network is that takes as many."""

from lthedu.sparsity.sizes import bottleneck_width, matching_width
from lthedu.sparsity.storage import csr_bytes, dense_bytes, nonzeros
from lthedu.sparsity.training_cost import step_cost

__all__ = ["bottleneck_width", "csr_bytes", "dense_bytes", "matching_width", "nonzeros", "step_cost"]
