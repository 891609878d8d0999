"""What a mask knows: masks over weights that never train, by criterion, by gradient and by search without gradients."""

from lthedu.supermasks.criteria import CRITERIA, different_sign, same_sign

__all__ = ["CRITERIA", "different_sign", "same_sign"]
