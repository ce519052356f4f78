"""`picoserve` and `python -m picoserve`.

Nothing is imported until `main` runs, so that whoever imports this module stays light.
"""

EXIT_INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT


def main() -> None:
    """Run the command line; ends the process with the command's exit status."""
    try:
        from picoserve.cli.standard_streams import open_closed_streams  # noqa: PLC0415

        open_closed_streams()
        from picoserve.cli.commands import run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None


if __name__ == "__main__":
    main()
