"""The activity page: requests in progress and decisions."""
