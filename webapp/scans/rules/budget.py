"""How much work one verdict may cost: answers are hostile, and a short expression can ask for endless work."""

import math
from typing import Any, Final

#: Steps that all conditions of one verdict may take together: some tenths of a second at most.
MAX_STEPS: Final = 400_000
#: So many characters that are copied or compared count as one step.
_CHARACTERS_A_STEP: Final = 16
_BITS_A_DIGIT: Final = 3


class TooMuchWork(Exception):
    """The expression asks for more work on this answer than a verdict may cost."""


class Budget:
    """Counts steps down and raises TooMuchWork below zero: always charged before the work is done."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def charge(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooMuchWork

    def charge_text(self, length: int) -> None:
        self.charge(1 + length // _CHARACTERS_A_STEP)

    def charge_sorting(self, values: list[Any]) -> None:
        """For comparing each with some others, texts to their end."""
        length = sum(len(value) for value in values if isinstance(value, str))
        self.charge(round((len(values) + length / _CHARACTERS_A_STEP) * math.log2(len(values) + 2)))

    def charge_whole(self, value: Any) -> None:
        """For all that hangs below the value, counted as often as it is reached: one list may stand in many places."""
        waiting = [value]
        while waiting:
            current = waiting.pop()
            match current:
                case str():
                    self.charge_text(len(current))
                case list():
                    self.charge(1 + len(current))
                    waiting += current
                case dict():
                    self.charge(1 + len(current))
                    for name, item in current.items():
                        self.charge_text(len(name))
                        waiting.append(item)
                case int():
                    self.charge_text(current.bit_length() // _BITS_A_DIGIT)
                case _:
                    self.charge(1)
