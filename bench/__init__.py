"""Benchmarks that anyone can run with ``make bench``: each prints its figure beside a peer measured in the same run."""
