"""The `lthedu` command. What needs torch is imported by the command that needs it."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import lthedu

app = typer.Typer(
    help="The lottery ticket hypothesis: a course to open in JupyterLab.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Measure this machine.", no_args_is_help=True)
app.add_typer(bench, name="bench")
problems = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def _version(asked: bool) -> None:
    if asked:
        print(f"lthedu {lthedu.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a whole traceback for an error.")] = False,
) -> None:
    if debug:
        os.environ["LTHEDU_DEBUG"] = "1"


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Any other option goes to JupyterLab: `jupyter lab --help` lists them.",
)
def lab(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="Where your copies live (else $LTHEDU_HOME, else ~/lthedu).")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Use this port (else a free one from 8888 up).")
    ] = None,
    ip: Annotated[str, typer.Option(help="Listen on this address.")] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address; open nothing.")] = False,
) -> None:
    """Copy the lessons to a folder of yours (never over your work) and open them in JupyterLab."""
    from lthedu.course import workspace

    home = workspace.learner_folder(folder)
    workspace.check_address(ip, port)
    copied = workspace.copy_lessons(home)
    print(copied, flush=True)
    if not workspace.is_loopback(ip):
        problems.print(
            f"Warning: listening on {ip}: whoever can reach this machine over the network and has the token "
            "can run programs as you.",
            style="yellow",
        )
    arguments = workspace.server_arguments(
        home, copied.first, ip=ip, port=port, browser=not no_browser, more=context.args
    )
    workspace.serve(home, arguments)


@bench.command()
def train(
    replicates: Annotated[int, typer.Option(min=1, help="Networks trained side by side.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved repetitions; medians are reported.")] = 15,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Time the replicate engine beside the idiomatic loop and this machine's sgemm."""
    from lthedu.bench import train_report

    print(train_report(replicates=replicates, rounds=rounds, threads=threads))


@app.command()
def canonical(paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Lesson notebooks.")]) -> None:
    """Run lesson notebooks and rewrite them in the form in which they are committed."""
    from lthedu.course.authoring import canonical as rewrite

    for path in paths:
        rewrite(path)
        print(f"rewrote {path}")


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def main() -> None:
    """Run the command line; an expected error is one red line and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        if os.environ.get("LTHEDU_DEBUG", "0") not in ("", "0"):
            raise
        problems.print(f"Error: {_in_words(error)}", style="red")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
