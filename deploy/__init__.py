"""How the mesh is brought to a machine."""
