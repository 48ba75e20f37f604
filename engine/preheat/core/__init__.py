"""The engine: owns all state, publishes snapshots, hands out leases."""
