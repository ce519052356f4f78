"""`picoserve config example`: a configuration to start from."""

import typer


def config_example() -> None:
    """Print a configuration file with every key, its default and what it means."""
    from picoserve.config.example import example_toml

    typer.echo(example_toml(), nl=False)
