"""Processes, addresses and settings that are not those of the mesh."""

from tests.deploy.manifests import Breaks, put

BREAKS: Breaks = {
    # The mesh
    "a process that was forgotten": (
        lambda m: m.drop("Deployment", "vision-worker"),
        "Deployment vision-worker is missing",
    ),
    "a service of another name": (
        lambda m: put(m.the("Service", "graph"), "metadata", "name", value="tree"),
        "Deployment users: GRAPH_URL leads to graph, which is not there",
    ),
    "an object that a team's own release leaves behind": (
        lambda m: m.the("ServiceAccount", "dex")["metadata"]["labels"].clear(),
        "ServiceAccount dex has the label of None",
    ),
    "a migration that was forgotten": (lambda m: m.drop("Job", "migrate-animals"), "Job migrate-animals is missing"),
    "a migration of another's schema": (
        lambda m: put(m.container("migrate-animals", "Job"), "command", 3, value="dex"),
        "Job migrate-animals migrates dex",
    ),
    "the API in the worker's place": (
        lambda m: m.container("vision-worker")["env"].pop(),
        "Deployment vision-worker runs services.vision.app:app",
    ),
    "an address with a slip": (
        lambda m: m.told().update(USERS_URL="http://usres:8000"),
        "USERS_URL leads to usres, which is not there",
    ),
    "an address with another port": (
        lambda m: m.told().update(JWKS_URL="http://users:80/.well-known/jwks.json"),
        "JWKS_URL leads to users:80, where nobody listens",
    ),
    "two addresses that were swapped": (
        lambda m: m.told().update(DEX_URL="http://users:8000"),
        "Deployment dex: DEX_URL is http://users:8000",
    ),
    "a front for another gateway": (
        lambda m: m.file("gateways.conf").update({"gateways.conf": "server gateway-1:8000;"}),
        "the front leads to gateway-1, which is not there",
    ),
    "more copies than servers": (
        lambda m: put(m.the("StatefulSet", "nats"), "spec", "replicas", value=1),
        "wants 3 copies of the events, of 1 servers",
    ),
    "a process that listens elsewhere": (lambda m: m.told().update(PORT="8080"), "Deployment dex listens on 8080"),
    # Settings
    "no public address": (
        lambda m: m.told().pop("PUBLIC_BASE_URL"),
        "Deployment users needs PUBLIC_BASE_URL in production",
    ),
    "not for production": (lambda m: m.told().update(ENVIRONMENT="test"), "Deployment dex does not run for production"),
    "a value of another kind": (
        lambda m: m.told().update(DATABASE_POOL_SIZE="many"),
        "Deployment dex: DATABASE_POOL_SIZE Input should be a valid integer",
    ),
    "a setting with a slip": (
        lambda m: m.told().update(TRUSTED_PROXYS="10.0.0.0/8"),
        "is told TRUSTED_PROXYS, which nobody reads",
    ),
    # Room
    "more than the quota": (
        lambda m: put(m.container("graph"), "resources", "requests", "cpu", value="20"),
        "ResourceQuota: requests.cpu may be 40",
    ),
    "more connections than there are": (
        lambda m: m.told().update(DATABASE_POOL_OVERFLOW="20"),
        "Cluster postgres has 400",
    ),
    "a log larger than its disk": (
        lambda m: m.told().update(EVENT_STREAM_MAX_BYTES=str(2**40)),
        "Job provision: a stream of 1099511627776",
    ),
}
