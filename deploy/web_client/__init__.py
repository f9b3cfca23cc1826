"""The web client beside the mesh: an export is checked, packed smaller, and put in place of the last one at once."""
