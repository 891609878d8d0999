"""The layers, and what no module may do."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import lthedu

PACKAGE = Path(lthedu.__file__).parent
ROOT = PACKAGE.parent
SCIENCE_IN = {
    "base",
    "data",
    "networks",
    "training",
    "stats",
    "pruning",
    "tickets",
    "supermasks",
    "sparsity",
    "proof",
    "landscape",
    "experiments",
    "paper",
}
MODULES = sorted(PACKAGE.rglob("*.py"))
DOWNLOAD = PACKAGE / "data" / "download.py"  # the one module that may use the network
SCIENCE = [p for p in MODULES if p.relative_to(PACKAGE).parts[0].removesuffix(".py") in SCIENCE_IN]
SCIENCE += PACKAGE.glob("lessons/*/experiment.py")


@cache
def imports(path: Path) -> set[str]:
    """Every module that the file names in an import, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_imports_run_downwards_only(monkeypatch):
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    assert contract["exhaustive"]  # a module outside every layer would be held to nothing
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    assert lint_imports(config_filename="pyproject.toml", cache_dir=None) == EXIT_STATUS_SUCCESS


def test_every_module_of_the_science_is_found():
    assert {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in SCIENCE} == {*SCIENCE_IN, "lessons"}


def test_the_science_imports_no_face():
    faces = {"IPython", "ipywidgets", "matplotlib", "typer", "rich", "tqdm"}
    found = [(str(path), module) for path in SCIENCE for module in imports(path) if module.split(".")[0] in faces]
    assert found == []


def test_importing_the_package_imports_no_torch():
    # `lthedu --help` and the notebook's first cell would wait for it
    code = f"import sys; sys.path[:0] = {sys.path!r}; import lthedu; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_the_exercises_need_no_figure_and_no_widget():
    # every check imports them, also where nothing is drawn: `lthedu progress`, a marker's machine
    code = f"""import sys; sys.path[:0] = {sys.path!r}
from lthedu.course.catalogue import exercises; exercises()
print({{"matplotlib", "ipywidgets", "IPython", "lthedu.figures"}} & set(sys.modules))"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_what_is_imported_is_declared():
    # an import that only another package's needs bring along breaks when those change
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    guarded = [*optional["speed"], *optional["cluster"], *optional["export"]]
    declared = [*project["dependencies"], *guarded]
    names = {re.match(r"[\w-]+", text)[0].lower().replace("_", "-") for text in declared}
    ours = {"lthedu", *sys.stdlib_module_names}
    roots = {
        module.split(".")[0] for path in MODULES if "template" not in path.parts for module in imports(path)
    } - ours
    known = packages_distributions()
    missing = {r for r in roots if not names & {d.lower().replace("_", "-") for d in known.get(r, [r])}}
    assert not missing


PICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
FETCHERS = {"urllib3", "httpx", "torchvision", "ftplib", "smtplib"}
PICKLING = r"(torch\.(load|save)|(np|numpy)\.(load|save)|pd\.read_pickle|.*\.to_pickle)"


def test_nothing_is_pickled_or_fetched():
    found = []
    for path in MODULES:
        named = imports(path)
        roots = {module.split(".")[0] for module in named}
        foreign = {"torch.hub", "urllib.request", "http.client"}
        found += [(str(path), name) for name in roots & (PICKLERS | FETCHERS) | named & foreign]
        if bool(roots & {"requests", "pooch"}) != (path == DOWNLOAD):
            found.append((str(path), "requests or pooch"))
        calls = [ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        found += [(str(path), called) for called in calls if re.fullmatch(PICKLING, called)]
    assert found == []


def test_only_fetch_reaches_the_module_that_downloads():
    users = {str(p.relative_to(PACKAGE)) for p in MODULES if "lthedu.data.download" in imports(p)}
    assert users == {os.path.join("data", "__init__.py"), os.path.join("course", "stick", "plan.py")}  # asks for sizes
    tree = ast.parse((PACKAGE / "data" / "__init__.py").read_text(encoding="utf-8"))
    inside = [f.name for f in tree.body if isinstance(f, ast.FunctionDef) and "data.download" in ast.unparse(f.body)]
    anywhere = [node for node in tree.body if "import fetch_file" in ast.unparse(node)]
    assert (inside, len(anywhere)) == (["fetch"], 1)


def test_torch_nn_utils_prune_is_not_the_engine():
    # benchmarks time it, lessons show its traps, and the reader of networks refuses it; nothing is built on it
    users = {
        str(p.relative_to(PACKAGE))
        for p in MODULES
        if any(module.endswith("nn.utils") or "nn.utils.prune" in module for module in imports(p))
        or "nn.utils.prune" in p.read_text(encoding="utf-8")
    }
    timed = {os.path.join("bench", name) for name in ("idiomatic.py", "measure.py")}
    assert users == timed | {os.path.join("networks", "reading.py")}


def test_no_module_of_the_science_seeds_or_draws_from_the_global_state():
    # three modules set it and put it back: where networks are made, where they draw by themselves, and torch's threads
    names = "manual_seed|seed|set_rng_state|default_generator"
    calls = re.compile(rf"\b(np\.random\.|random\.seed|torch\.({names})|set_num_threads)")
    swapping = {PACKAGE / "training" / name for name in ("replicates.py", "noise.py")} | {PACKAGE / "base/threads.py"}
    found = {str(p): calls.findall(p.read_text()) for p in SCIENCE if p not in swapping}
    assert not any(found.values()), found


def test_this_run_has_empty_homes_of_its_own():
    for name in ("LTHEDU_HOME", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        assert "lthedu-tests-" in os.environ[name]
