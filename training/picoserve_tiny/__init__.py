"""The shipped model, from the dialogues it learns to the GGUF file it becomes."""
