"""The oldest versions that pyproject.toml allows are the ones of .ci/oldest.txt, with which the tests are run, too."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OLDEST = [Requirement(line) for line in (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8").splitlines()]


def lowest(requirement: Requirement) -> Version:
    (bound,) = [s.version for s in requirement.specifier if s.operator in (">=", "==")]
    return Version(bound)


def test_the_oldest_versions_are_the_lower_bounds():
    asked = [Requirement(text) for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]]
    pinned = {r.name: lowest(r) for r in OLDEST}
    assert pinned.keys() == {r.name for r in asked}
    for requirement in asked:  # 2.2 may stand for the 2.2.0.240218 that there is
        bound = lowest(requirement).release
        assert pinned[requirement.name].release[: len(bound)] == bound, requirement
