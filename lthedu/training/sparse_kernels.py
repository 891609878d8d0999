"""Compiled loops of the sparse path: one step of a masked MLP that touches its kept weights alone.

A layer with its bias is one sparse matrix W (out, in + 1) whose last column, the bias, meets a feature that is always
1. Two rows that keep everything are computed together, so that what they read is read once. Activations stand
feature-major, (features, batch): the inner loops run over a minibatch, contiguous in memory. A replicate is computed
by itself, so that its numbers depend on nothing beside it. Arrays are copied number by number: a slice that is
assigned to another one takes the compiler more than a second, for the words of an error that cannot happen here.
"""

import numpy as np

from lthedu.base.compiled import compiled, vectorised


@compiled
def by_row(keep, keep_bias, at, at_bias, start, column, place):  # type: ignore[no-untyped-def]
    """The kept entries of a layer (out, in) with its bias, from `start[0]` on; its parameters begin at those places."""
    k, fan_in = start[0], keep.shape[1]
    for o in range(len(keep)):
        for c in range(fan_in):
            if keep[o, c]:
                column[k], place[k] = c, at + o * fan_in + c
                k += 1
        if keep_bias[o]:
            column[k], place[k] = fan_in, at_bias + o
            k += 1
        start[o + 1] = k


@compiled
def by_column(start, column, begin, row, entry):  # type: ignore[no-untyped-def]
    """The entries of a layer column by column, without the bias's; those of column c stand from `begin[c]` on."""
    at = np.zeros_like(begin)
    at[0] = begin[0]
    for k in range(start[0], start[-1]):
        if column[k] < len(at) - 1:
            at[column[k] + 1] += 1
    for c in range(1, len(at)):
        at[c] += at[c - 1]
        begin[c] = at[c]
    for o in range(len(start) - 1):
        for k in range(start[o], start[o + 1]):
            c = column[k]
            if c < len(at) - 1:
                row[at[c]], entry[at[c]] = o, k
                at[c] += 1


@vectorised
def product(start, column, value, x, z):  # type: ignore[no-untyped-def]
    """z (out, batch) = W x for x (in, batch): row o of W is `value` at `column`, from `start[o]` to `start[o + 1]`."""
    z[:] = 0
    o = 0
    while o < len(z):
        k, end = start[o], start[o + 1]
        alike = pair(start, column, o, len(z))
        if alike:
            two_rows(value[k:end], value[end : end + alike], x, z[o], z[o + 1])
            o += 2
            continue
        while k + 4 <= end:  # four at once: z is read and written a quarter as often
            a, b, c, d = value[k], value[k + 1], value[k + 2], value[k + 3]
            p, q, r, s = column[k], column[k + 1], column[k + 2], column[k + 3]
            for j in range(z.shape[1]):
                z[o, j] += a * x[p, j] + b * x[q, j] + c * x[r, j] + d * x[s, j]
            k += 4
        while k < end:
            a, p = value[k], column[k]
            for j in range(z.shape[1]):
                z[o, j] += a * x[p, j]
            k += 1
        o += 1


@vectorised
def slopes(start, column, d, x, found):  # type: ignore[no-untyped-def]
    """The gradients `found` of the kept weights alone, for d (out, batch) behind the layer and x (in, batch) before."""
    zero, o = d.dtype.type(0), 0
    while o < len(d):
        k, end = start[o], start[o + 1]
        alike = pair(start, column, o, len(d))
        if alike:
            two_slopes(d[o], d[o + 1], x, found[k:end], found[end : end + alike])
            o += 2
            continue
        while k + 4 <= end:
            p, q, r, s = column[k], column[k + 1], column[k + 2], column[k + 3]
            a, b, c, e = zero, zero, zero, zero
            for j in range(d.shape[1]):
                a += d[o, j] * x[p, j]
                b += d[o, j] * x[q, j]
                c += d[o, j] * x[r, j]
                e += d[o, j] * x[s, j]
            found[k], found[k + 1], found[k + 2], found[k + 3] = a, b, c, e
            k += 4
        while k < end:
            p, a = column[k], zero
            for j in range(d.shape[1]):
                a += d[o, j] * x[p, j]
            found[k] = a
            k += 1
        o += 1


@vectorised
def pair(start, column, o, rows):  # type: ignore[no-untyped-def]
    """n, if the rows o and o + 1 both keep the first n columns and no others; else 0."""
    n = start[o + 1] - start[o]
    if n == 0 or o + 1 == rows or start[o + 2] - start[o + 1] != n:
        return 0
    return n if column[start[o + 1] - 1] == n - 1 and column[start[o + 2] - 1] == n - 1 else 0


@vectorised
def two_rows(v, w, x, y, z):  # type: ignore[no-untyped-def]
    """y (batch,) += v x and z (batch,) += w x, for v and w (n,) and the first n rows of x (in, batch)."""
    k = 0
    while k + 4 <= len(v):
        a, b, c, d = v[k], v[k + 1], v[k + 2], v[k + 3]
        p, q, r, s = w[k], w[k + 1], w[k + 2], w[k + 3]
        for j in range(x.shape[1]):
            y[j] += a * x[k, j] + b * x[k + 1, j] + c * x[k + 2, j] + d * x[k + 3, j]
            z[j] += p * x[k, j] + q * x[k + 1, j] + r * x[k + 2, j] + s * x[k + 3, j]
        k += 4
    while k < len(v):
        for j in range(x.shape[1]):
            y[j] += v[k] * x[k, j]
            z[j] += w[k] * x[k, j]
        k += 1


@vectorised
def two_slopes(d, e, x, v, w):  # type: ignore[no-untyped-def]
    """v (n,) = x d and w (n,) = x e, for the first n rows of x (in, batch), and d and e (batch,)."""
    zero, k = d.dtype.type(0), 0
    while k + 4 <= len(v):
        a, b, c, f = zero, zero, zero, zero
        p, q, r, s = zero, zero, zero, zero
        for j in range(x.shape[1]):
            a += d[j] * x[k, j]
            b += d[j] * x[k + 1, j]
            c += d[j] * x[k + 2, j]
            f += d[j] * x[k + 3, j]
            p += e[j] * x[k, j]
            q += e[j] * x[k + 1, j]
            r += e[j] * x[k + 2, j]
            s += e[j] * x[k + 3, j]
        v[k], v[k + 1], v[k + 2], v[k + 3] = a, b, c, f
        w[k], w[k + 1], w[k + 2], w[k + 3] = p, q, r, s
        k += 4
    while k < len(v):
        a, b = zero, zero
        for j in range(x.shape[1]):
            a += d[j] * x[k, j]
            b += e[j] * x[k, j]
        v[k], w[k] = a, b
        k += 1


@vectorised
def errors(z, y):  # type: ignore[no-untyped-def]
    """Logits z (classes, batch) become the gradient of the mean cross-entropy: (softmax - one-hot) / batch."""
    classes, batch = z.shape
    for j in range(batch):
        top, total = z[0, j], z.dtype.type(0)
        for c in range(classes):
            top = max(top, z[c, j])
        for c in range(classes):
            z[c, j] = np.exp(z[c, j] - top)
            total += z[c, j]
        for c in range(classes):
            z[c, j] /= total * batch
        z[y[j], j] -= 1 / batch


@vectorised
def adam(w, g, m, v, rule):  # type: ignore[no-untyped-def]
    """Adam and AdamW: weights w, gradients g, and the averages m and v of gradients and of their squares."""
    decay, shrink, size, root, eps = rule[0], rule[1], rule[2], rule[3], rule[4]
    keep_m, take_m, keep_v, take_v = rule[5], rule[6], rule[7], rule[8]
    for k in range(len(w)):
        slope = g[k] + decay * w[k]
        m[k] = keep_m * m[k] + take_m * slope
        v[k] = keep_v * v[k] + take_v * slope * slope
        w[k] = shrink * w[k] - size * m[k] / (np.sqrt(v[k]) / root + eps)


@vectorised
def sgd(w, g, m, rule):  # type: ignore[no-untyped-def]
    """Gradient descent with momentum m."""
    decay, size, keep = rule[0], rule[1], rule[2]
    for k in range(len(w)):
        m[k] = keep * m[k] + (g[k] + decay * w[k])
        w[k] -= size * m[k]


@vectorised
def forward(q, kept, value, buffer):  # type: ignore[no-untyped-def]
    """The network whose first row is row `q` of all, from the inputs at the beginning of `buffer` (see `steps`).

    What each layer is given stays there, ReLU applied; the logits stand behind it.
    """
    widths, at, zero = kept.widths, 0, value.dtype.type(0)
    for layer in range(len(widths) - 1):
        fan_in, fan_out = widths[layer], widths[layer + 1]
        h, z = buffer[at : at + fan_in + 1], buffer[at + fan_in + 1 : at + fan_in + 1 + fan_out]
        product(kept.start[q : q + fan_out + 1], kept.column, value, h, z)
        if layer < len(widths) - 2:
            for i in range(fan_out):
                for j in range(z.shape[1]):
                    z[i, j] = zero if z[i, j] < zero else z[i, j]  # NaN stays
        at, q = at + fan_in + 1, q + fan_out


@vectorised
def backward(r, kept, value, turned, slope, buffer):  # type: ignore[no-untyped-def]
    """The gradients `slope` of the replicate `r` after `forward` and `errors`; its activations are overwritten."""
    widths, zero = kept.widths, value.dtype.type(0)
    layers = len(widths) - 1
    at = widths[:-1].sum() + layers  # where the outputs begin in `buffer`
    d, spare = buffer[at : at + widths[-1]], buffer[at + widths[-1] :]
    q, p = (r + 1) * widths[1:].sum(), (r + 1) * widths[1:-1].sum()
    for layer in range(layers - 1, -1, -1):
        fan_in, fan_out = widths[layer], widths[layer + 1]
        at, q = at - fan_in - 1, q - fan_out
        h = buffer[at : at + fan_in + 1]
        slopes(kept.start[q : q + fan_out + 1], kept.column, d, h, slope)
        if layer:
            p -= fan_in
            begin = kept.start_by_column[p : p + fan_in + 1]
            for k in range(begin[0], begin[-1]):
                turned[k] = value[kept.entry[k]]
            product(begin, kept.row, turned, d, spare[:fan_in])
            for i in range(fan_in):
                for j in range(h.shape[1]):
                    h[i, j] = spare[i, j] if h[i, j] > zero else zero
            d = h[:fan_in]
    for k in kept.pruned[kept.begin_pruned[r] : kept.begin_pruned[r + 1]]:
        slope[k] = zero


@vectorised
def steps(share, begin, end, chosen, x, y, kept, value, before, turned, slope, first, second, rules, buffer):  # type: ignore[no-untyped-def]
    """The steps `begin` to `end` - 1 of each replicate in `share`, on the examples `chosen` (steps, R, batch).

    The examples are of x (n, features) and y (n,); replicates that follow each other with the same ones share their
    reading. `value` (N,), the weights that stand where `kept` says, and the optimizer's memory `first` and `second`
    are updated by `rules` (steps, ...); without a second one the rule is `sgd`. `before` becomes the weights before the
    last of all steps. `turned` and `slope` are room to work in, and so is `buffer`: for each layer its inputs and a row
    of ones, then the outputs, then the widest layer once more.
    """
    widths = kept.widths
    rows, outputs = widths[1:].sum(), widths[:-1].sum() + len(widths) - 1
    z = buffer[outputs : outputs + widths[-1]]
    i = 0
    while i < len(share):
        alike = i + 1
        while alike < len(share) and (chosen[:, share[i]] == chosen[:, share[alike]]).all():
            alike += 1
        for t in range(begin, end):
            examples = chosen[t, share[i]]
            for c in range(widths[0]):
                for j in range(len(examples)):
                    buffer[c, j] = x[examples[j], c]
            for r in share[i:alike]:
                a, b = kept.start[r * rows], kept.start[(r + 1) * rows]
                forward(r * rows, kept, value, buffer)
                errors(z, y[examples])
                backward(r, kept, value, turned, slope, buffer)
                if t == len(chosen) - 1:
                    for k in range(a, b):
                        before[k] = value[k]
                if len(second):
                    adam(value[a:b], slope[a:b], first[a:b], second[a:b], rules[t])
                else:
                    sgd(value[a:b], slope[a:b], first[a:b], rules[t])
        i = alike


@vectorised
def logits(kept, value, x, begin, end, buffer, out):  # type: ignore[no-untyped-def]
    """`out` (R, classes, n) at the blocks `begin` to `end` - 1 of x (n, features), each as wide as `buffer`."""
    widths = kept.widths
    rows, outputs, width = widths[1:].sum(), widths[:-1].sum() + len(widths) - 1, buffer.shape[1]
    for block in range(begin, end):
        first, many = block * width, min(width, len(x) - block * width)
        for c in range(widths[0]):
            for j in range(many):  # behind them stands what was there before
                buffer[c, j] = x[first + j, c]
        for r in range(len(out)):
            forward(r * rows, kept, value, buffer)
            for c in range(widths[-1]):
                for j in range(many):
                    out[r, c, first + j] = buffer[outputs + c, j]
