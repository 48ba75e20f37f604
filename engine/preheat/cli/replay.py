"""``preheat replay``: simulates other memory limits and settings."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, print_json, print_table, waiting
from preheat.cli.tables import Column
from preheat.errors import InvalidRequestError
from preheat.messages import msg
from preheat.units import format_bytes, format_duration, format_memory

if TYPE_CHECKING:
    from preheat.replay import Comparison, PersonResult, Report, Trace, Tuning
    from preheat.settings import Settings, Size

_MAX_STEPS: Final = 8
_DEFAULT_DAYS: Final = 56
_DEFAULT_USERS: Final = 30
_FAMILY: Final = "family"
_POLICIES: Final = (
    Column("Policy"),
    Column("Limit", worth=8, right=True),
    Column("Requests", worth=2, right=True),
    Column("Hit rate", right=True),
    Column("Steady", worth=5, right=True),
    Column("Waits", worth=7, right=True),
    Column("Waited", worth=6, right=True),
    Column("Preloads", worth=3, right=True),
    Column("Wasted", worth=4, right=True),
    Column("Read", worth=1, right=True),
)
_USERS: Final = (
    Column("User"),
    Column("Steady", right=True),
    Column("LRU", worth=5, right=True),
    Column("Of bound", worth=4, right=True),
    Column("Waits/LRU", worth=3, right=True),
    Column("Seconds/LRU", worth=2, right=True),
    Column("Wasted", worth=1, right=True),
)
_SPREAD: Final = (
    Column("Of each user"),
    Column("Mean", right=True),
    Column("10 %", worth=3, right=True),
    Column("25 %", worth=1, right=True),
    Column("Median", worth=5, right=True),
    Column("75 %", worth=2, right=True),
    Column("90 %", worth=4, right=True),
)
_TUNING: Final = (Column("Each week"), Column("Now", right=True), Column("Then", right=True))
_FIGURES: Final = {
    "ready": "Ready",
    "lru": "Ready with LRU",
    "keep_alive": "Ready with keep-alive 5 min",
    "naive": "Ready with the naive policy",
    "bound": "Ready at best",
    "waits_ratio": "Waits/LRU",
    "naive_waits_ratio": "Waits/LRU, naive policy",
    "seconds_ratio": "Seconds/LRU",
    "wasted_share": "Wasted",
    "naive_wasted_share": "Wasted, naive policy",
}


def replay(
    limits: Annotated[
        str | None,
        typer.Option("--limit", metavar="SIZES", help="Memory limits, such as 8GiB,12GiB. Default: memory_limit."),
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", exists=True, dir_okay=False, help="Replay this usage.db.")
    ] = None,
    synthetic: Annotated[
        str | None,
        typer.Option(
            "--synthetic",
            metavar="NAME",
            help="Synthetic user; list prints them, all compares them, family draws any number of others.",
        ),
    ] = None,
    users: Annotated[
        int | None,
        typer.Option("--users", min=1, max=10_000, help=f"Number of users of the family. Default: {_DEFAULT_USERS}."),
    ] = None,
    held_out: Annotated[
        bool | None,
        typer.Option(
            "--held-out/--tuning",
            help="Users that no constant was tuned on, which is the default, or those for tuning.",
        ),
    ] = None,
    page_cache: Annotated[
        str | None,
        typer.Option("--page-cache", metavar="SIZE", help="Page cache in addition to the limit: 4GiB, or 50% of it."),
    ] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="Only this many last days.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the synthetic user. Default: 0.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Replay with this setting.")
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", dir_okay=False, help="Write results here; without --limit, of a range."),
    ] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Find better values of popularity_half_life and keep_after_use.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write the values of --tune without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate other memory limits and settings on past usage.

    Compares Preheat with other policies.
    """
    from preheat.cli.config import parse_overrides
    from preheat.replay import CACHE_SHARE, PAGE_CACHE_SHARE, SETTLING_DAYS, describe_users
    from preheat.settings import load_settings

    if synthetic == "list":
        for name, words in describe_users():
            typer.echo(f"{name}: {words}")
        return
    if synthetic is not None and log is not None:
        raise InvalidRequestError(msg("replay_log_or_user"))
    for option, given, needed, present in (
        ("--users", users is not None, "--synthetic family", synthetic == _FAMILY),
        ("--held-out and --tuning", held_out is not None, "--synthetic family", synthetic == _FAMILY),
        ("--seed", seed is not None, "--synthetic", synthetic is not None),
        ("--yes", yes, "--tune", tune),
    ):
        if given and not present:
            raise InvalidRequestError(msg("replay_option_alone", option=option, needed=needed))
    first = seed or 0
    changes = parse_overrides(overrides or ())
    settings = load_settings(changes)
    if tune and (synthetic or limits or csv_file):
        raise InvalidRequestError(msg("tune_own_use"))
    if synthetic in ("all", _FAMILY) and (limits is not None or csv_file is not None):
        raise InvalidRequestError(msg("replay_own_limits", user=synthetic))
    if synthetic in ("all", _FAMILY) and days is not None and days <= SETTLING_DAYS:
        raise InvalidRequestError(msg("replay_days_few", user=synthetic, days=SETTLING_DAYS))
    share = CACHE_SHARE if synthetic == _FAMILY else PAGE_CACHE_SHARE
    cache = _size("--page-cache", page_cache or f"{share:.0%}")
    if synthetic == _FAMILY:
        results = _family(changes, range(first, first + (users or _DEFAULT_USERS)), held_out is not False, days, cache)
        if as_json:
            print_json([result.row() for result in results])
        else:
            _print_spread(results)
        return
    if synthetic == "all":
        comparisons = _five_users(settings, days, first, cache)
        if as_json:
            print_json([comparison.row() for comparison in comparisons])
        else:
            _print_comparisons(comparisons)
        return
    trace = _trace(settings, log, synthetic, days, first)
    if tune:
        _tune(settings, trace, cache, yes, as_json)
        return
    tried = _limits(limits, trace, settings, synthetic is not None, curve=csv_file is not None)
    reports = [report for limit in tried for report in _compared(trace, limit, settings, cache)]
    if csv_file is not None:
        _write_csv(csv_file, reports)
    if as_json:
        print_json([report.row() for report in reports])
    elif csv_file is None:
        _print(reports)


def _trace(settings: Settings, log: Path | None, synthetic: str | None, days: int | None, seed: int) -> Trace:
    """Return the usage to replay.

    Raises:
        InvalidRequestError: There is no such user, or the log is empty.
    """
    from preheat.replay import ALL_USERS, recorded_use, synthetic_trace

    if synthetic is None:
        return recorded_use(settings, log, days)
    if synthetic not in ALL_USERS:
        raise InvalidRequestError(msg("replay_unknown_user", user=synthetic, known=list(ALL_USERS)))
    return synthetic_trace(synthetic, seed=seed, days=days or _DEFAULT_DAYS)


def _limits(text: str | None, trace: Trace, settings: Settings, synthetic: bool, *, curve: bool) -> list[int]:
    """Return the memory limits to try, in bytes.

    Raises:
        InvalidRequestError: One is not a size.
    """
    from preheat.doctor import preheats_memory

    total = preheats_memory().total_bytes
    if text is not None:
        limits = [_size("--limit", part).resolve(total) for part in text.split(",")]
        if min(limits) <= 0:
            raise InvalidRequestError(msg("replay_limit_zero"))
        return limits
    if curve:
        return [trace.room_for(count) for count in range(1, min(len(trace.sizes), _MAX_STEPS) + 1)]
    return [trace.room_for(3) if synthetic else settings.memory_limit.resolve(total)]


def _size(option: str, text: str) -> Size:
    from preheat.settings import Size

    try:
        return Size(text.strip())
    except ValueError as error:
        raise InvalidRequestError(msg("replay_wrong_size", option=option, text=text)) from error


def _five_users(settings: Settings, days: int | None, seed: int, cache: Size) -> list[Comparison]:
    """Return the results of each synthetic user with memory for three of the models, and their mean."""
    from preheat.replay import USERS, Machine, compare_with_lru, mean_of, strategy_under, synthetic_trace

    found = []
    for name in USERS:
        trace = synthetic_trace(name, seed=seed, days=days or _DEFAULT_DAYS)
        limit_bytes = trace.room_for(3)
        machine = Machine(limit_bytes, page_cache_bytes=cache.resolve(limit_bytes))
        found.append(compare_with_lru(name, trace, machine, strategy_under(settings)))
    return [*found, mean_of(found)]


def _family(
    overrides: Mapping[str, str], people: Sequence[int], held_out: bool, days: int | None, cache: Size
) -> list[PersonResult]:
    """Return the results of people of the family."""
    from preheat.replay import FAMILY_DAYS, Draws, FamilyTask, measure_family

    task = FamilyTask(Draws.HELD_OUT if held_out else Draws.TUNING, days or FAMILY_DAYS, str(cache), overrides)
    with waiting(f"Replaying {len(people)} users") as show:
        return measure_family(task, people, measured=lambda count: show(f"Replayed {count} of {len(people)} users"))


def _tune(settings: Settings, trace: Trace, cache: Size, yes: bool, as_json: bool) -> None:
    """Find better values of two settings, show what they bring, and write them if that is wanted."""
    from preheat.control import ChangeSettings, open_client
    from preheat.replay import Machine, tune

    limit_bytes = _limits(None, trace, settings, False, curve=False)[0]
    machine = Machine(limit_bytes, cache.resolve(limit_bytes), trace.device_limits)
    with waiting("Replaying your use") as show:
        found = tune(
            trace,
            machine,
            settings,
            tried=lambda done, total: show(f"Replayed your use with {done} of {total} combinations"),
        )
    if not as_json:
        _print_tuning(found)
    asked = not as_json and sys.stdin.isatty()
    written = bool(found.proposed) and (yes or (asked and typer.confirm("Write them to the settings?")))
    overridden: Mapping[str, str] = {}
    if written:
        with open_client() as client:
            overridden = client.call(ChangeSettings(found.proposed)).overridden
    if as_json:
        print_json({**found.row(), "written": written})
    elif written:
        typer.echo("The settings were written.")
    elif found.proposed and not asked:
        typer.echo("Nothing was written; --yes writes them.")
    for name, source in overridden.items():
        typer.echo(f"{source} overrides {name} in the settings file.", err=True)


def _print_tuning(found: Tuning) -> None:
    typer.echo(f"Replayed {found.requests} requests of {found.weeks} weeks, after a first week.")
    if not found.proposed:
        typer.echo("No other values are reliably better than the present ones:")
        for name, value in found.present.items():
            typer.echo(f"  {name} = {value:g}")
        return
    for name, value in found.proposed.items():
        typer.echo(f"{name} = {value:g} instead of {found.present[name]:g}")
    before, after = found.before, found.after
    rows = [
        ("Ready", f"{before.ready * 100:.1f} %", f"{after.ready * 100:.1f} %"),
        ("Waited", format_duration(before.waited_s), format_duration(after.waited_s)),
        ("Loaded in vain", format_duration(before.wasted_s), format_duration(after.wasted_s)),
    ]
    print_table(_TUNING, rows)
    typer.echo(
        "Each week is measured with the values that are best on the other weeks: "
        f"better in {found.better_weeks} of {found.weeks} weeks."
    )


def _compared(trace: Trace, limit_bytes: int, settings: Settings, cache: Size) -> list[Report]:
    """Return the results of Preheat and the other policies with one limit."""
    from preheat.replay import Machine, compare, strategy_under

    machine = Machine(limit_bytes, cache.resolve(limit_bytes), trace.device_limits)
    return list(compare(trace, machine, strategy_under(settings)))


def _write_csv(path: Path, reports: Sequence[Report]) -> None:
    rows = [report.row() for report in reports]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise InvalidRequestError(msg("replay_csv_unwritable", path=str(path), reason=str(error.strerror))) from error
    typer.echo(f"Wrote {len(rows)} rows to {path}.", err=True)


def _print(reports: Sequence[Report]) -> None:
    rows = []
    for report in reports:
        figures = report.overall
        row = (
            report.strategy,
            format_memory(report.limit_bytes),
            str(figures.requests),
            f"{figures.preload_hit_rate * 100:.1f} %",
            f"{report.steady.preload_hit_rate * 100:.1f} %" if report.steady.requests else "",
            str(figures.waits),
            format_duration(figures.waited_s),
            str(figures.preloads) if figures.preloads else "",
            str(figures.wasted) if figures.preloads else "",
            format_bytes(figures.bytes_read) if figures.bytes_read else "",
        )
        rows.append(row)
    print_table(_POLICIES, rows)


def _print_comparisons(comparisons: Sequence[Comparison]) -> None:
    rows = [
        (
            found.user,
            f"{found.preload_hit_rate * 100:.1f} %",
            f"{found.lru_hit_rate * 100:.1f} %",
            f"{found.of_bound:.3f}",
            f"{found.waits_ratio:.2f}",
            f"{found.seconds_ratio:.2f}",
            f"{found.wasted_share:.2f}",
        )
        for found in comparisons
    ]
    print_table(_USERS, rows)


def _print_spread(results: Sequence[PersonResult]) -> None:
    from preheat.replay import share_beating_both, spreads_of, wasted_of_all

    used = [result for result in results if result.requests]
    rows = [
        (_FIGURES[spread.name], *(f"{value:.3f}" for value in (spread.mean, *spread.quantiles)))
        for spread in spreads_of(used)
    ]
    print_table(_SPREAD, rows)
    if len(used) < len(results):
        typer.echo(f"Without requests after the first week: {len(results) - len(used)} of {len(results)} users.")
    better, wasted = share_beating_both(used), wasted_of_all(used)
    typer.echo(f"Ready more often than LRU and the naive policy: {better:.0%} of {len(used)} users.")
    typer.echo(f"Wasted, of the preloads of all users: {wasted:.3f}.")
