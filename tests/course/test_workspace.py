import os
import socket
from pathlib import Path

import pytest

from lthedu.course import workspace


def test_a_lesson_is_found_by_number_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    for name in ("01_first.ipynb", "02_second.ipynb", "notes.ipynb"):
        (lessons / name).touch()
    for wanted in ("1", "01", "first", "01_first", "01_first.ipynb", str(lessons / "01_first.ipynb")):
        assert workspace.find_lesson(wanted, lessons) == lessons / "01_first.ipynb"
    (tmp_path / "mine.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    assert workspace.find_lesson("mine.ipynb", lessons) == Path("mine.ipynb")
    for wanted in ("3", "", "_first", "irst", "lessons", "nothing.ipynb"):
        with pytest.raises(ValueError, match=r"no lesson '.*the lessons are: 01_first, 02_second$"):
            workspace.find_lesson(wanted, lessons)


def test_a_taken_port_is_named_and_a_free_one_passes() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} is taken .* another with --port"):
            workspace.check_address("127.0.0.1", port)
    workspace.check_address("127.0.0.1", port)
    workspace.check_address("127.0.0.1")
    workspace.check_address("*")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot listen on 192\.0\.2\.7"):
        workspace.check_address("192.0.2.7")


def test_the_server_gets_a_token_loopback_and_nothing_of_the_network() -> None:
    arguments = workspace.server_arguments(Path("work"), "02_x.ipynb", more=["--ServerApp.ip=::1"])
    assert "--ServerApp.root_dir=work" in arguments
    assert "--LabApp.default_url=/lab/tree/02_x.ipynb" in arguments
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert "--LabApp.news_url=None" in arguments
    names = {argument.partition("=")[0].rpartition(".")[2] for argument in arguments}
    assert not {"token", "port", "port_retries", "--no-browser"} & names
    own = [argument.split("=")[1] for argument in arguments if "_dir=" in argument and "root_dir" not in argument]
    assert {Path(folder).parent for folder in own} == {Path("work/.lthedu")}
    assert arguments[-1] == "--ServerApp.ip=::1"
    assert ("--allow-root" in arguments) == (hasattr(os, "geteuid") and os.geteuid() == 0)


def test_a_port_asked_for_is_that_port_or_none() -> None:
    arguments = workspace.server_arguments(Path("x"), None, port=9000, browser=False)
    assert {"--ServerApp.port=9000", "--ServerApp.port_retries=0", "--no-browser"} <= set(arguments)
    assert "--LabApp.default_url=/lab" in arguments
