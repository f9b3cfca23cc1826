"""HTTP in: images and jobs for players, a few private paths for dex and users."""

from fastapi import APIRouter

from services.vision.routes import images, jobs, private

router = APIRouter()
router.include_router(images.router)
router.include_router(jobs.router)
router.include_router(private.router)
