"""The mistakes that the tests of each lesson must notice, one table per lesson."""

from tests.support.lesson_mutants import bytecode, core, hello_kprobe, loader, objects

MUTANTS = {
    "01-hello-kprobe": hello_kprobe.MUTANTS,
    "06-bytecode": bytecode.MUTANTS,
    "07-objects": objects.MUTANTS,
    "08-co-re": core.MUTANTS,
    "11-write-your-own-loader": loader.MUTANTS,
}
