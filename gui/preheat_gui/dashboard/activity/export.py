"""Requests as a CSV file, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from preheat.errors import file_error
from preheat.files import write_atomic

if TYPE_CHECKING:
    from preheat.control import RequestRecord

_COLUMNS: Final = (
    "time",
    "app",
    "model",
    "found",
    "waited_s",
    "first_token_s",
    "tokens_per_s",
    "prompt_tokens",
    "reused_tokens",
    "answer_tokens",
    "why_not_more_reused",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(records: Iterable[RequestRecord]) -> str:
    """Return requests as CSV, with times in ISO 8601 and figures with a decimal point."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(map(_row, records))
    return text.getvalue()


def save_csv(records: Iterable[RequestRecord], path: Path) -> None:
    """Write requests to a file. Blocks on the disk.

    Raises:
        EngineError: The file cannot be written.
    """
    try:
        # The mark lets spreadsheets read the file as UTF-8.
        write_atomic(path, "\ufeff" + csv_text(records), durable=False)
    except OSError as error:
        raise file_error("export_unwritable", error, path) from error


def _row(record: RequestRecord) -> tuple[object, ...]:
    return (
        datetime.fromtimestamp(record.started_at).astimezone().isoformat(timespec="milliseconds"),
        _text(record.client),
        _text(record.model_id),
        record.outcome.value,
        _figure(record.wait_s),
        _figure(record.ttft_s),
        _figure(record.tokens_per_s),
        record.prompt_tokens,
        record.reused_tokens,
        record.completion_tokens,
        _text("" if record.recomputed is None else str(record.recomputed)),
    )


def _text(text: str) -> str:
    """Return a text that no spreadsheet runs: clients choose their names."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
