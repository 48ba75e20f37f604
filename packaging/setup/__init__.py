"""What `make run` and `make test` do first: environment, llama.cpp, dependencies, starter models."""
