"""One line that tells tensors from others."""

import torch

from lthedu.base.fingerprint import fingerprint


def test_it_is_equal_exactly_when_the_tensors_are():
    w = torch.tensor([1.0, 0.0])
    same = fingerprint({"w": w, "v": w})
    assert same == fingerprint({"v": w.clone(), "w": w.clone()})  # the order of names does not matter
    others = (
        {"w": w},
        {"w": w, "u": w},
        {"w": w, "v": torch.tensor([1.0, -0.0])},
        {"w": w, "v": w.double()},
        {"w": w, "v": w[None]},
        {"w": w, "v": w.flip(0)},
    )
    assert len({same, *map(fingerprint, others)}) == 7


def test_tensors_that_share_memory_have_one():
    base = torch.arange(6.0)
    assert fingerprint({"a": base, "b": base[2:]}) == fingerprint({"a": base.clone(), "b": base[2:].clone()})


def test_its_value_is_that_of_the_last_version():
    one = {"w": torch.arange(6.0).view(2, 3), "b": torch.tensor([True])}
    assert fingerprint(one) == "0ff93d3216c22cc65da1928cf9347a1705342cb6c6b0f88637df6410a9289b84"
    assert fingerprint({"b": torch.ones(2, dtype=torch.bfloat16)})  # numpy has no such type
