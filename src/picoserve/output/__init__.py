"""Engine text → what the client sees. Pure machines with two verbs: feed and finish."""
