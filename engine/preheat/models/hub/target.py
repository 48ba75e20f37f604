"""What a pull fetches from the hub."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullTarget:
    """A repository, or a part of one."""

    repo: str  # ``owner/name``
    quantization: str | None = None  # such as ``Q4_K_M``; None for the recommended one
    file: str | None = None  # safe path inside the repository; None for a whole variant
    revision: str = "main"  # branch, tag or commit

    @property
    def name(self) -> str:
        """The target in the form that a pull understands."""
        if self.file is not None:
            return f"{self.repo}/{self.file}"
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo
