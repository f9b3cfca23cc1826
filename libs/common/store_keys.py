"""Keys to an object store, from secret files; without any, its client goes by the identity that the place gives it."""

from typing import Final
from urllib.parse import urlsplit

from libs.common.secret_files import given, secrets_folder

AMAZON: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
GOOGLE: Final = "google_service_account"


def keys_for(url: str) -> dict[str, str]:
    """What the client of `url`'s store is told: for `s3` the keys themselves, for `gs` where the key's file lies."""
    scheme = urlsplit(url).scheme
    if scheme in ("s3", "s3a"):
        return {name: value for name in AMAZON if (value := given(name.upper()))}
    folder = secrets_folder()
    if scheme == "gs" and folder and (folder / GOOGLE).is_file():
        return {GOOGLE: str(folder / GOOGLE)}
    return {}
