"""The guard that conftest.py gives to every process a test starts."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BEYOND = [
    "socket.create_connection(('192.0.2.1', 80), timeout=1)",  # TEST-NET-1: nobody has this address
    "socket.socket().connect(('192.0.2.1', 80))",
    "socket.socket().connect_ex(('192.0.2.1', 80))",
    "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80, 0, 0))",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', 0, ('192.0.2.1', 53))",
    "socket.getaddrinfo('example.org', 80)",
    "socket.gethostbyname('example.org')",
    "__import__('urllib.request').request.urlopen('http://example.org', timeout=1)",
]


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_connections_and_lookups_beyond_this_machine_are_refused_in_a_subprocess():
    tries = "\n".join(
        f"try:\n    {line}\n    print('went through')\nexcept OSError as e:\n    print(e)" for line in BEYOND
    )
    said = python(f"import socket\n{tries}").stdout.splitlines()
    assert len(said) == len(BEYOND)
    assert all("network is off in tests" in line for line in said), said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_works_in_a_subprocess(host):
    code = f"""
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(({host!r}, server.getsockname()[1]), timeout=5)
client.sendall(b"hello")
print(server.accept()[0].recv(5).decode())
a, b = socket.socketpair()
a.sendall(b"there")
print(b.recv(5).decode())
"""
    done = python(code)
    assert done.stdout.split() == ["hello", "there"], done.stderr


@pytest.mark.parametrize(
    "alone", ["lthedu/lessons/search_without_gradients/experiment.py", "lessons/07_search_without_gradients.ipynb"]
)
def test_a_doctest_or_a_lesson_that_is_run_alone_has_the_clean_world_too(alone, tmp_path):
    root = Path(__file__).parents[1]
    own = {"LTHEDU_SCALE": "paper", "LTHEDU_HOME": str(tmp_path), "OMP_NUM_THREADS": "64"}
    asks = (
        "import os; import pytest\n"
        "def pytest_sessionstart():\n"
        f"    said = [os.environ.get(name) for name in {list(own)}]\n"
        "    said.append('offline' in os.environ.get('PYTHONPATH', ''))\n"
        "    pytest.exit(repr(said), returncode=7)\n"
    )
    (tmp_path / "asks.py").write_text(asks)
    env = os.environ | own | {"PYTHONPATH": str(tmp_path)}
    env.pop("PYTEST_XDIST_WORKER", None)  # that run is alone, also where this one is not
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "asks", str(root / alone)],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 7, ran.stdout + ran.stderr
    scale, home, threads, offline = ast.literal_eval(re.search(r"\[.*\]", ran.stdout + ran.stderr)[0])
    assert (scale, threads, offline) == (None, "2", True)
    assert home not in (None, str(tmp_path))
