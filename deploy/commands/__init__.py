"""The commands behind `./bdx`: one module for each group."""
