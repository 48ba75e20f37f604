"""What the engine does about devices: it finds and measures them, follows the power supply, and watches answers."""
