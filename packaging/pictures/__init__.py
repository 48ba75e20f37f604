"""The pictures in docs/screenshots and docs/pictures, and the program's icons."""
