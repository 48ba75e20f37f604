"""Packages for Linux, made from the bundle: two for Debian, and an archive that installs without root."""
