"""The activity page: requests and decisions."""
