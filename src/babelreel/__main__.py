"""`python -m babelreel` is the command line."""

from babelreel.cli import main

main()
