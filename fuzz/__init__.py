"""
Coverage-guided fuzzing: ``make fuzz``.

What strangers send must end in a value or in an error of mailcore's own, whatever it is. The
targets are in :mod:`fuzz.targets`; ``python -m fuzz TARGET`` hands one to atheris, which mutates
the fixtures of the tests and keeps what reaches new code. What it finds becomes a test.
"""
