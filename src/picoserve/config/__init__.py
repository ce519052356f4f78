"""The configuration: what a person may set, where it is read from, and what is wrong with it.

A leaf among the rooms: it knows the error tree and pydantic, nothing else of picoserve.
"""
