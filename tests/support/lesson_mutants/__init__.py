"""The mistakes that the tests of each lesson must notice, one table per lesson."""

from tests.support.lesson_mutants import bytecode

MUTANTS = {
    "06-bytecode": bytecode.MUTANTS,
}
