"""Mistakes that people really make in this lesson, and what they are told."""

from typing import Any

import numpy as np

from lthedu.exercises.core import mistake
from lthedu.hashing import active_softmax, build_tables, centre, simhash, wta
from lthedu.hashing.simhash import Codes, Vectors

# simhash -----------------------------------------------------------------------------------------------------


@mistake("simhash", "the bits are turned round: a bit is 1 on the positive side of its plane")
def negative_side(vectors: Vectors, planes: Vectors) -> Any:
    return (vectors @ planes.T < 0) @ (1 << np.arange(len(planes)))


@mistake("simhash", "the first plane counts most here; plane 0 is bit 0 and counts 1")
def first_counts_most(vectors: Vectors, planes: Vectors) -> Any:
    return simhash(vectors, planes[::-1])


@mistake("simhash", "this counts the bits that are 1; different sides of different planes then look the same")
def counts_bits(vectors: Vectors, planes: Vectors) -> Any:
    return (vectors @ planes.T > 0).sum(1)


@mistake("simhash", "bit 0 counts 2 here; it counts 2^0, which is 1")
def twice(vectors: Vectors, planes: Vectors) -> Any:
    return 2 * simhash(vectors, planes)


@mistake("simhash", "a vector that lies in a plane gets a 1 here; the product must be above 0")
def zero_counts(vectors: Vectors, planes: Vectors) -> Any:
    return (vectors @ planes.T >= 0) @ (1 << np.arange(len(planes)))


@mistake("simhash", "this uses only the first plane; every plane gives a bit")
def first_plane(vectors: Vectors, planes: Vectors) -> Any:
    return (vectors @ planes[0] > 0).astype(int)


# chance_found ------------------------------------------------------------------------------------------------


@mistake("chance_found", "this is the chance that every table misses the pair; subtract it from 1")
def missed(same: float, bits: int, tables: int) -> Any:
    return (1 - same**bits) ** tables


@mistake("chance_found", "bits and tables are exchanged: all bits must agree, in one table or more")
def exchanged(same: float, bits: int, tables: int) -> Any:
    return 1 - (1 - same**tables) ** bits


@mistake("chance_found", "this adds up the chances of the tables, which can be more than 1; multiply those of missing")
def added_up(same: float, bits: int, tables: int) -> Any:
    return tables * same**bits


@mistake("chance_found", "this asks that the codes agree in every table; one table is enough")
def in_every_table(same: float, bits: int, tables: int) -> Any:
    return same ** (bits * tables)


@mistake("chance_found", "this asks for one bit that agrees; all bits of a table must agree")
def any_bit(same: float, bits: int, tables: int) -> Any:
    return 1 - (1 - same) ** (bits * tables)


@mistake("chance_found", "this asks for one bit that agrees in every table; all bits must agree, in one table or more")
def a_bit_of_every_table(same: float, bits: int, tables: int) -> Any:
    return (1 - (1 - same) ** bits) ** tables


@mistake("chance_found", "this is for one table; there are several")
def one_table(same: float, bits: int, tables: int) -> Any:
    return same**bits


# build_tables ------------------------------------------------------------------------------------------------


@mistake("build_tables", "each bucket keeps only its last row; begin a list and append to it")
def keeps_the_last(codes: Codes) -> Any:
    return [{code: rows[-1:] for code, rows in table.items()} for table in build_tables(codes)]


@mistake("build_tables", "each bucket keeps only its first row; begin a list and append to it")
def keeps_the_first(codes: Codes) -> Any:
    return [{code: rows[:1] for code, rows in table.items()} for table in build_tables(codes)]


@mistake("build_tables", "all tables hold the same, the codes of all columns; table t holds column t alone")
def all_in_one(codes: Codes) -> Any:
    table: dict[int, list[int]] = {}
    for row, code in np.ndenumerate(codes):
        if row[0] not in table.setdefault(int(code), []):
            table[int(code)].append(row[0])
    return [table] * codes.shape[1]


@mistake("build_tables", "this turns a table round: look up a code, and find rows")
def by_row(codes: Codes) -> Any:
    return [{row: [int(code)] for row, code in enumerate(column)} for column in codes.T]


@mistake("build_tables", "rows are counted from 1; the first row is 0")
def from_one(codes: Codes) -> Any:
    return [{code: rows + 1 for code, rows in table.items()} for table in build_tables(codes)]


# active_softmax ----------------------------------------------------------------------------------------------


@mistake("active_softmax", "these are the probabilities; the gradient at the label is less by 1")
def probabilities(logits: Vectors) -> Any:
    error = active_softmax(logits)
    error[0] += 1
    return error


@mistake("active_softmax", "the sign is turned round; a step goes against the gradient of the loss")
def other_sign(logits: Vectors) -> Any:
    return -active_softmax(logits)


@mistake("active_softmax", "this takes the last row for the label's; it is the first")
def label_last(logits: Vectors) -> Any:
    return active_softmax(logits[::-1])[::-1]


@mistake("active_softmax", "this takes the row with the largest logit for the label's; it is the first")
def label_largest(logits: Vectors) -> Any:
    error = probabilities(logits)
    error[logits.argmax()] -= 1
    return error


@mistake(
    "active_softmax", "exp overflows for large logits; subtract the largest logit first, which changes nothing else"
)
def overflows(logits: Vectors) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        odds = np.exp(logits)
        error = odds / odds.sum()
    error[0] -= 1
    return error


@mistake(
    "active_softmax", "another logit may be far above the label's, and exp overflows then; subtract the largest one"
)
def less_the_labels(logits: Vectors) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        odds = np.exp(logits - logits[0])
        error = odds / odds.sum()
    error[0] -= 1
    return error


@mistake("active_softmax", "this is divided by the number of active rows; it is the gradient for one example")
def over_the_rows(logits: Vectors) -> Any:
    return active_softmax(logits) / len(logits)


@mistake("active_softmax", "this is a sigmoid for each row; a softmax divides by the sum over the active rows")
def sigmoids(logits: Vectors) -> Any:
    error = 1 / (1 + np.exp(-logits))
    error[0] -= 1
    return error


# centre ------------------------------------------------------------------------------------------------------


@mistake("centre", "both lose the average of the rows; queries have an average of their own")
def of_the_rows(rows: Vectors, queries: Vectors) -> Any:
    return rows.mean(0), rows.mean(0)


@mistake("centre", "both lose the average of the queries; rows have an average of their own")
def of_the_queries(rows: Vectors, queries: Vectors) -> Any:
    return queries.mean(0), queries.mean(0)


@mistake("centre", "the two averages are exchanged: first what the rows lose, then what the queries lose")
def turned_round(rows: Vectors, queries: Vectors) -> Any:
    return centre(queries, rows)


@mistake("centre", "only the queries are centred; rows have an average, too")
def queries_alone(rows: Vectors, queries: Vectors) -> Any:
    return np.zeros_like(rows[0]), queries.mean(0)


@mistake("centre", "only the rows are centred; queries have an average, too")
def rows_alone(rows: Vectors, queries: Vectors) -> Any:
    return rows.mean(0), np.zeros_like(rows[0])


@mistake("centre", "this is one number for all coordinates; each coordinate has an average of its own")
def one_number(rows: Vectors, queries: Vectors) -> Any:
    return np.full_like(rows[0], rows.mean()), np.full_like(rows[0], queries.mean())


@mistake("centre", "this averages each vector over its coordinates; average each coordinate over the vectors: mean(0)")
def over_coordinates(rows: Vectors, queries: Vectors) -> Any:
    size = rows.shape[1]
    return np.resize(rows.mean(1), size), np.resize(queries.mean(1), size)


@mistake("centre", "this is the sum of the vectors; divide it by how many there are")
def sums(rows: Vectors, queries: Vectors) -> Any:
    return rows.sum(0), queries.sum(0)


@mistake("centre", "both lose the average of rows and queries together; each set has one of its own")
def together(rows: Vectors, queries: Vectors) -> Any:
    both = np.concatenate([rows, queries]).mean(0)
    return both, both


# wta ---------------------------------------------------------------------------------------------------------


@mistake("wta", "this is the smallest coordinate; the largest one wins")
def smallest(vectors: Vectors, orders: Any) -> Any:
    return wta(-vectors, orders)


@mistake("wta", "this notes the number of the winning coordinate; note its place among those that are compared")
def number_of_the_winner(vectors: Vectors, orders: Any) -> Any:
    _, symbols, width = orders.shape
    places = vectors[:, orders].argmax(-1)[..., None]
    winners = np.take_along_axis(np.broadcast_to(orders, (len(vectors), *orders.shape)), places, -1)[..., 0]
    return winners @ (width ** np.arange(symbols))


@mistake(
    "wta", "symbol k counts 2^k here; a symbol has as many values as coordinates are compared, so it counts width^k"
)
def in_bits(vectors: Vectors, orders: Any) -> Any:
    return vectors[:, orders].argmax(-1) @ (1 << np.arange(orders.shape[1]))


@mistake("wta", "the first symbol counts most here; symbol 0 counts 1")
def first_symbol_counts_most(vectors: Vectors, orders: Any) -> Any:
    return wta(vectors, orders[:, ::-1])


@mistake("wta", "sizes win here, whatever their sign; the largest coordinate wins")
def by_size(vectors: Vectors, orders: Any) -> Any:
    return wta(np.abs(vectors), orders)
