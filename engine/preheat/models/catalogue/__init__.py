"""The built-in catalogue and which of its models suit this machine."""
