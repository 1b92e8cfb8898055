"""The mistakes that the tests of each lesson must notice, one table per lesson."""

from tests.support.lesson_mutants import bytecode, hello_kprobe

MUTANTS = {
    "01-hello-kprobe": hello_kprobe.MUTANTS,
    "06-bytecode": bytecode.MUTANTS,
}
