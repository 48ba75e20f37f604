"""The connect page: how other apps use Preheat."""
