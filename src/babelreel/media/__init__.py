"""Files to tensors, with timestamps."""
