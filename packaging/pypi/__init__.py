"""The packages for PyPI, and a test that installs them."""
