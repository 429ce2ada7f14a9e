"""A project made by `startproject`, whose commands run in processes with every warning an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pathlib import Path

import django


class Project:
    """A project in a directory; what it runs has the local SES for its provider."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.warnings = ["-W", "error"]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO")},
            "AWS_ACCESS_KEY_ID": "AKIAINVENTED00000000",
            "AWS_SECRET_ACCESS_KEY": "invented",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SHOP_DATABASE": str(directory / "db.sqlite3"),
            "SHOP_ADMINS": json.dumps(
                ["ada@example.net"] if django.VERSION >= (6, 0) else [["Ada", "ada@example.net"]]
            ),
            "SHOP_SES": "http://127.0.0.1:9",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *command: str, code: int | None = 0, **environment: str) -> str:
        """Run Python with arguments, every warning an error; return what it wrote."""
        finished = subprocess.run(
            [sys.executable, *self.warnings, *command],
            cwd=self.directory,
            env={**self.environment, **environment},
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=120,
        )
        assert code in (None, finished.returncode), finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    def manage(self, *command: str, code: int = 0, **environment: str) -> str:
        """Run a command of manage.py."""
        return self.run("manage.py", *command, code=code, **environment)

    def script(self, source: str, **environment: str) -> str:
        """Run Python within the project."""
        start = "import os, django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n"
        return self.run("-c", f"{start}django.setup()\n{source}", **environment)
