"""Other programs' models, read in place and never changed: one module a program.

Each has ``roots``, the folders to look into, and ``candidates``, which yields what is in one of them.
"""
