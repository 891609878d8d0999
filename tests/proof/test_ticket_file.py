"""A ticket on disk: bit for bit the same again, in another process too; anything else is refused by name."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lthedu.base.files import DamagedFile, seal
from lthedu.base.fingerprint import fingerprint
from lthedu.networks.models import MLP
from lthedu.proof import construct, fewest_bytes, load_ticket, save_ticket
from lthedu.proof import ticket_file as module

X = torch.rand(300, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def ticket():
    torch.manual_seed(0)
    return construct(MLP([6, 5, 3]), eta=1e-2, seed=7)


@pytest.fixture
def path(ticket, tmp_path: Path) -> Path:
    save_ticket(ticket, tmp_path / "a.ticket")
    return tmp_path / "a.ticket"


def rewritten(path: Path, change) -> None:
    """The file again, with its header or bits changed by `change(header, tensors)`, and every checksum in its place."""
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["ticket"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(header, tensors)
    body = {key: value for key, value in header.items() if key != module.SEAL}
    save_file(tensors, path, metadata={"ticket": json.dumps(seal(body, module.SEAL))})


@pytest.mark.parametrize("box", [(0, 1), (-1, 2)])
@pytest.mark.parametrize("method", ["free", "blocks", "orseau"])
def test_a_ticket_comes_back_bit_for_bit(tmp_path: Path, method: str, box: tuple[float, float]) -> None:
    ticket = construct(MLP([4, 3, 2]), eta=3e-2, method=method, box=box, seed=3)
    size = save_ticket(ticket, tmp_path / "t")
    again = load_ticket(str(tmp_path / "t"))
    assert size == (tmp_path / "t").stat().st_size
    assert (again.source, again.scale, again.box) == (ticket.source, ticket.scale, ticket.box)
    assert fingerprint(again.mask) == fingerprint(ticket.mask)
    assert fingerprint(again.source.params()) == fingerprint(ticket.source.params())
    assert [p.name for p in tmp_path.iterdir()] == ["t"]  # nothing half-written is left


def test_another_process_with_other_threads_computes_the_same_bits(ticket, path: Path) -> None:
    code = (
        "import hashlib, sys, torch; from lthedu.proof import load_ticket\n"
        "x = torch.rand(300, 6, generator=torch.Generator().manual_seed(1))\n"
        "for threads in (1, 2):\n"
        "    torch.set_num_threads(threads)\n"
        "    print(hashlib.sha256(load_ticket(sys.argv[1]).fixed_order_logits(x).numpy().tobytes()).hexdigest())"
    )
    here = hashlib.sha256(ticket.fixed_order_logits(X).numpy().tobytes()).hexdigest()
    env = os.environ | {"OMP_NUM_THREADS": "2"}
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, env=env)
    assert ran.stdout.split() == [here, here], ran.stderr


def test_the_fixed_order_does_not_depend_on_what_else_is_in_the_batch(ticket) -> None:
    whole = ticket.fixed_order_logits(X)
    assert torch.equal(whole[:128], ticket.fixed_order_logits(X[:128]))
    assert torch.allclose(whole, ticket.logits(X), atol=1e-4)


@pytest.mark.parametrize("where", [0, 3, 60, 400, -700, -300, -1])
def test_a_flipped_bit_is_noticed(path: Path, where: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[where] ^= 4
    path.write_bytes(raw)
    with pytest.raises(DamagedFile, match=r"a\.ticket is damaged"):
        load_ticket(path)


def test_every_bit_of_the_masks_and_the_text_is_covered(ticket, path: Path) -> None:
    """One bit of every 29th byte, header, names and checksums included: none passes for what was written."""
    raw = path.read_bytes()
    for i in range(0, len(raw), 29):
        damaged = bytearray(raw)
        damaged[i] ^= 1
        path.write_bytes(damaged)
        try:
            again = load_ticket(path)
        except (DamagedFile, MemoryError):
            continue
        pytest.fail(f"byte {i} of {len(raw)} was not missed: {again.source}, {again.scale}")


@pytest.mark.parametrize("size", [0, 1, 8, 100, -1])
def test_a_truncated_file_is_refused(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedFile, match="damaged, or no ticket"):
        load_ticket(path)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "model.safetensors"
    save_file({"w": torch.ones(3)}, foreign)
    with pytest.raises(DamagedFile, match="no ticket of lthedu"):
        load_ticket(foreign)
    save_file({"w": torch.ones(3)}, foreign, metadata={"ticket": "[" * 100_000})
    with pytest.raises(DamagedFile, match="no ticket of lthedu"):
        load_ticket(foreign)
    (tmp_path / "pickled.pt").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(DamagedFile, match="no ticket of lthedu"):
        load_ticket(tmp_path / "pickled.pt")
    with pytest.raises(FileNotFoundError, match="missing"):
        load_ticket(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="no file"):
        load_ticket(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "lthedu ticket 2"),
        ("scale", "nan"),
        ("scale", "-0x1p+0"),
        ("scale", "0x1p+99999"),
        ("source", {"seed": -1, "sizes": [6, 5], "octaves": 0}),
        ("source", {"seed": float("inf"), "sizes": [6, 5], "octaves": 0}),
        ("source", {"seed": 0, "sizes": [6, 10**9, 5], "octaves": 0}),
        ("source", {"seed": 0, "sizes": "6", "octaves": 0}),
        ("box", {"low": 1, "high": 0}),
        ("box", 3),
        ("sha256 of mask", "0"),
        ("sha256 of source", "0"),
    ],
)
def test_a_header_that_says_other_things_is_refused(path: Path, key: str, value: object) -> None:
    rewritten(path, lambda header, _: header.update({key: value}))
    with pytest.raises(DamagedFile, match=r"a\.ticket is damaged"):
        load_ticket(path)


def test_a_seed_that_is_another_is_noticed(path: Path) -> None:
    rewritten(path, lambda header, _: header["source"].update(seed=8))
    with pytest.raises(DamagedFile, match="SHA-256 of its source"):
        load_ticket(path)


def test_a_mask_that_unpacks_to_gigabytes_is_not_unpacked(path: Path) -> None:
    def bomb(header, tensors) -> None:
        packed = zlib.compress(bytes(10**8), 9)
        tensors["layers.0.weight"] = torch.frombuffer(bytearray(packed), dtype=torch.uint8)
        header["sha256 of mask"] = module._digest(tensors)

    rewritten(path, bomb)
    with pytest.raises(DamagedFile, match=r"layers\.0\.weight has \d+ bytes of bits, expected"):
        load_ticket(path)


def test_masks_of_another_type_with_the_same_bytes_are_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"U8"', b'"I8"'))
    with pytest.raises(DamagedFile, match=r"a mask in it is torch\.int8; allowed: torch\.uint8"):
        load_ticket(path)


def test_a_changed_text_is_noticed(path: Path) -> None:
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["ticket"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["scale"] = "0x1.8p+1"
    save_file(tensors, path, metadata={"ticket": json.dumps(header)})
    with pytest.raises(DamagedFile, match="its SHA-256 of text is"):
        load_ticket(path)


def test_a_mask_that_does_not_fit_is_refused_before_anything_is_written(ticket, tmp_path: Path) -> None:
    missing = {name: m for name, m in ticket.mask.items() if name != "layers.1.bias"}
    turned = ticket.mask | {"layers.0.weight": ticket.mask["layers.0.weight"].T}
    for mask in (missing, turned):
        with pytest.raises(ValueError, match=r"layers\.(1\.bias|0\.weight)"):
            save_ticket(dataclasses.replace(ticket, mask=mask), tmp_path / "t")
    assert not list(tmp_path.iterdir())


def test_a_ticket_may_be_read_by_whoever_may_read_its_neighbours(path: Path) -> None:
    (path.parent / "plain").write_text("x")
    assert path.stat().st_mode == (path.parent / "plain").stat().st_mode


def test_the_counting_bound_is_below_every_ticket_file(tmp_path: Path) -> None:
    ticket = construct(torch.nn.Linear(60, 40), eta=1e-3)
    assert fewest_bytes(61 * 40, 1e-3) < save_ticket(ticket, tmp_path / "t")
    assert fewest_bytes(8, 0.125) == 1  # eight numbers, a bit each
    for bad in ((0, 0.1, 0.25), (1, 0.0, 0.25), (1, 0.5, 0.25)):
        with pytest.raises(ValueError, match=r"weights is 0; allowed: .* from 1 up|allowed: 0 < eta <= largest"):
            fewest_bytes(*bad)


def test_inputs_outside_the_box_are_refused(ticket) -> None:
    for wrong in (X - 1, X + 1):
        for compute in (ticket.logits, ticket.fixed_order_logits):
            with pytest.raises(ValueError, match="allowed: 0 to 1"):
                compute(wrong)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_write_that_ends_early_leaves_what_was_there(ticket, path: Path, monkeypatch, error) -> None:
    def stop(_: int) -> None:
        raise error

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(type(error)):
        save_ticket(ticket, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
