"""What operators' commands look at: where an installation is, how it is at this moment, and what is wrong with it."""
