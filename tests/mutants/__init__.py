"""Breaks each layer of the guard in turn and sees a test fail: ``python -m tests.mutants [WORD ...]``."""
