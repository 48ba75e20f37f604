"""What a pull fetches from the hub."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullTarget:
    """A repository, or a part of one.

    Attributes:
        repo: ``owner/name``.
        quantization: Such as ``Q4_K_M``; None for the recommended one.
        file: Safe path inside the repository; None for a whole variant.
        revision: Branch, tag or commit.
    """

    repo: str
    quantization: str | None = None
    file: str | None = None
    revision: str = "main"

    @property
    def name(self) -> str:
        """The target in the form that a pull understands."""
        if self.file is not None:
            return f"{self.repo}/{self.file}"
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo
