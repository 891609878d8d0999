"""A result on disk: tensors and rows in one folder that is there whole or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from lthedu.base.arguments import shown, typed
from lthedu.base.files import DamagedFile, refuse_changed, seal, unseal

_RECORD, _TENSORS, _SEAL = "record.json", "tensors.safetensors", "sha256 of record"
_PARTIAL = ".unfinished."  # in the name of a folder that is being written


@typed
def write(folder: Path, record: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write `record` (anything JSON holds) and `tensors` as `folder`, atomically.

    Everything is written and flushed beside `folder` first and then renamed, so a process killed at any moment
    leaves either the whole folder or none of it. Raises FileExistsError when `folder` is there already, TypeError for
    a record that JSON cannot hold, and OSError, naming the folder, when it cannot be written (a full disk).
    """
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; what is finished is never written over")
    folder.parent.mkdir(parents=True, exist_ok=True)
    apart = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}  # views share memory
    packed = tensors_to_bytes(apart)
    # safetensors forgets the order of names, and on it hangs which layer draws its random mask first
    try:
        json.dumps(record)
    except TypeError as error:
        raise TypeError(f"the record is {shown(record)}; it must hold what JSON can: {error}") from None
    body = {"record": record, "names": list(tensors), "sha256 of tensors": hashlib.sha256(packed).hexdigest()}
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}{_PARTIAL}", dir=folder.parent))
    try:
        _flushed(partial / _TENSORS, packed)
        _flushed(partial / _RECORD, _text(seal(body, _SEAL)))
        os.rename(partial, folder)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, f"{error.strerror or error}; nothing of it was kept", str(folder)) from error
        raise


@typed
def sweep(parent: Path) -> None:
    """Remove the half-written folders that a killed `write` left in `parent` or below it.

    No other process may write there now.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     _ = Path(tempfile.mkdtemp(prefix=f".level_00{_PARTIAL}", dir=root)), Path(root, "notes").mkdir()
    ...     sweep(Path(root))
    ...     [path.name for path in Path(root).iterdir()]
    ['notes']
    """
    for left in [*parent.rglob(f".*{_PARTIAL}*")]:
        shutil.rmtree(left, ignore_errors=True)


@typed
def read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The record and the tensors that `write` put into `folder`.

    Raises DamagedFile, naming the file and both checksums, when a byte differs from what was written.

    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write(Path(root) / "level_00", {"level": 0}, {"w": torch.ones(2)})
    ...     read(Path(root) / "level_00")
    ({'level': 0}, {'w': tensor([1., 1.])})
    """
    file, advice = folder / _RECORD, f"delete {folder}"
    try:
        raw = file.read_bytes()
        signed = json.loads(raw)
        body = unseal(signed, file, _SEAL, advice)
        record, names, digest = body["record"], body["names"], body["sha256 of tensors"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFile(f"{file} is damaged or foreign: {error!r}; {advice}") from error
    rewritten = hashlib.sha256(_text(signed)).hexdigest()  # 1E-05 and 1e-05 are one number, not one file
    refuse_changed(file, hashlib.sha256(raw).hexdigest(), rewritten, advice=advice)
    file = folder / _TENSORS
    if not file.is_file():
        raise DamagedFile(f"{file} is missing; {advice}")
    packed = file.read_bytes()
    refuse_changed(file, hashlib.sha256(packed).hexdigest(), digest, advice=advice)
    tensors = tensors_from_bytes(packed)
    return record, {name: tensors[name] for name in names}


def _text(signed: dict[str, Any]) -> bytes:
    return json.dumps(signed, indent=1).encode()


def _flushed(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
