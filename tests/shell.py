"""The command line from a user's side, for the tests of commands."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from babelreel import cli


class Done(NamedTuple):
    """A command that has ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


def run(*arguments: object) -> Done:
    """The command line as its entry point runs it, in this process: importing torch for every call takes seconds."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["babelreel", *map(str, arguments)])
        patch.setenv("COLUMNS", "200")
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())
