"""What docker and podman say of a container, in one shape."""

import pytest

from deploy.rollout.containers import container_of, tag_of

OF_DOCKER = {
    "Id": "1",
    "Config": {"Image": "registry.example:5000/dex:one"},
    "State": {"Running": True, "Status": "restarting", "ExitCode": 3},
    "RestartCount": 2,
    "NetworkSettings": {
        "Networks": {"biologidex_mesh": {"IPAddress": "10.0.0.2"}},
        "Ports": {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}], "9000/tcp": None},
    },
}
OF_PODMAN = {
    "Id": "2",
    "ImageName": "localhost/biologidex/dex:two",
    "Config": {"Image": "localhost/biologidex/dex:two"},
    "State": {"Running": True, "Status": "running", "ExitCode": 0},
    "NetworkSettings": {"Networks": None, "Ports": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}},
}


def test_of_both() -> None:
    docker, podman = container_of(OF_DOCKER), container_of(OF_PODMAN)
    assert (docker.tag, docker.is_running, docker.restarts) == ("one", False, 2)
    assert docker.published == {8080: "127.0.0.1:80"}
    assert (docker.network("mesh"), docker.network("edge")) == ("biologidex_mesh", None)
    assert (podman.tag, podman.is_running, podman.restarts) == ("two", True, 0)
    assert podman.published == {8080: "127.0.0.1:8080"}
    assert podman.network("mesh") is None


@pytest.mark.parametrize(
    ("reference", "tag"),
    [
        ("biologidex/dex:0123", "0123"),
        ("registry.example:5000/dex", "latest"),
        ("biologidex/dex@sha256:ab", "sha256:ab"),
        ("biologidex/dex:one@sha256:ab", "one"),
    ],
)
def test_tags(reference: str, tag: str) -> None:
    assert tag_of(reference) == tag
