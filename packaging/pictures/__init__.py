"""What the pictures in docs/screenshots are made of."""
