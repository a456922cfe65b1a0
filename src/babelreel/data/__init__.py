"""Corpora and media to batches."""
