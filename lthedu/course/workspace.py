"""JupyterLab, opened on the learner's folder: the committed lessons are never opened for work."""

import errno
import ipaddress
import itertools
import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from lthedu.base.course_files import course_path
from lthedu.course.folder import OWN_FOLDER


def find_lesson(wanted: str, lessons: Path | None = None) -> Path:
    """The notebook that `wanted` names: a number, a name with or without its number, or the path of any notebook.

    Names are looked up in the folder `lessons` (default: the course's own). Raises ValueError, with the lessons
    there are, when nothing there has that name.

    >>> [find_lesson(wanted).name for wanted in ("2", "02", "winning_tickets", "02_winning_tickets.ipynb")]
    ['02_winning_tickets.ipynb', '02_winning_tickets.ipynb', '02_winning_tickets.ipynb', '02_winning_tickets.ipynb']
    """
    path = Path(wanted).expanduser()
    if path.suffix == ".ipynb" and path.is_file():
        return path
    folder = lessons or course_path("lessons")
    there = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    for lesson in there:
        number, _, name = lesson.stem.partition("_")
        known = {lesson.name, lesson.stem, name, number, str(int(number))}
        if wanted in known:
            return lesson
    raise ValueError(
        f"there is no lesson {wanted!r} and no notebook of that path; the lessons are: "
        + (", ".join(lesson.stem for lesson in there) or "none yet")
    )


def is_loopback(ip: str) -> bool:
    """Whether a server on `ip` can be reached from this machine alone.

    >>> [is_loopback(ip) for ip in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "*", "192.168.1.5")]
    [True, True, True, False, False, False]
    """
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"


def check_address(ip: str, port: int | None = None) -> None:
    """Refuse an address that the server could not listen on, before it is started.

    Raises ValueError, naming the address and what to do instead.
    """
    host = "" if ip == "*" else ip
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # as the server does: a port just given back is not taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if port and error.errno == errno.EADDRINUSE:
            raise ValueError(
                f"port {port} is taken by another program; give another with --port, or leave --port out "
                "and a free one is found"
            ) from error
        where = f"{ip}, port {port}" if port else ip
        raise ValueError(f"cannot listen on {where}: {error.strerror or error}") from error


def check_loopback(seconds: float = 5.0) -> None:
    """Send a byte from this machine to itself over 127.0.0.1, as JupyterLab and a lesson's kernel talk to each other.

    Raises OSError where it does not arrive within `seconds`: a firewall or a VPN forbids it, or the interface is down.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(seconds)
        with socket.create_connection(server.getsockname(), seconds) as one, server.accept()[0] as other:
            one.sendall(b"1")
            other.settimeout(seconds)
            if other.recv(1) != b"1":
                raise OSError("what was sent did not arrive")


def running_at(folder: Path) -> str | None:
    """The address, with its token, of the JupyterLab that already runs on `folder`; None where none answers.

    >>> running_at(Path("no/such/folder")) is None
    True
    """
    for note in Path(environment(folder)["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json"):
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            url, token, root = told["url"], told["token"], told["root_dir"]
            if not os.path.samefile(root, folder):
                continue
            there = urlsplit(url)
            socket.create_connection((there.hostname, there.port), timeout=5).close()  # a killed one answers nothing
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return f"{url}lab?token={token}" if token else f"{url}lab"
    return None


def server_arguments(
    folder: Path,
    first: str | None,
    *,
    ip: str = "127.0.0.1",
    port: int | None = None,
    browser: bool = True,
    more: Sequence[str] = (),
) -> list[str]:
    """The command line that opens JupyterLab on `folder` at the lesson `first`.

    `more` comes last, so that JupyterLab's own options, given by the learner, win.

    >>> server_arguments(Path("work"), "01 a.ipynb", port=9000)[:2]
    ['--ServerApp.root_dir=work', '--LabApp.default_url=/lab/tree/01%20a.ipynb']
    """
    own = folder / OWN_FOLDER
    arguments = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{quote(first)}" if first else "--LabApp.default_url=/lab",
        f"--ServerApp.ip={ip}",
        "--LabApp.news_url=None",  # nothing asks the network for anything
        "--LabApp.extension_manager=readonly",
        f"--LabApp.workspaces_dir={own / 'workspaces'}",
        f"--LabApp.user_settings_dir={own / 'settings'}",
        "--HTMLExporter.preprocessors=lthedu.course.page.Described",  # pictures keep their alternative text
    ]
    if port:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    return [*arguments, *more]


def warnings(ip: str, more: Sequence[str]) -> list[str]:
    """What is to be said of a server that others can use: one that listens beyond this machine, one without a token.

    `more`: the learner's own options to JupyterLab, of which the last one counts.

    >>> warnings("127.0.0.1", ["--ServerApp.port=9000"])
    []
    >>> [line.partition(":")[0] for line in warnings("127.0.0.1", ["--IdentityProvider.token="])]
    ['no token is asked for']
    """
    given = {"ip": ip}
    for word, after in itertools.pairwise([*more, ""]):
        name, equals, value = word.partition("=")
        given[name.lstrip("-").rpartition(".")[2]] = value if equals else after
    beyond = not is_loopback(given["ip"])
    open_ = not any(given.get(name, default) for name, default in (("token", "its own"), ("hashed_password", "")))
    who = (
        "whoever can reach this machine over the network" if beyond else "every program and every user of this machine"
    )
    found = []
    if beyond:
        found.append(f"listening on {given['ip'] or 'every address'}: {who} and has the token can run programs as you.")
    if open_:
        found.append(f"no token is asked for: {who} can run programs as you.")
    return found


def environment(folder: Path) -> dict[str, str]:
    """The environment in which lessons run, in JupyterLab and without it: this process's own, and what it leaves open.

    >>> environment(Path("work"))["JUPYTER_PREFER_ENV_PATH"]
    '1'
    """
    own = folder.resolve() / OWN_FOLDER
    return {
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "data/runtime"),
        "IPYTHONDIR": str(own / "ipython"),
        # Threads that wait must sleep, not spin: with a browser on the same few cores, spinning is 2 to 3 times slower.
        "OMP_WAIT_POLICY": "passive",
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this Python, not one of ~/.local
        **os.environ,
    }


def serve(folder: Path, arguments: Sequence[str]) -> None:
    """Run JupyterLab in this process until it is stopped.

    The learner's own Jupyter and IPython folders are neither read nor written, so that the course has the
    token and the kernel that it expects. Someone who sets JUPYTER_CONFIG_DIR and its like has chosen otherwise.
    """
    os.environ.update(environment(folder))
    from jupyterlab.labapp import LabApp  # takes a second to import

    LabApp.launch_instance(list(arguments))
