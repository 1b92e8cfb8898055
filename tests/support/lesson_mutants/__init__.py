"""The mistakes that the tests of each lesson must notice, one table per lesson."""

from tests.support.lesson_mutants import (
    bytecode,
    check,
    core,
    hello_kprobe,
    loader,
    objects,
    rings,
    verifier,
)

MUTANTS = {
    "00-setup": check.MUTANTS,
    "01-hello-kprobe": hello_kprobe.MUTANTS,
    "06-bytecode": bytecode.MUTANTS,
    "07-objects": objects.MUTANTS,
    "08-co-re": core.MUTANTS,
    "09-verifier": verifier.MUTANTS,
    "10-rings": rings.MUTANTS,
    "11-write-your-own-loader": loader.MUTANTS,
}
