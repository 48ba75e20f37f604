"""What another memory limit would have brought, from a recorded log."""
