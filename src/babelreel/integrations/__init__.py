"""Our models in other libraries: sentence-transformers and mteb."""
