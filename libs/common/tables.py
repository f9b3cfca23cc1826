"""The tables that every service has; their migrations lie beside this file in `migrations/`."""

from sqlalchemy import MetaData

shared_metadata = MetaData()
