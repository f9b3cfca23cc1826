"""Pods that may too much, end too soon, or are asked the wrong thing."""

from tests.deploy.manifests import Breaks, put

BREAKS: Breaks = {
    # Alive and ready
    "no probe": (lambda m: m.container("users").pop("livenessProbe"), "Deployment users: livenessProbe is missing"),
    "liveness by the database": (
        lambda m: put(m.container("users"), "livenessProbe", "httpGet", "path", value="/ready/"),
        "Deployment users: livenessProbe asks /ready/, and should /health/",
    ),
    "a gateway that goes when one service does": (
        lambda m: put(m.container("gateway"), "readinessProbe", "httpGet", "path", value="/ready/"),
        "Deployment gateway: readinessProbe asks /ready/, and should /health/",
    ),
    "a probe of somebody else": (
        lambda m: put(m.container("dex"), "readinessProbe", "httpGet", "host", value="users"),
        "Deployment dex: readinessProbe asks users, somebody else",
    ),
    "a probe at another's port": (
        lambda m: put(m.container("dex"), "startupProbe", "httpGet", "port", value=5432),
        "Deployment dex: startupProbe asks at the port 5432, which is not its own",
    ),
    "killed for being busy": (
        lambda m: put(m.container("dex"), "livenessProbe", "failureThreshold", value=1),
        "Deployment dex: livenessProbe gives up after 10 s",
    ),
    "no time to leave": (
        lambda m: put(m.pod("vision"), "terminationGracePeriodSeconds", value=30),
        "Deployment vision has 30 s to leave",
    ),
    "gone before others notice": (lambda m: m.told().update(DRAIN_SECONDS="0"), "Deployment gateway serves on for 0 s"),
    # Pods
    "root": (
        lambda m: put(m.pod("dex"), "securityContext", "runAsNonRoot", value=False),
        "Deployment dex: does not run as 10001",
    ),
    "a writable image": (
        lambda m: put(m.container("front"), "securityContext", "readOnlyRootFilesystem", value=False),
        "Deployment front: may write to its image",
    ),
    "a capability": (
        lambda m: put(m.container("front"), "securityContext", "capabilities", "add", value=["NET_BIND_SERVICE"]),
        "Deployment front: keeps capabilities",
    ),
    "a token of the cluster": (
        lambda m: m.pod("migrate-dex", "Job").pop("automountServiceAccountToken"),
        "Job migrate-dex: gets a token of the cluster",
    ),
    "variables of all services": (
        lambda m: put(m.pod("dex"), "enableServiceLinks", value=True),
        "Deployment dex: gets the addresses of all services",
    ),
    "a folder of the node": (
        lambda m: m.pod("dex")["volumes"].append({"name": "logs", "hostPath": {"path": "/var/log"}}),
        "Deployment dex: has a volume of the kind hostPath",
    ),
    "scratch without end": (
        lambda m: put(m.pod("dex"), "volumes", 1, "emptyDir", value={}),
        "Deployment dex: its volume scratch may fill the node's disk",
    ),
    "more memory than it asked for": (
        lambda m: put(m.container("dex"), "resources", "limits", "memory", value="1Gi"),
        "Deployment dex: its memory may be taken away",
    ),
    "a namespace that lets all pass": (
        lambda m: put(
            m.the("Namespace", "biologidex"),
            "metadata",
            "labels",
            "pod-security.kubernetes.io/enforce",
            value="baseline",
        ),
        "Namespace biologidex does not enforce the restricted profile",
    ),
    "a job without end": (
        lambda m: m.the("Job", "roles")["spec"].pop("activeDeadlineSeconds"),
        "Job roles has no active",
    ),
}
