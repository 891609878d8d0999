"""The option with which the tests of this folder keep what they saw."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--remember", action="store_true", help="note that each check rejects its reference's mutants")
