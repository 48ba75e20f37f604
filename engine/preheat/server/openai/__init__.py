"""OpenAI's endpoints: bodies in, completions and streams out."""
