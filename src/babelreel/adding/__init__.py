"""A language for a trained model, from parallel text: its media side, and so every index of it, stays as it is."""
