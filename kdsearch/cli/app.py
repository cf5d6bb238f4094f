"""The command line: it parses and prints; everything it does can be done from Python under the same name."""

import errno
import gc
import os
import sys
from functools import partial
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kdsearch.cache.messages import heard_by
from kdsearch.cli.cache import cache_app
from kdsearch.cli.compare import compare
from kdsearch.cli.data import data_app
from kdsearch.cli.doctor import doctor
from kdsearch.cli.export import export
from kdsearch.cli.help import PanelCommand, TableCommand
from kdsearch.cli.net import UNFORESEEN, caught, secrets_in
from kdsearch.cli.options import STORAGE
from kdsearch.cli.predict import measure, predict
from kdsearch.cli.reproduce import reproduce
from kdsearch.cli.run import run
from kdsearch.cli.signals import INTERRUPTED, end_in_order, exit_code
from kdsearch.cli.space import space_app
from kdsearch.cli.studies import list_studies, report, show
from kdsearch.cli.talk import say
from kdsearch.cli.teacher import teacher
from kdsearch.errors import KdsearchError, RunError

__all__ = ["app", "main"]

app = typer.Typer(
    name="kdsearch",
    help="How small and fast can a traffic forecaster be and still be as good as the big one?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
SEARCH, STUDIES, HOME, PARTS = "Search", "Studies", "Take a network home", "What there is"
app.command(cls=PanelCommand, rich_help_panel=SEARCH)(run)
app.command(cls=PanelCommand, rich_help_panel=SEARCH)(teacher)
app.command(cls=PanelCommand, rich_help_panel=SEARCH)(reproduce)
app.command("studies", rich_help_panel=STUDIES)(list_studies)
app.command(rich_help_panel=STUDIES)(show)
app.command(rich_help_panel=STUDIES)(report)
app.command(rich_help_panel=STUDIES)(compare)
app.command(cls=TableCommand, rich_help_panel=HOME)(export)
app.command(rich_help_panel=HOME)(predict)
app.command(rich_help_panel=HOME)(measure)
app.add_typer(data_app, name="data", rich_help_panel=PARTS)
app.add_typer(space_app, name="space", rich_help_panel=PARTS)
app.add_typer(cache_app, name="cache", rich_help_panel=PARTS)
app.command(rich_help_panel=PARTS)(doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kdsearch {version_of('kdsearch')}")
        raise typer.Exit


@app.callback()
def kdsearch(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """How small and fast can a traffic forecaster be and still be as good as the big one?"""


def _hide_password() -> None:
    """Where a password was typed, begin again with the address in the environment.

    Every user of a machine can see command lines, and Ray writes that of its driver into its logs.
    """
    arguments = sys.orig_argv[1:]
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name != "--storage":
            continue
        after = place + (1 if equals else 2)
        address = value if equals else "".join(arguments[place + 1 : after])
        if "://" in address and not address.startswith("sqlite"):
            rest = [*arguments[:place], *arguments[after:]]
            os.execve(sys.executable, [sys.executable, *rest], os.environ | {STORAGE: address})


_UsageError: type[typer.BadParameter] = typer.BadParameter.__bases__[0]
"""What typer raises at options and arguments; it gives no name to the class itself."""


def _usage(error: typer.BadParameter) -> str:
    """Say in one sentence what is wrong with a command's words; "" where it has none, and its help was shown."""
    said = " ".join(error.format_message().split()).rstrip(".").replace("Input should be", "it must be")
    said = said.partition(", unable to parse")[0]
    asked = error.ctx.command_path if error.ctx else "kdsearch"
    return said and f"{said}; see `{asked} --help`"


def main() -> NoReturn:
    """Run the command line.

    A user's mistake is one sentence and its exit code, Ctrl-C is 130 with everything kept; what nobody foresaw is a
    sentence too, with the place of a report, and exit code 70.
    """
    _hide_password()
    secrets = secrets_in(os.environ.get(STORAGE))
    end_in_order()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who called, as cron may
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - to the program's end
    try:
        with heard_by(partial(typer.echo, err=True)):
            sys.exit(app(prog_name="kdsearch", standalone_mode=False))
    except KdsearchError as error:
        say(f"Error: {error}")
        sys.exit(error.exit_code)
    except _UsageError as error:
        if said := _usage(error):
            say(f"Error: {said}")
        sys.exit(KdsearchError.exit_code)
    except OSError as error:
        what = f"cannot use {error.filename}: {error.strerror}" if error.filename else str(error)
        too_long = error.errno == errno.ENAMETOOLONG  # a name that was typed: a mistake, and nothing was begun
        say(f"Error: {what}{'; give a shorter one' if too_long else ''}")
        sys.exit(KdsearchError.exit_code if too_long else 1)
    except SystemExit as stop:  # typer's own way out, which is silent at Ctrl-C
        if stop.code == INTERRUPTED:
            say("stopped; what was finished is kept, and the same command goes on from there")
            sys.exit(exit_code())
        raise
    except MemoryError:
        say("Error: the memory does not suffice; take smaller data, or a machine with more")
        sys.exit(RunError.exit_code)
    except Exception as error:
        cause = error.__cause__ if isinstance(error, typer.Abort) else None  # typer's name for an EOFError
        say(f"Error: {caught(cause or error, secrets)}")
        sys.exit(UNFORESEEN)
    finally:
        gc.freeze()  # Python's last collection looks through all of torch for a second, and finds nothing
