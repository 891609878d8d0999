"""Python imports this at start where its folder is on PYTHONPATH: connections beyond this machine are refused."""

import ipaddress
import socket


def _is_here(host):
    """Whether `host` is this machine; None and "" ask for it too."""
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guarded(function, host_of):
    def refuse_or_call(*args, **kwargs):
        if not _is_here(host_of(args)):
            raise OSError(f"network is off in tests: {function.__name__} to {host_of(args)!r}")
        return function(*args, **kwargs)

    return refuse_or_call


def _address(args):  # (socket, ..., address): only internet addresses are (host, port, ...)
    return args[-1][0] if args[0].family in (socket.AF_INET, socket.AF_INET6) else None


for _name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, _name, _guarded(getattr(socket.socket, _name), _address))
_own = socket.gethostname()  # Jupyter looks it up, to learn the machine's own addresses
for _name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, _name, _guarded(getattr(socket, _name), lambda args: None if args[0] == _own else args[0]))
