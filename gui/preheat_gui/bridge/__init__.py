"""The engine on the GUI thread: snapshots as signals, commands as tasks."""
