"""Bytes against SciPy's own CSR matrices."""

import numpy as np
import pytest
import scipy.sparse
import torch

from lthedu.networks.models import lenet_300_100
from lthedu.pruning import magnitude, select
from lthedu.sparsity import csr_bytes, dense_bytes, nonzeros


@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.4])
def test_csr_takes_the_bytes_that_scipys_arrays_take(density):
    net = {n: p.detach() for n, p in lenet_300_100().named_parameters()}
    mask = select(magnitude(net), density)
    expected = 0
    for name, p in net.items():
        if name in mask:
            csr = scipy.sparse.csr_matrix(np.where(mask[name], p, 0))
            assert csr.indices.dtype == csr.indptr.dtype == np.int32
            expected += csr.data.nbytes + csr.indices.nbytes + csr.indptr.nbytes
        else:
            expected += p.numpy().nbytes
    assert csr_bytes(net, mask) == expected


def test_a_matrix_that_is_smaller_dense_is_stored_dense():
    net = {n: p.detach() for n, p in lenet_300_100().named_parameters()}
    assert csr_bytes(net, select(magnitude(net), 0.9)) == dense_bytes(net) == 4 * 266_610


def test_what_has_no_mask_counts_as_kept():
    weights = {"w": torch.ones(2, 3), "b": torch.ones(2)}
    assert nonzeros(weights, {}) == 8
    assert nonzeros(weights, {"w": torch.zeros(2, 3, dtype=torch.bool)}) == 2


@pytest.mark.parametrize("count", [nonzeros, csr_bytes])
def test_a_mask_that_does_not_fit_is_refused(count):
    with pytest.raises(ValueError, match="the mask names 'v'"):
        count({"w": torch.ones(2, 3)}, {"v": torch.ones(2, 3, dtype=torch.bool)})
