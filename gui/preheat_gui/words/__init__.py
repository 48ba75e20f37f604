"""What windows, tray and notifications say."""
