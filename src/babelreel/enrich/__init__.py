"""Captions that nobody wrote: a corpus goes in, the same corpus with more captions comes out."""
