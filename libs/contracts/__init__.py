"""What the services tell each other: one module per publishing service. Imports nothing but pydantic."""
