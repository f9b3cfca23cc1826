"""The HTTP side: the species registry and the taxonomy behind it."""

from fastapi import APIRouter

from services.animals.routes import animals, taxonomy

router = APIRouter()
router.include_router(animals.router)
router.include_router(taxonomy.router)
