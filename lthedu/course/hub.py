"""Whether this program runs on a JupyterHub: a server that others look after, and not the learner's own computer."""

import os


def on_hub() -> bool:
    """Whether JupyterHub started the server that this program runs under: it says so in the environment.

    >>> on_hub()
    False
    """
    return bool(os.environ.get("JUPYTERHUB_API_URL"))


def here(own: str, hub: str) -> str:
    """What is true on a computer of one's own, or on a hub: the one of the two that holds where this runs.

    >>> here("on this computer", "on the hub's server")
    'on this computer'
    """
    return hub if on_hub() else own
