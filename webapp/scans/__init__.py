"""The core: what a scan is, without HTTP server, Celery or Redis."""
