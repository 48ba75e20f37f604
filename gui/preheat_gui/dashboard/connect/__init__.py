"""The page that shows how to connect other apps."""
