"""The players of the contract's tests: who stand to each other in every way, and change nothing shared."""

from tests.contract.circle import circle, collector, koala_job, superuser  # noqa: F401 - fixtures
from tests.contract.conftest import ada, ask, ben, web  # noqa: F401 - fixtures
