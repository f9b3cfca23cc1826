"""Looks over what is deployed before it is deployed: `make check-deploy`."""
