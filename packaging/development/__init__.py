"""Tools of developers: linters, coverage, translations, a llama.cpp with AddressSanitizer."""
