"""
``python -m fuzz TARGET``: fuzz one target for some seconds.

FUZZ_SECONDS says how long, 5 if unset. Further arguments are libFuzzer's. An input that breaks the
target is written to build/fuzz/, and the command fails; give its path to see it break again.
"""

from __future__ import annotations

import os
import sys
import tempfile

from pathlib import Path


def main() -> None:
    """Instrument, then fuzz; libFuzzer ends the process."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: make fuzz installs it, on Linux")

    # Whatever is imported in here tells the fuzzer which of its lines ran.
    with atheris.instrument_imports(include=["mailcore", "mailcore_ses"]):
        from fuzz.targets import TARGETS, seeds

        # These wait for their first use otherwise.
        import mailcore.inbound_fallback
        import mailcore_ses.sns_signature  # noqa: F401

    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m fuzz {{{','.join(TARGETS)}}} [libFuzzer's arguments]")
    name, given = sys.argv[1], sys.argv[2:]
    found = Path("build", "fuzz")
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-artifact_prefix={found}/{name}-", "-max_len=20000", "-timeout=10"]
    if not any(not argument.startswith("-") for argument in given):
        corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
        for number, seed in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(seed)
        seconds = int(os.environ.get("FUZZ_SECONDS", "5"))
        options += [f"-max_total_time={seconds}", str(corpus)]
    atheris.Setup([sys.argv[0], *options, *given], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
