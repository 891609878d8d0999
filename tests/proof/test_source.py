"""The random source: bits that are the same everywhere, and numbers that are what they are said to be."""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from lthedu.base.streams import derive
from lthedu.networks.models import MLP
from lthedu.proof import Source, source

# SHA-256 over the little-endian float32 bytes of every parameter, in order of the layers
GOLDEN = {
    (0, (4, 10, 3, 7, 2), 0): "9dcf93c6f50120f6b2018a90479f0583e967dee6dedef49d199bcf5125c10318",
    (7, (4, 10, 3, 7, 2), 9): "a416d8f2101d582b0389b3cbe1a9e651649a3e9469c6b755b613cad9da4578f0",
    (2**63 - 1, (3, 1), 0): "c545327de7df04b87cbbabb3dcf37debdae78e0d7d2934bfa4e5810531a5d220",
}


def digest(params: dict[str, torch.Tensor]) -> str:
    found = hashlib.sha256()
    for p in params.values():
        found.update(p.numpy().astype("<f4").tobytes())
    return found.hexdigest()


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x64 with ten rounds, written from the paper: two 128-bit products a round, and a key that steps."""
    word = (1 << 64) - 1
    for _ in range(10):
        (a, b), (c, d) = (
            divmod(0xD2E7470EE14C6C93 * counter[0], 1 << 64),
            divmod(0xCA5A826395121157 * counter[2], 1 << 64),
        )
        counter = [c ^ counter[1] ^ key[0], d, a ^ counter[3] ^ key[1], b]
        key = [(key[0] + 0x9E3779B97F4A7C15) & word, (key[1] + 0xBB67AE8584CAA73B) & word]
    return counter


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        (0, 0, "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
        (2**256 - 1, 2**128 - 1, "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0"),
    ],
)
def test_the_generator_is_philox_by_the_answers_that_its_authors_publish(counter: int, key: int, words: str) -> None:
    """Random123, kat_vectors, philox4x64 10. numpy adds 1 to the counter before it draws."""
    known = [int(word, 16) for word in words.split()]
    bits = np.random.Philox(counter=(counter - 1) % 2**256, key=key)
    assert bits.random_raw(4).tolist() == known
    split = [[value >> (64 * i) & (2**64 - 1) for i in range(many)] for value, many in ((counter, 4), (key, 2))]
    assert philox(*split) == known


def test_every_number_is_a_half_of_a_word_of_philox_and_nothing_else() -> None:
    """The source by hand, from Python's integers."""
    made = Source(5, (3, 7, 2)).param("layers.0.weight").flatten().tolist()
    key = [derive(5, "source", "layers.0.weight"), 0]
    words = [word for block in range(1, 4) for word in philox([block, 0, 0, 0], key)]
    halves = [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]
    assert made == [(2 * (half >> 8) + 1 - 2**24) / 2**24 for half in halves[:21]]

    made = Source(5, (3, 4), octaves=6).param("layers.0.weight").flatten().tolist()
    by_hand = []
    for word in words[:12]:
        octave = (word >> 32) * 6 >> 32
        place = 1 + (word & 0x7FFFFF) / 2**23
        by_hand.append((-1) ** (word >> 31 & 1) * place * 2.0 ** -(octave + 1))
    assert made == by_hand


@pytest.mark.parametrize("what", GOLDEN)
def test_its_bits_never_change(what) -> None:
    # a ticket is a seed and a mask: with other bits, every ticket that anybody kept is lost
    assert digest(Source(*what).params()) == GOLDEN[what]


@pytest.mark.parametrize("octaves", [0, 9])
def test_how_many_are_drawn_at_a_time_changes_nothing(octaves: int, monkeypatch) -> None:
    whole = Source(1, (31, 33), octaves).params()
    for block in (8, 24, 1024):
        monkeypatch.setattr(source, "BLOCK", block)
        assert digest(Source(1, (31, 33), octaves).params()) == digest(whole)


def test_each_parameter_has_a_stream_of_its_own() -> None:
    a, b = Source(0, (20, 30, 5)).params(), Source(1, (20, 30, 5)).params()
    first = [p.flatten()[:5].tolist() for made in (a, b) for p in made.values()]
    assert len({tuple(values) for values in first}) == 8
    wider = Source(0, (20, 40, 5)).params()  # the first rows of a wider layer are those of the narrower one
    assert wider["layers.0.weight"][:30].equal(a["layers.0.weight"])


def test_every_uniform_number_is_an_odd_multiple_of_the_smallest() -> None:
    for p in Source(0, (300, 200, 50)).params().values():
        steps = p.double().numpy() * 2**24
        assert p.dtype == torch.float32
        assert (steps == np.round(steps)).all()
        assert (np.abs(steps) % 2 == 1).all()  # never 0, never 1
        assert np.abs(steps).max() < 2**24


def test_the_ends_of_the_bits_stay_inside() -> None:
    words = np.array([0, 2**64 - 1, 0xFFFFFFFF], np.uint64)
    assert source._uniform(words, 6, 0).tolist() == [
        -(1 - 2**-24), -(1 - 2**-24), 1 - 2**-24, 1 - 2**-24, 1 - 2**-24, -(1 - 2**-24)
    ]  # fmt: skip
    for octaves in (1, 9, 100):
        found = np.abs(source._octaves(words, 3, octaves))
        assert found[0] == 0.5
        assert found[1] == np.float32(2**24 - 1) * 2.0 ** -(23 + octaves)
        assert (found > 0).all()
        assert found.max() < 1


def test_the_uniform_numbers_are_uniform_and_do_not_depend_on_their_neighbours() -> None:
    x = Source(11, (500, 800)).param("layers.0.weight").double().numpy()
    n = x.size
    assert abs(x.mean()) < 4 / np.sqrt(3 * n)
    assert x.var() == pytest.approx(1 / 3, abs=4 * np.sqrt(4 / 45 / n))
    counts = np.histogram(x, bins=64, range=(-1, 1))[0]
    assert (((counts - n / 64) ** 2) / (n / 64)).sum() < 63 + 5 * np.sqrt(2 * 63)  # chi-square
    flat = x.ravel()
    for lag in (1, 2, 500):
        assert abs(np.mean(flat[:-lag] * flat[lag:])) < 4 / 3 / np.sqrt(n)
    low = (np.abs(flat) * 2**24).astype(np.int64) >> 1 & 0xFF  # the low bits are as random as the high ones
    counts = np.bincount(low, minlength=256)
    assert (((counts - n / 256) ** 2) / (n / 256)).sum() < 255 + 5 * np.sqrt(2 * 255)


def test_the_octaves_are_equally_full_with_either_sign_and_uniform_inside() -> None:
    octaves = 7
    x = Source(11, (500, 400), octaves).param("layers.0.weight").double().numpy().ravel()
    place, octave = np.frexp(np.abs(x))  # |x| = place * 2^octave, place in [1/2, 1)
    n = x.size
    assert set(-octave) == set(range(octaves))
    for sign in (1, -1):
        counts = np.bincount(-octave[np.sign(x) == sign], minlength=octaves)
        assert counts == pytest.approx(np.full(octaves, n / 2 / octaves), abs=5 * np.sqrt(n / 2 / octaves))
    for e in range(octaves):
        inside = place[octave == -e]
        assert inside.mean() == pytest.approx(0.75, abs=5 * 0.5 / np.sqrt(12 * len(inside)))
    # against the density c / |v|: between ln 2 and 2 ln 2 of it
    v = np.abs(x)
    counts, edges = np.histogram(v, bins=np.geomspace(2.0**-octaves, 1, 8 * octaves + 1))
    density = counts / np.diff(edges) / n
    ratio = density * np.sqrt(edges[1:] * edges[:-1]) * octaves * np.log(2)
    assert 0.65 < ratio.min() < 0.75
    assert 1.3 < ratio.max() < 1.45


def test_shapes_count_and_module() -> None:
    made = Source(0, (5, 7, 3))
    net = MLP([5, 7, 3])
    assert made.shapes() == {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert made.count() == sum(p.numel() for p in net.parameters()) == 7 * 6 + 3 * 8
    module = made.module()
    net.load_state_dict(made.params())
    x = torch.rand(4, 5)
    assert module(x).equal(net(x))
    assert not any(p.requires_grad for p in module.parameters())


def test_making_it_leaves_torchs_random_state() -> None:
    state = torch.get_rng_state()
    Source(0, (5, 7, 3)).module()
    assert torch.equal(torch.get_rng_state(), state)


def test_numpys_whole_numbers_are_whole_numbers_and_counts_do_not_overflow() -> None:
    made = Source(np.int64(3), np.array([4, 2]))
    assert made == Source(3, (4, 2))
    assert json.dumps(asdict(made)) == json.dumps(asdict(Source(3, (4, 2))))
    assert Source(0, (2**34, 2**30)).count() == 2**64 + 2**30


@pytest.mark.parametrize(
    ("seed", "sizes", "octaves", "message"),
    [
        (-1, (2, 3), 0, "seed is -1; allowed: 0 to"),
        (2**63, (2, 3), 0, "seed is 9223372036854775808; allowed"),
        (0, (2,), 0, r"sizes are \(2,\); allowed: two or more"),
        (0, (2, 0, 1), 0, r"sizes are \(2, 0, 1\); allowed"),
        (0, (2, 3), -1, "octaves is -1; allowed: 0 for uniform, or 1 to 100"),
        (0, (2, 3), 101, "octaves is 101; allowed"),
        (1.5, (2, 3), 0, "seed is 1.5; allowed: a whole number"),
        (0, (2, 3.0), 0, r"sizes\[1\] is 3.0; allowed: a whole number"),
    ],
)
def test_what_is_no_source_is_refused(seed, sizes, octaves, message) -> None:
    with pytest.raises(ValueError, match=message):
        Source(seed, sizes, octaves)
