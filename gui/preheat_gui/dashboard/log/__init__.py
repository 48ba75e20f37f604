"""The log page: the end of the log file."""
