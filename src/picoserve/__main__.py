"""`picoserve` and `python -m picoserve`.

Nothing is imported until `main` runs, so that whoever imports this module stays light.
"""


def main() -> None:
    """Run the command line; ends the process with the command's exit status."""
    from picoserve.cli.standard_streams import open_closed_streams  # noqa: PLC0415

    open_closed_streams()
    from picoserve.cli.commands import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
