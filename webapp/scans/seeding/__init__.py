"""Fills a database with believable scans of the past month, to try Tilldone at size."""

from webapp.scans.seeding.bulk import Progress, seed

__all__ = ["Progress", "seed"]
