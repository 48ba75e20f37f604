"""The try-it page: a conversation with one model."""
