"""The only loop: recipes to run folders."""
