"""Parts of the pictures in docs/screenshots."""
