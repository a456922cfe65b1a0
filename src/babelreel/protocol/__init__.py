"""How a corpus is asked: which captions are queries, what is ranked for each, under which conditions."""
