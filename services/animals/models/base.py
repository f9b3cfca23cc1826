"""What all tables of the animals service share."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db import service_metadata


class Base(DeclarativeBase):
    metadata = service_metadata()
