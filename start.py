# Standard library only, in what Python 3.8 can parse: an old one must reach the message that says so.
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

USAGE = """Set up the course and open it, or test it, with nothing but Python 3.11 or newer.

    python3 start.py lab  [options of `lthedu lab`, such as --folder DIR or --port 9000]
    python3 start.py test [options of pytest, such as -x or -k masks]

The first time, this makes a virtual environment in .venv beside this file and installs the
course into it: a few minutes. After that it starts in seconds. To start afresh, delete .venv.
"""

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "lthedu-stamp.json"  # what start.py installed here; "{}" while it is not finished
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXE = ".exe" if os.name == "nt" else ""
PYTHON = BIN / ("python" + EXE)


def read_stamp():
    """What start.py has installed in .venv; {} if it did not finish; None if it never ran."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}


def write_stamp(stamp):
    """Replace the stamp in one step, so that a half-written one can never be read."""
    unfinished = STAMP.with_suffix(".tmp")
    unfinished.write_text(json.dumps(stamp), encoding="utf-8")
    os.replace(unfinished, STAMP)


def make_venv(stamp):
    """Make .venv. One that start.py left half-made is emptied first; one it never saw is kept."""
    VENV.mkdir(exist_ok=True)
    if stamp is not None:
        for item in VENV.iterdir():
            if item != STAMP:  # goes on saying whose folder this is, should this be interrupted too
                shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
    write_stamp({})
    # The Python under any active environment: that environment may be the one just emptied.
    base = getattr(sys, "_base_executable", None) or sys.executable
    # -P keeps files of the current folder (a student's random.py) from shadowing the library.
    made = subprocess.run([base, "-P", "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        print((made.stdout + made.stderr).strip(), file=sys.stderr)
        raise RuntimeError(
            "Python could not make the virtual environment .venv; its own words are above.\n"
            "On Debian and Ubuntu, `sudo apt install python3-venv` adds what is missing; then run this again."
        )


def prepare(extra, program):
    """Bring .venv up to date for `program`, with the package's optional dependencies `extra`."""
    base = {"python": platform.python_version(), "root": str(ROOT)}  # a moved .venv does not work
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = read_stamp()
    usable = stamp and PYTHON.exists() and all(stamp.get(key) == base[key] for key in base)
    extras = set(stamp["extras"]) if usable else set()
    current = usable and stamp["project"] == project and extras.issuperset(extra)
    if current and (BIN / (program + EXE)).exists():
        return
    print("Installing lthedu into .venv: the first time takes a few minutes.", flush=True)
    if not usable:
        make_venv(stamp)
    extras = sorted(extras.union(extra))
    target = str(ROOT) + (f"[{','.join(extras)}]" if extras else "")
    pip = [str(PYTHON), "-P", "-m", "pip", "--disable-pip-version-check", "install", "-q", "-e", target]
    if subprocess.call(pip):
        raise RuntimeError(
            "pip could not install lthedu; its own words are above. Usual reasons: no network, a full\n"
            "disk (README.md says how much it takes), or a Python so new that PyTorch has no build for\n"
            "it yet. Then run the same command again; if it still fails, delete .venv and run it again."
        )
    write_stamp({**base, "project": project, "extras": extras})


def hand_over(program, options):
    """Run a program of .venv in the place of this one; gives back its exit code."""
    os.environ["PATH"] = str(BIN) + os.pathsep + os.environ.get("PATH", "")
    command = [str(BIN / (program + EXE)), *options]
    if os.name == "posix":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the program to answer
    return subprocess.call(command)


def main(argv):
    """Do what the command line asks; gives back the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this has not installed anything yet
        print(f"lthedu needs Python 3.11 or newer; this is {platform.python_version()}.", file=sys.stderr)
        print("Install one, from python.org for example, and run start.py with it.", file=sys.stderr)
        return 2
    verb, options = (argv or [""])[0], argv[1:]
    if verb not in ("lab", "test"):
        print(USAGE.strip())
        return 0 if verb in ("-h", "--help") else 2
    try:
        if verb == "lab":
            prepare(extra=[], program="lthedu")
            return hand_over("lthedu", ["lab", *options])
        prepare(extra=["test"], program="pytest")
        os.chdir(ROOT)  # where pytest finds its settings
        own = any(option.startswith(("-n", "--dist", "--pdb")) for option in options)
        workers = f"-n {min(4, os.cpu_count() or 1)} --dist loadfile --max-worker-restart 0"
        return hand_over("pytest", [*([] if own else workers.split()), *options])
    except (RuntimeError, OSError) as problem:
        print(f"start.py: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
