"""Other right answers to this lesson's exercises, and wrong ones that no mistake of the course describes."""

import math
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from answers import right, told

from lthedu.hashing import active_softmax, build_tables, centre, chance_found, simhash, wta
from lthedu.hashing.simhash import Codes, Vectors

# simhash


@right("simhash")
def bit_by_bit(vectors: Vectors, planes: Vectors) -> Any:
    codes = []
    for vector in vectors:
        code = 0
        for k, plane in enumerate(planes):
            if sum(a * b for a, b in zip(vector, plane, strict=True)) > 0:
                code += 2**k
        codes.append(code)
    return codes


@right("simhash")
def by_torch(vectors: Vectors, planes: Vectors) -> Any:
    bits = torch.as_tensor(planes) @ torch.as_tensor(vectors).T > 0
    return (bits.double() * 2.0 ** torch.arange(len(planes))[:, None]).sum(0)


@told("simhash", "the answer has shape")
def the_bits(vectors: Vectors, planes: Vectors) -> Any:
    return (vectors @ planes.T > 0)[None]


@told("simhash", "those are not the codes of the vectors")
def one_more(vectors: Vectors, planes: Vectors) -> Any:
    return simhash(vectors, planes) + 1


@told("simhash", "whole numbers")
def halves(vectors: Vectors, planes: Vectors) -> Any:
    return simhash(vectors, planes) / 2 + 0.25


# chance_found


@right("chance_found")
def table_by_table(same: float, bits: int, tables: int) -> Any:
    missed = 1.0
    for _ in range(tables):
        missed *= 1 - math.prod([same] * bits)
    return 1 - missed


@right("chance_found")
def in_an_array(same: float, bits: int, tables: int) -> Any:
    return np.array([1 - np.power(1 - np.power(same, bits), tables)])


@told("chance_found", "that is not the chance that one table or more has both in one bucket")
def half_of_it(same: float, bits: int, tables: int) -> Any:
    return chance_found(same, bits, tables) / 2


@told("chance_found", "expected one number, a chance")
def for_each_table(same: float, bits: int, tables: int) -> Any:
    return [same**bits] * (tables + 1)


# build_tables


@right("build_tables")
def with_lists(codes: Codes) -> Any:
    tables = []
    for column in codes.T:
        table = defaultdict(list)
        for row, code in enumerate(column.tolist()):
            table[code].append(row)
        tables.append(table)
    return tables


@right("build_tables")
def with_masks(codes: Codes) -> Any:
    return tuple({code: np.flatnonzero(column == code) for code in set(column.tolist())} for column in codes.T)


@right("build_tables")
def with_sets(codes: Codes) -> Any:
    return [{code: {r for r, c in enumerate(column) if c == code} for code in column} for column in codes.T]


@told("build_tables", "a table is")
def lists_of_rows(codes: Codes) -> Any:
    return [list(table.values()) for table in build_tables(codes)]


@told("build_tables", "expected a list of rows")
def single_rows(codes: Codes) -> Any:
    return [{code: int(rows[0]) for code, rows in table.items()} for table in build_tables(codes)]


@told("build_tables", "expected a dict for each column of codes")
def one_table_more(codes: Codes) -> Any:
    return [*build_tables(codes), {}]


@told("build_tables", "those are not the rows of each code, table by table")
def codes_one_higher(codes: Codes) -> Any:
    return [{code + 1: rows for code, rows in table.items()} for table in build_tables(codes)]


# active_softmax


@right("active_softmax")
def by_autograd(logits: Vectors) -> Any:
    z = torch.as_tensor(logits, dtype=torch.float64).requires_grad_()
    torch.nn.functional.cross_entropy(z[None], torch.tensor([0])).backward()
    return z.grad


@right("active_softmax")
def number_by_number(logits: Vectors) -> Any:
    top = max(logits)
    odds = [math.exp(z - top) for z in logits]
    return [odd / sum(odds) - (place == 0) for place, odd in enumerate(odds)]


@told("active_softmax", "that is not the gradient of the loss at the logits")
def twice_as_large(logits: Vectors) -> Any:
    return 2 * active_softmax(logits)


@told("active_softmax", "the answer has shape")
def the_loss(logits: Vectors) -> Any:
    return -np.log(active_softmax(logits)[0] + 1)


# centre


@right("centre")
def coordinate_by_coordinate(rows: Vectors, queries: Vectors) -> Any:
    return [[sum(column) / len(column) for column in vectors.T] for vectors in (rows, queries)]


@right("centre")
def by_matrix_products(rows: Vectors, queries: Vectors) -> Any:
    return tuple(torch.as_tensor(np.ones(len(v)) @ v / len(v)) for v in (rows, queries))


@told("centre", "expected two vectors")
def rows_only(rows: Vectors, queries: Vectors) -> Any:
    return (rows.mean(0),)


@told("centre", "what the rows lose has shape")
def over_the_wrong_axis(rows: Vectors, queries: Vectors) -> Any:
    return rows.mean(1, keepdims=True), queries.mean(1, keepdims=True)


@told("centre", "those are not the two averages to subtract")
def with_the_other_sign(rows: Vectors, queries: Vectors) -> Any:
    return tuple(-mean for mean in centre(rows, queries))


# wta


@right("wta")
def symbol_by_symbol(vectors: Vectors, orders: Any) -> Any:
    found = []
    for vector in vectors:
        codes = []
        for table in orders:
            places = [int(np.argmax(vector[some])) for some in table]
            codes.append(sum(place * len(table[0]) ** k for k, place in enumerate(places)))
        found.append(codes)
    return found


@right("wta")
def with_take(vectors: Vectors, orders: Any) -> Any:
    places = torch.as_tensor(np.take(vectors, orders, axis=1).argmax(-1))
    return places @ (orders.shape[2] ** torch.arange(orders.shape[1]))


@told("wta", "the answer has shape")
def the_symbols(vectors: Vectors, orders: Any) -> Any:
    return vectors[:, orders].argmax(-1)[None]


@told("wta", "those are not the codes")
def one_higher(vectors: Vectors, orders: Any) -> Any:
    return wta(vectors, orders) + 1
