"""A stand-in for picoLLM's native library, driven by a readable script. See README.md."""
