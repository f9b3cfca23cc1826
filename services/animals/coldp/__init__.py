"""Reads the Catalogue of Life Data Package, a zip of tables (contract B11)."""
