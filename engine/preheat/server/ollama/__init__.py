"""Ollama's protocol over the engine: chat, generate, embeddings and models."""
