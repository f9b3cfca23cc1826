"""The keys that sign access tokens: which there are, and how another one takes over without signing anybody out."""
