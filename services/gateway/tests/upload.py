"""An upload as the game client emits it (contract C7)."""

BOUNDARY = b"GodotBiologiDexBoundary"


def godot_multipart(photo: bytes) -> bytes:
    """An upload as the client emits it: CRLF before the first boundary (contract C7)."""
    part = b'Content-Disposition: form-data; name="image"; filename="image.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return b"\r\n--" + BOUNDARY + b"\r\n" + part + photo + b"\r\n--" + BOUNDARY + b"--\r\n"


MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
