"""`tilldone chaos`: proves on a stack of its own that whatever is killed, no scan is lost and none is doubled."""

import signal
import sys
from typing import Any

import click

from chaos.drill import drill
from chaos.plan import PLANNED, Kind, Plan
from webapp.settings import POOLS

_DATABASE_HELP = "An empty database, or `postgres` for one of its own, killed too; its own SQLite otherwise."
_BROKER_HELP = "A broker, or `rabbitmq` for one of its own, killed too; the embedded Valkey otherwise."
_WITHOUT_HELP = "Leave a part out, to see that the drill can fail."
_KINDS = [kind.value for kind in PLANNED]
_QUICK = {"scans": 60, "kills": 8, "lease_seconds": 2.0, "pace_seconds": 1.0}


@click.command()
@click.option("--scans", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Scans to submit.")
@click.option("--kills", type=click.IntRange(0, 1000), default=20, show_default=True, help="Kills, by a plan.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same plan.")
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Worker processes.")
@click.option("--pool", type=click.Choice(POOLS), default="prefork", show_default=True)
@click.option(
    "--concurrency", type=click.IntRange(1, 100), default=None, help="Of each worker; 4, or 20 without prefork."
)
@click.option("--lease", "lease_seconds", type=click.FloatRange(1, 600), default=3.0, show_default=True, metavar="S")
@click.option("--limit", "limit_seconds", type=float, default=120.0, show_default=True, metavar="S", help="Then: lost.")
@click.option("--quick", "is_quick", is_flag=True, help="60 scans, 8 kills, a lease of 2 s, in half a minute.")
@click.option("--keep", "is_kept", is_flag=True, help="Leave its folder, with logs and database.")
@click.option("--database", "database_url", metavar="URL", help=_DATABASE_HELP)
@click.option("--broker", "broker_url", metavar="URL", help=_BROKER_HELP)
@click.option("--without", type=click.Choice(["claim", "due"]), multiple=True, help=_WITHOUT_HELP)
@click.option("--only", type=click.Choice(_KINDS), multiple=True, help="These ways alone; `release` comes only so.")
@click.option("--pace", "pace_seconds", type=float, default=2.0, show_default=True, metavar="S", help="Between kills.")
@click.pass_context
def chaos(context: click.Context, /, without: tuple[str, ...], only: tuple[str, ...], **options: Any) -> None:
    """Start a stack of its own, submit scans, kill at random, and judge what is left.

    Exits 0 only if no scan was lost or doubled and 95 % of the interrupted ones went on within 10 s.
    """
    if options["is_quick"]:
        options |= {name: value for name, value in _QUICK.items() if _is_default(context, name)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    del options["is_quick"]
    options["concurrency"] = options["concurrency"] or (4 if options["pool"] == "prefork" else 20)
    report = drill(Plan(**options, without=frozenset(without), only=frozenset(map(Kind, only))))
    click.echo(report.table())
    for line in report.faults():
        click.echo(line)
    click.echo("passed" if report.is_passed else "FAILED")
    sys.exit(0 if report.is_passed else 1)


def _is_default(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT
