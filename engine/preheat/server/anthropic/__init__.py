"""Anthropic's protocol over the engine: messages, token counts and models."""
