"""The register of mutants is about the code as it is; `make mutants` runs them."""

from pathlib import Path

import pytest

from tests.mutants.register import MUTANTS, Mutant

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_stands_there_once(mutant: Mutant) -> None:
    source = (ROOT / f"{mutant.module.replace('.', '/')}.py").read_text(encoding="utf-8")

    assert source.count(mutant.old) == 1
    compile(source.replace(mutant.old, mutant.new), mutant.module, "exec")


def test_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
