"""The commands of the shell, by what they are about. Heavy imports happen inside them."""
