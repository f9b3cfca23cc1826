"""The animals service: the species registry, and the taxonomy that names lead to."""

from libs.common.service import create_service
from services.animals.backbone import fill_taxonomy, is_filled
from services.animals.counting import count_animals
from services.animals.handlers import handlers
from services.animals.routes import router
from services.animals.settings import AnimalsSettings

app = create_service(
    "animals", AnimalsSettings(), router, handlers, background=[fill_taxonomy, count_animals], ready=is_filled
)
