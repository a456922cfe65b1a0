"""The server: the index over HTTP, for the page in this folder and for programs."""
