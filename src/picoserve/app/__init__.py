"""The composition root: settings → parts, each with its own piece of them."""
