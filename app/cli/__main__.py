"""`python -m app.cli`: the command if it is not on the path."""

from app.cli.main import main

main()
