"""The command line: one file per command, each of which imports what it needs when it runs.

A new command is a file with one function and a row in `commands`.
"""
