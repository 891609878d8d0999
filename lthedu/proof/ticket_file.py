"""A ticket on disk: a seed, the source's shape and distribution, and a compressed bit mask. No weight is stored.

The container is a safetensors file: text in its header, and the bits of one mask in each tensor, packed and compressed
with zlib. The weights are drawn again when the file is read, and held against a checksum of those it was written for.
"""

import hashlib
import json
import math
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.files import DamagedFile, refuse_changed, seal, unseal, write_whole
from lthedu.base.ranges import Count
from lthedu.networks.chain import Chain, Step
from lthedu.networks.masks import Mask, Params, check_fits
from lthedu.proof.scales import check_box, check_scale
from lthedu.proof.source import AnySource, ConvolutionalSource, Source, second_weights
from lthedu.proof.target import Box
from lthedu.proof.ticket import Ticket

FORMATS = {"lthedu ticket 1": Source, "lthedu ticket 2": ConvolutionalSource}
SEAL = "sha256 of text"
MOST_WEIGHTS = 1 << 31  # a file that asks for more than 2^31 random numbers is refused


@typed
def save_ticket(ticket: Ticket, path: Path | str) -> int:
    """Write the ticket to `path`, atomically, and give back how many bytes that took.

    Raises ValueError for a mask that does not fit its source, before anything is written, and OSError, naming
    `path`, when it cannot be.

    >>> import tempfile
    >>> from lthedu.networks.models import MLP
    >>> from lthedu.proof import construct
    >>> ticket = construct(MLP([4, 3, 2]), eta=1e-2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = save_ticket(ticket, Path(folder) / "small.ticket")
    ...     again = load_ticket(Path(folder) / "small.ticket")
    >>> size < 4 * ticket.source.count(), all(ticket.mask[name].equal(again.mask[name]) for name in ticket.mask)
    (True, True)
    """
    path, params = Path(path), ticket.source.params()
    check_fits(ticket.mask, params)
    if ticket.mask.keys() != params.keys():
        raise ValueError(f"the mask names {sorted(ticket.mask)}; expected every parameter: {sorted(params)}")
    packed = {name: _packed(ticket.mask[name], _by_hidden(name, ticket.source)) for name in params}
    header = {
        "format": next(name for name, kind in FORMATS.items() if isinstance(ticket.source, kind)),
        "source": asdict(ticket.source),
        "scale": float(ticket.scale).hex(),
        "box": asdict(ticket.box),
        "sha256 of source": checksum(params),
        "sha256 of mask": _digest(packed),
    }
    content = tensors_to_bytes(packed, metadata={"ticket": json.dumps(seal(header, SEAL))})
    write_whole(path, content)
    return len(content)


@typed
def load_ticket(path: Path | str) -> Ticket:
    """The ticket in the file `path`: the same weights, drawn again, and the same mask, bit for bit.

    Raises FileNotFoundError for a missing file, and DamagedFile for a file that holds no ticket, whose values are not
    the ones that were written, or whose source comes out otherwise here than where it was written. Of the header the
    values are held and not each byte of its text: one that says 1e0 for 1.0 is the same.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing, or no file")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["ticket"])
            packed = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        if others := {bits.dtype for bits in packed.values()} - {torch.uint8}:
            raise ValueError(f"a mask in it is {others.pop()}; allowed: torch.uint8")
        source, scale, box = _read(header, path)
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedFile(f"{path} is damaged, or no ticket of lthedu: {error}") from error
    refuse_changed(path, _digest(packed), header["sha256 of mask"], "the SHA-256 of its mask")
    try:
        mask = {name: _unpacked(packed[name], name, shape, source) for name, shape in source.shapes().items()}
    except (KeyError, ValueError, zlib.error) as error:
        raise DamagedFile(f"{path} is damaged: the mask of its layers does not fit ({error})") from error
    refuse_changed(path, checksum(source.params()), header["sha256 of source"], "the SHA-256 of its source")
    return Ticket(source, mask, scale, box)


@typed
def checksum(params: Params) -> str:
    """SHA-256 of names, types, shapes and values, as this format holds that of a ticket's source.

    >>> checksum({"w": torch.zeros(2)}) == checksum({"w": torch.tensor([0.0, 1e-45])})
    False
    """
    found = hashlib.sha256()
    for name in sorted(params):  # one at a time: tensors that share memory cannot be packed together
        found.update(tensors_to_bytes({name: params[name].detach().cpu().contiguous()}))
    return found.hexdigest()


@typed
def fewest_bytes(weights: Count, eta: float, largest: float = 0.25) -> int:
    """Bytes that every format takes for some list of `weights` numbers from [-largest, largest], said to within `eta`.

    One content of a file serves only lists within eta of the numbers it stands for: a cube of side 2 eta. To fill the
    cube of side 2 `largest` takes (largest / eta)^weights contents, so log2 of that in bits, for the worst of the lists
    at least. A list that is no worst case, such as a trained network's many small weights, may take less. Raises
    ValueError for values that make no sense. (The whole network's counting bound is in `lthedu.proof.limits`.)

    >>> fewest_bytes(266_610, 1e-3)
    265470
    """
    if not 0 < eta <= largest < math.inf or math.isinf(largest / eta):
        raise ValueError(f"eta is {eta} and largest {largest}; allowed: 0 < eta <= largest, a ratio that is finite")
    return math.ceil(weights * math.log2(largest / eta) / 8)


def _read(header: dict[str, Any], path: Path) -> tuple[AnySource, float, Box]:
    if header["format"] not in FORMATS:
        raise ValueError(f"its format is {header['format']!r}; allowed: {', '.join(FORMATS)}")
    source = _source(FORMATS[header["format"]], unseal(header, path, SEAL)["source"])
    if source.count() > MOST_WEIGHTS:
        raise ValueError(f"it asks for {source.count():,} random numbers; allowed: {MOST_WEIGHTS:,}")
    scale, box = float.fromhex(header["scale"]), Box(**header["box"])
    check_scale(scale)
    check_box(box.low, box.high)
    return source, scale, box


def _source(kind: type, fields: dict[str, Any]) -> AnySource:
    seed, octaves = int(fields["seed"]), int(fields["octaves"])
    if kind is Source:
        return Source(seed, tuple(int(n) for n in fields["sizes"]), octaves)
    steps = tuple(Step(**step) for step in fields["chain"]["steps"])
    return ConvolutionalSource(seed, Chain(tuple(fields["chain"]["image"]), steps), octaves)


def _packed(mask: Tensor, by_hidden: bool) -> Tensor:
    """The bits hidden neuron by hidden neuron: what one gives to all outputs lies together, and often is nothing."""
    bits = mask.cpu().numpy()
    squeezed = zlib.compress(np.packbits(np.moveaxis(bits, 1, 0) if by_hidden else bits, axis=None).tobytes(), 9)
    return torch.from_numpy(np.frombuffer(squeezed, np.uint8).copy())


def _unpacked(packed: Tensor, name: str, shape: tuple[int, ...], source: AnySource) -> Tensor:
    many = math.prod(shape)
    stream = zlib.decompressobj()
    raw = stream.decompress(packed.numpy().tobytes(), (many + 7) // 8 + 1)  # never more than fits: no bomb
    if len(raw) != (many + 7) // 8 or not stream.eof:
        raise ValueError(f"{name} has {len(raw)} bytes of bits, expected {(many + 7) // 8}")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), count=many).astype(bool)
    turned = _by_hidden(name, source)
    table = np.moveaxis(bits.reshape(shape[1], shape[0], *shape[2:]), 0, 1) if turned else bits.reshape(shape)
    return torch.from_numpy(np.ascontiguousarray(table))


def _by_hidden(name: str, source: AnySource) -> bool:
    """Whether the tensor is read from hidden neurons: the weight of every second layer."""
    return name in second_weights(source)


def _digest(packed: Mask) -> str:
    found = hashlib.sha256()
    for name in sorted(packed):
        found.update(name.encode() + packed[name].numpy().tobytes())
    return found.hexdigest()
