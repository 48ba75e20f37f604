"""OpenAI's protocol over the engine: chat, completions, embeddings and models."""
