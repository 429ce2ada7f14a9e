"""
``python -m fuzz TARGET``: fuzz one target for some seconds.

FUZZ_SECONDS says how long, 5 if unset. Further arguments are libFuzzer's. What reached new code is
kept in build/fuzz/ for the next time. An input that breaks the target is written there too, and the
command fails; give its path to see it break again.
"""

from __future__ import annotations

import os
import sys

from importlib import import_module
from pathlib import Path


def main() -> None:
    """Instrument, then fuzz; libFuzzer ends the process."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: make fuzz installs it, on Linux")

    # Whatever is imported in here tells the fuzzer which of its lines ran.
    with atheris.instrument_imports(include=["mailcore", "mailcore_ses"]):
        # These wait for their first use otherwise.
        for module in ("mailcore.inbound.fallback", "mailcore_ses.sns.signature"):
            import_module(module)
        from fuzz.targets import TARGETS, seeds

    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m fuzz {{{','.join(TARGETS)}}} [libFuzzer's arguments]")
    name, given = sys.argv[1], sys.argv[2:]
    found = Path("build", "fuzz")
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-artifact_prefix={found}/{name}-", "-max_len=20000", "-timeout=10"]
    if not any(not argument.startswith("-") for argument in given):
        corpus = found / f"{name}-corpus"
        corpus.mkdir(exist_ok=True)
        for number, seed in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(seed)
        seconds = int(os.environ.get("FUZZ_SECONDS", "5"))
        options += [f"-max_total_time={seconds}", str(corpus)]
    atheris.Setup([sys.argv[0], *options, *given], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
