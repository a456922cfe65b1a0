"""A world of its own: generated clips with captions in twelve languages, and the truth about each."""
