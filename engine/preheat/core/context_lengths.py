"""Context lengths that requests have asked for, beyond the settings."""

from __future__ import annotations

from types import MappingProxyType

from preheat.settings import ModelSettings, Settings


class ContextLengths:
    """The largest context length that a request has asked for, by model; kept until Preheat ends."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}

    def require(self, model_id: str, tokens: int, settings: Settings) -> bool:
        """Note that a model needs room for this many tokens; return whether it had less until now."""
        if tokens <= self.apply_to(settings).for_model(model_id).context_length:
            return False
        self._tokens[model_id] = tokens
        return True

    def forget(self, model_id: str) -> None:
        """Return to the length in the settings."""
        self._tokens.pop(model_id, None)

    def apply_to(self, settings: Settings) -> Settings:
        """Return the settings with these lengths, where they are larger."""
        models = dict(settings.models)
        for model_id, tokens in self._tokens.items():
            if settings.for_model(model_id).context_length < tokens:
                own = models.get(model_id, ModelSettings())
                models[model_id] = own.model_copy(update={"context_length": tokens})
        return settings.model_copy(update={"models": MappingProxyType(models)})
