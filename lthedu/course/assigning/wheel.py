"""A wheel written and unpacked: a zip of files in a fixed order and with a fixed date, so that equal input is equal."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import lthedu

_DATE = (1980, 1, 1, 0, 0, 0)
_PACKED = (".gz", ".png", ".safetensors", ".npz", ".xz", ".zip")  # nothing is won by packing them again


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, the same bytes whenever it is made.

    >>> zipped({"b": b"2", "a": b"1"}) == zipped({"a": b"1", "b": b"2"})
    True
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return made.getvalue()


def wheel(files: Mapping[str, bytes], local: str) -> tuple[str, bytes]:
    """The file name and the content of a wheel of lthedu, this version and `local`, that holds these files."""
    version = f"{lthedu.__version__}+{local.replace('_', '.')}"
    about = f"lthedu-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: lthedu\nVersion: {version}\n"
        "Summary: The course without what is assigned: for the answering process of `lthedu grade`, not for students\n"
    )
    whole = dict(files) | {
        f"{about}/METADATA": metadata.encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: lthedu\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in sorted(whole.items())]
    whole[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""]).encode()
    return f"lthedu-{version}-py3-none-any.whl", zipped(whole)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def unpack(path: Path, folder: Path) -> None:
    """Unpack a wheel into a folder. Raises ValueError, naming it, for what is none."""
    try:
        unpack_bytes(path.read_bytes(), folder)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is no wheel: {error}") from error


def unpack_bytes(content: bytes, folder: Path) -> None:
    """Unpack the bytes of a wheel into a folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)  # zipfile keeps every file inside the folder
