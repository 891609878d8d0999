"""How many numbers and bytes a masked network takes."""

from lthedu.base.arguments import typed
from lthedu.networks.masks import Mask, Params, check_fits


@typed
def nonzeros(params: Params, mask: Mask) -> int:
    """Numbers that have to be stored: kept weights, and every parameter without a mask, such as a bias.

    >>> import torch
    >>> nonzeros({"w": torch.ones(2, 3), "b": torch.ones(2)}, {"w": torch.eye(2, 3, dtype=torch.bool)})
    4
    """
    check_fits(mask, params)
    return sum(int(mask[name].sum()) if name in mask else p.numel() for name, p in params.items())


@typed
def dense_bytes(params: Params) -> int:
    """Bytes of the parameters as they are, zeros included: 4 for each float32.

    >>> import torch
    >>> dense_bytes({"w": torch.ones(2, 3), "b": torch.ones(2)})
    32
    """
    return sum(p.numel() * p.element_size() for p in params.values())


@typed
def csr_bytes(params: Params, mask: Mask) -> int:
    """Bytes with every masked matrix in compressed sparse rows (CSR), or dense where that takes less.

    CSR stores for each kept weight its value and its column, and for each row where it begins; with 4-byte
    indices a float32 weight costs 8 bytes instead of 4. A matrix is (out, in), its rows are the outputs.

    >>> import torch
    >>> csr_bytes({"w": torch.ones(2, 30), "b": torch.ones(2)}, {"w": torch.eye(2, 30, dtype=torch.bool)})
    36
    """
    check_fits(mask, params)
    total = 0
    for name, p in params.items():
        whole = p.numel() * p.element_size()
        if name in mask:
            kept, rows = int(mask[name].sum()), p.shape[0]
            whole = min(whole, kept * (p.element_size() + 4) + 4 * (rows + 1))
        total += whole
    return total
