"""What should exist: assets, ops, graphs, jobs, partitions, policies, and everything they are checked against. Frozen and pure."""
