"""How a service runs. Contains no animal; imports no service."""
