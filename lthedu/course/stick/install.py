# Goes onto the stick as it is: standard library only, in what Python 3.8 can parse.
from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

USAGE = """Install the course from this folder, without an internet connection.

    python3 install.py [FOLDER]

FOLDER is where the environment goes: lthedu-env in your home folder, where none is named.
"""

FORMAT, RECORD, CHECKSUMS, WHEELS = 1, "stick.json", "CHECKSUMS", "wheels"
MARK = "lthedu-stick"  # in an environment that this program made


def system_of(system: str, machine: str) -> str:
    """The stick's name for a kind of computer, of what Python's `platform` says; "" for one that it has no name for."""
    if system == "Linux":
        return {"x86_64": "linux", "aarch64": "linux-arm"}.get(machine, "")
    return {("Darwin", "arm64"): "macos", ("Windows", "AMD64"): "windows"}.get((system, machine), "")


def checksum(path: Path) -> str:
    """The SHA-256 of a file."""
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def fitting(stick: Path) -> list[str]:
    """The names of the wheels for this computer; RuntimeError, with what the stick is for, where it has none."""
    record = json.loads((stick / RECORD).read_text(encoding="utf-8"))
    if record.get("lthedu stick") != FORMAT:
        raise RuntimeError("this stick is not finished, or of another version; pack it again with `lthedu pack`.")
    python = "{}.{}".format(*sys.version_info[:2])
    mine = system_of(platform.system(), platform.machine()), python
    for computer in record["computers"]:
        if (computer["system"], computer["python"]) == mine:
            if sys.version_info[2] < computer["patch"]:
                least = f"{python}.{computer['patch']}"
                raise RuntimeError(f"this is Python {platform.python_version()}; the stick needs {least} or newer.")
            return list(computer["wheels"])
    titles = "\n".join("  - " + computer["title"] for computer in record["computers"])
    this = f"{platform.system()} on {platform.machine()}, Python {python}"
    raise RuntimeError(f"this is {this}; the stick is for\n{titles}")


def check(stick: Path, names: list[str]) -> None:
    """Raise RuntimeError for a wheel that is not there, or not as it was packed."""
    lines = (stick / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    known = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in names:
        path = stick / WHEELS / name
        if not path.is_file() or checksum(path) != known.get(f"{WHEELS}/{name}"):
            raise RuntimeError(f"{path} is damaged or missing; copy the stick again.")


def make_environment(folder: Path) -> Path:
    """Make the virtual environment, or use the one that this program made before; gives back its folder of programs."""
    mark = folder / MARK
    if folder.exists() and not mark.exists() and any(folder.iterdir()):
        raise RuntimeError(f"{folder} holds other things; name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    base = getattr(sys, "_base_executable", None) or sys.executable
    if subprocess.call([base, "-m", "venv", str(folder)]):
        raise RuntimeError(
            "Python could not make a virtual environment; its own words are above.\n"
            "On Debian and Ubuntu the package python3-venv is missing then."
        )
    return folder / ("Scripts" if os.name == "nt" else "bin")


def install(programs: Path, stick: Path, names: list[str]) -> None:
    """Let pip install the wheels, and nothing else from anywhere: it reads no settings, and knows no address."""
    python = str(programs / "python")
    env = dict(os.environ, PIP_CONFIG_FILE=os.devnull)
    command = [python, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    listed = programs.parent / MARK  # in a file: Windows cannot start a program with so many words
    listed.write_text("\n".join((stick / WHEELS / name).as_uri() for name in names), encoding="utf-8")
    if subprocess.call([*command, "--no-deps", "--requirement", str(listed)], env=env):
        raise RuntimeError("pip could not install the course; its own words are above.")
    if subprocess.call([python, "-m", "pip", "--isolated", "--disable-pip-version-check", "check"], env=env):
        raise RuntimeError("what was installed does not fit together; see above.")


def main(argv: list[str]) -> int:
    """Do what the command line asks; gives back the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this has not installed anything yet
        print(f"lthedu needs Python 3.11 or newer; this is {platform.python_version()}.", file=sys.stderr)
        return 2
    if len(argv) > 1 or (argv and argv[0].startswith("-")):
        print(USAGE.strip())
        return 0 if argv[0] in ("-h", "--help") else 2
    stick = Path(__file__).resolve().parent
    folder = Path(argv[0]).absolute() if argv else Path.home() / "lthedu-env"
    try:
        names = fitting(stick)
        print(f"Checking {len(names)} wheels ...", flush=True)
        check(stick, names)
        print(f"Installing into {folder}: a few minutes.", flush=True)
        programs = make_environment(folder)
        install(programs, stick, names)
    except (RuntimeError, OSError, ValueError) as problem:
        print(f"install.py: {problem}", file=sys.stderr)
        return 1
    well = subprocess.call([str(programs / "lthedu"), "doctor"]) == 0
    print("\nTo open the course, now and later:\n\n    {} lab\n".format(programs / "lthedu"))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
