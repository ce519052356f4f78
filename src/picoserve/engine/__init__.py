"""What runs a model. Each adapter is the only importer of its SDK."""
