"""Models of other programs, read in place and never changed: one module per program.

Each has ``roots``, its folders, and ``candidates``, which yields the files in one of them.
"""
