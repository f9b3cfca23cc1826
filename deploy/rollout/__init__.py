"""A new version of the services under compose, one container after the other, and back again where it does not hold."""
