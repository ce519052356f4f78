"""Who may ask: bearer keys and LiveKit's access tokens."""
