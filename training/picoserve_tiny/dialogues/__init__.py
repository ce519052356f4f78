"""The kinds of dialogue that the model learns, one module for each."""
