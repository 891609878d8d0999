"""Whether signals, atoms and codes fit together: asked at every door of this folder."""

from torch import Tensor


def refuse_misfits(x: Tensor, atoms: Tensor, code: Tensor | None = None, one: bool = False) -> None:
    """Raise ValueError unless x is (n, d), atoms (m, d) and the code (n, m), all of one float type.

    With `one`, x is a single signal (d,) and the code (m,).

    >>> import torch
    >>> refuse_misfits(torch.ones(3, 2), torch.ones(5, 4))
    Traceback (most recent call last):
    ValueError: x has shape (3, 2) and atoms (5, 4); allowed: x of shape (n, 4), as many numbers as an atom has
    """
    if atoms.ndim != 2 or not len(atoms) or not atoms.is_floating_point():
        raise ValueError(f"atoms is {atoms.dtype} of shape {tuple(atoms.shape)}; allowed: floats of shape (m, d)")
    many, pixels = atoms.shape
    if x.ndim != (1 if one else 2) or x.shape[-1] != pixels:
        allowed = f"({pixels},)" if one else f"(n, {pixels})"
        shapes = f"x has shape {tuple(x.shape)} and atoms {tuple(atoms.shape)}"
        raise ValueError(f"{shapes}; allowed: x of shape {allowed}, as many numbers as an atom has")
    if x.dtype != atoms.dtype:
        raise ValueError(f"x is {x.dtype} of shape {tuple(x.shape)}; allowed: {atoms.dtype}, as the atoms are")
    if code is not None and (code.shape != (*x.shape[:-1], many) or code.dtype != atoms.dtype):
        expected = (*x.shape[:-1], many)
        raise ValueError(f"code is {code.dtype} of shape {tuple(code.shape)}; allowed: {atoms.dtype} of {expected}")
