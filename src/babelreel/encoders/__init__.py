"""Frames and texts to vectors: everything pretrained comes through transformers, from a hub id or a folder."""
