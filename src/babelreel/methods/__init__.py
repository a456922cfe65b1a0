"""One paper, one file: the only place where encoders meet losses."""
