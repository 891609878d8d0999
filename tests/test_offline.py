"""The guard that conftest.py gives to every process a test starts."""

import subprocess
import sys

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
