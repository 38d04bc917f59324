"""Who goes first: Celery's priorities as Redis understands them, 0 before 5."""

from typing import Final

#: Who has waited before goes before who is new.
RETRY_PRIORITY: Final = 0
NEW_PRIORITY: Final = 5
