"""The mistakes that the tests of each lesson must notice, one table per lesson."""

from tests.support.mutants import bytecode

MUTANTS = {
    "06-bytecode": bytecode.MUTANTS,
}
