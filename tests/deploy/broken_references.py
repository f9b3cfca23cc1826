"""Names of what is not there, and secrets where they do not belong."""

from tests.deploy.manifests import Breaks, put

BREAKS: Breaks = {
    # References
    "a config map that is not there": (
        lambda m: put(m.container("dex"), "envFrom", 0, "configMapRef", "name", value="mash"),
        "Deployment dex needs ConfigMap mash, which is not there",
    ),
    "a config map that nobody uses": (
        lambda m: m.documents.append({"kind": "ConfigMap", "metadata": {"name": "old"}, "data": {}}),
        "ConfigMap old is used by nobody",
    ),
    "a secret that nobody has announced": (
        lambda m: put(m.pod("dex"), "volumes", 0, "secret", "secretName", value="dexx"),
        "Deployment dex needs Secret dexx, which is not there",
    ),
    "a key that no secret has": (
        lambda m: put(
            m.pod("roles", "Job"), "volumes", 0, "projected", "sources", 1, "secret", "items", 0, "key", value="url"
        ),
        "Job roles needs the key url of users",
    ),
    "an account that is not there": (
        lambda m: put(m.pod("dex"), "serviceAccountName", value="service"),
        "Deployment dex needs ServiceAccount service, which is not there",
    ),
    "a priority that is not there": (
        lambda m: put(m.pod("nats", "StatefulSet"), "priorityClassName", value="high"),
        "StatefulSet nats needs PriorityClass high",
    ),
    "a store of backups that is not there": (
        lambda m: m.drop("ObjectStore", "backups"),
        "Cluster postgres is saved to the ObjectStore backups, which is not there",
    ),
    "a secret in git": (
        lambda m: m.documents.append({"kind": "Secret", "metadata": {"name": "users"}}),
        "Secret users would be in git",
    ),
    "a secret as a variable": (
        lambda m: m.told().update(DATABASE_URL="postgresql://dex:dex@postgres-rw/dex"),
        "Deployment dex has DATABASE_URL in its environment",
    ),
    "a secret as a variable, by reference": (
        lambda m: m.container("dex")["env"].append(
            {"name": "NATS_URL", "valueFrom": {"secretKeyRef": {"name": "dex", "key": "nats_url"}}}
        ),
        "Deployment dex has secrets in its environment",
    ),
    "a secret that the store does not bring": (
        lambda m: m.drop("ExternalSecret", "nats"),
        "no ExternalSecret brings nats",
    ),
    # Images
    "another's image": (
        lambda m: put(m.container("dex"), "image", value="biologidex/social:0.1.0"),
        "Deployment dex runs biologidex/social:0.1.0",
    ),
    "the newest, whatever it is": (
        lambda m: put(m.container("dex"), "image", value="registry.example.org:5000/biologidex/dex"),
        "Deployment dex runs whatever",
    ),
}
