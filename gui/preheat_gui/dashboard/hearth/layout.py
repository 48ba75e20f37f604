"""Where everything on the band of memory is. Pure: sizes in bytes and a width in pixels in, places out; no Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from itertools import accumulate
from typing import Final, NamedTuple

LEAST_PX: Final = 26  # The least width of a block: room for its mark, and for a pointer
GAP_PX: Final = 2
PADDING_PX: Final = 8
_GUTTER_SHARE: Final = 0.24
_MIN_GUTTER_PX: Final = 56
_MAX_GUTTER_PX: Final = 420
_END_PX: Final = 10  # Right of the limit when it cannot be raised: half of its handle
_CHIP_GAP_PX: Final = 6
_LEAST_CHIP_PX: Final = 44

STAR_PX: Final = 11
STAR_GAP_PX: Final = 8
_RATE_GAP_PX: Final = 28  # From a block's name to its rate; the star is in it

Measure = Callable[[str], int]  # Returns the width of a text in pixels


class Measures(NamedTuple):
    """The widths of a block's texts."""

    name: Measure
    detail: Measure
    rate: Measure


class Kind(Enum):
    """What a block stands for."""

    READY = auto()
    LOADING = auto()
    UNLOADING = auto()
    PROMPTS = auto()  # Kept prompts
    PLANNED = auto()  # Not in memory, and there is room for it
    OUTSIDE = auto()  # Not in memory, without room


class Part(NamedTuple):
    """A block to place."""

    key: str  # A model_id; empty for kept prompts
    kind: Kind
    size: int  # In bytes
    names: tuple[str, ...]  # From the longest to the shortest; the last one always fits
    details: tuple[str, ...] = ()  # Likewise; none may fit
    rate: str = ""  # Tokens per second, shown large where there is room
    beside: str = ""  # The detail next to the rate
    starred: bool = False  # The star follows each name but the last one


class Block(NamedTuple):
    """A placed block; its texts fit into it."""

    key: str
    kind: Kind
    x: int
    width: int
    name: str
    detail: str
    whole: bool  # It says enough: no legend is needed
    rate: str = ""  # Shown large, at the other end


class Axis(NamedTuple):
    """Maps places on the band to memory limits. Up to the present limit in proportion, then up to all memory."""

    rest_x: int  # The place of the present limit
    rest_bytes: int
    end_x: int  # The place of the greatest limit
    end_bytes: int

    def bytes_at(self, x: float) -> int:
        """Return the limit at a place."""
        if x <= self.rest_x or self.end_x <= self.rest_x:
            return round(self.rest_bytes * max(min(x, self.rest_x), 1.0) / max(self.rest_x, 1))
        share = (min(x, self.end_x) - self.rest_x) / (self.end_x - self.rest_x)
        return round(self.rest_bytes + share * (self.end_bytes - self.rest_bytes))

    def x_at(self, limit_bytes: int) -> int:
        """Return the place of a limit."""
        if limit_bytes <= self.rest_bytes or self.end_bytes <= self.rest_bytes:
            return round(self.rest_x * min(limit_bytes / max(self.rest_bytes, 1), 1.0))
        share = min((limit_bytes - self.rest_bytes) / (self.end_bytes - self.rest_bytes), 1.0)
        return round(self.rest_x + share * (self.end_x - self.rest_x))


class Band(NamedTuple):
    """The whole band."""

    blocks: tuple[Block, ...]
    line_x: int  # The limit, and the right edge of the band


def make_axis(width: int, limit_bytes: int, total_bytes: int, *, outside: bool) -> Axis:
    """Return the axis of a band at rest; ``outside``: there are blocks beyond the limit."""
    gutter = round(min(max(width * _GUTTER_SHARE, _MIN_GUTTER_PX), _MAX_GUTTER_PX))
    if not outside:
        gutter = _MIN_GUTTER_PX if total_bytes > limit_bytes else _END_PX
    rest_x = max(width - gutter, width // 2)
    return Axis(rest_x, limit_bytes, max(width - _END_PX, rest_x), max(total_bytes, limit_bytes))


def lay_out(
    inside: Sequence[Part],
    outside: Sequence[Part],
    width: int,
    line_x: int,
    limit_bytes: int,
    measures: Measures,
) -> Band:
    """Place the blocks, in their order: from 0 to the limit at ``line_x``, and beyond it.

    Each is as wide as its share of the limit, but never narrower than ``LEAST_PX`` where there is room for all: the
    others, and free memory, give way. Blocks that exceed the limit together are all shown before it.
    """

    def place(part: Part, left: int, right: int) -> Block:
        room = max(right - left - GAP_PX, 1)
        text = room - 2 * PADDING_PX
        star = STAR_GAP_PX + STAR_PX if part.starred else 0
        name = next((name for name in part.names[:-1] if measures.name(name) + star <= text), part.names[-1])
        if part.rate and measures.name(name) + _RATE_GAP_PX + measures.rate(part.rate) <= text:
            return Block(part.key, part.kind, left, room, name, part.beside, True, part.rate)
        detail = next((detail for detail in part.details if measures.detail(detail) <= text), "")
        whole = name != part.names[-1] and (bool(detail) or not part.details)
        return Block(part.key, part.kind, left, room, name, detail, whole)

    scale = max(limit_bytes, sum(part.size for part in inside)) or 1
    edges = _edges([part.size * line_x / scale for part in inside], line_x)
    blocks = [place(part, left, right) for part, left, right in zip(inside, edges, edges[1:], strict=False)]
    start, room = line_x + _END_PX, width - line_x - _END_PX
    edges = _edges([part.size * line_x / scale for part in outside], max(room, 0))
    blocks += [
        place(part, start + left, start + right) for part, left, right in zip(outside, edges, edges[1:], strict=False)
    ]
    return Band(tuple(blocks), line_x)


def _edges(widths: Sequence[float], room: int) -> list[int]:
    """Return the edges of blocks with these widths, widened to the least width and narrowed to fit the room."""
    if not widths:
        return [0]
    least = min(float(LEAST_PX), room / len(widths))
    wide = [max(width, least) for width in widths]
    if sum(wide) > room:
        spare = sum(width - least for width in wide)
        factor = (room - least * len(wide)) / spare if spare else 0.0
        wide = [least + (width - least) * factor for width in wide]
    return [0, *(round(edge) for edge in accumulate(wide))]


class Chip(NamedTuple):
    """Requests of one client to one model."""

    client: str
    key: str  # The model_id
    text: str
    waiting: bool
    tokens: int  # Written so far, by all of them


class PlacedChip(NamedTuple):
    """A chip, with its spark's way down to its block."""

    chip: Chip
    x: int
    width: int
    target_x: int | None  # Where its line meets its block; None without a block

    @property
    def burns(self) -> bool:
        """Whether its model writes."""
        return not self.chip.waiting


def place_chips(chips: Sequence[Chip], blocks: Sequence[Block], width: int, measure: Measure) -> list[PlacedChip]:
    """Place chips above their blocks, next to each other; those without room are left out."""
    by_key = {block.key: block for block in blocks}
    order = {block.key: place for place, block in enumerate(blocks)}
    ordered = sorted(chips, key=lambda chip: order.get(chip.key, len(order)))
    most = max(width // (_LEAST_CHIP_PX + _CHIP_GAP_PX), 1)
    shown = ordered[:most]
    wanted = [measure(chip.text) + 2 * PADDING_PX + LEAST_PX // 2 for chip in shown]
    room = width - _CHIP_GAP_PX * max(len(shown) - 1, 0)
    if sum(wanted) > room:
        most_each = _level(wanted, room)
        wanted = [min(each, most_each) for each in wanted]
    targets = [_target(chip, shown, by_key.get(chip.key)) for chip in shown]
    lefts: list[int] = []
    free = 0
    for target, each in zip(targets, wanted, strict=True):
        left = max(free, (target if target is not None else width) - each // 2)
        lefts.append(left)
        free = left + each + _CHIP_GAP_PX
    limit = width
    for place in reversed(range(len(lefts))):
        lefts[place] = max(min(lefts[place], limit - wanted[place]), 0)
        limit = lefts[place] - _CHIP_GAP_PX
    return [PlacedChip(*each) for each in zip(shown, lefts, wanted, targets, strict=True)]


def _target(chip: Chip, chips: Sequence[Chip], block: Block | None) -> int | None:
    """Return where a chip's line meets its block: several share its width."""
    if block is None:
        return None
    same = [other for other in chips if other.key == chip.key]
    return block.x + round(block.width * (same.index(chip) + 1) / (len(same) + 1))


def _level(widths: Sequence[int], room: int) -> int:
    """Return the greatest width at which all fit: the widest ones give way first."""
    ordered, left = sorted(widths), room
    for place, width in enumerate(ordered):
        share = left // (len(ordered) - place)
        if width > share:
            return max(share, _LEAST_CHIP_PX)
        left -= width
    return max(ordered, default=0)
