"""Ways that are open, or closed, and should not be."""

from tests.deploy.manifests import Breaks, peers, put

BREAKS: Breaks = {
    # Networks
    "nobody denies": (
        lambda m: (m.drop("NetworkPolicy", "default-deny"), m.drop("NetworkPolicy", "graph"))[0],
        "no policy holds graph (ingress)",
    ),
    "a way that nobody needs": (
        lambda m: (
            peers(m.rules("social", "egress")[2], "to", "users", "dex"),
            peers(m.rules("dex", "ingress")[0], "from", "gateway", "social"),
        )[0],
        "social → dex:8000 is let through, and nobody needs it",
    ),
    "a way that is closed at its end": (
        lambda m: peers(m.rules("users", "ingress")[0], "from", "gateway", "dex"),
        "social → users:8000 is needed, and not let through",
    ),
    "a way that is closed at its beginning": (
        lambda m: peers(m.rules("dex", "egress")[2], "to", "users", "animals"),
        "dex → vision:8000 is needed, and not let through",
    ),
    "a door that nobody goes to": (
        lambda m: peers(m.rules("graph", "ingress")[0], "from", "gateway", "social"),
        "social → graph:8000 is allowed on one side only",
    ),
    "no names": (lambda m: m.rules("gateway", "egress").pop(0) and None, "gateway → dns:53 is needed"),
    "the internet for everybody": (
        lambda m: m.rules("dex", "egress").append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}),
        "dex → the internet:80 is let through",
    ),
    "the cloud's metadata": (
        lambda m: m.rules("vision", "egress")[-1]["to"][0]["ipBlock"].pop("except"),
        "vision → the cloud's metadata:443 is let through",
    ),
    "strangers at a service": (
        lambda m: m.rules("users", "ingress").append({"ports": [{"port": 8000}]}),
        "another namespace → users:8000 is let through",
    ),
    "a policy for nobody": (
        lambda m: put(m.the("NetworkPolicy", "sentry"), "spec", "podSelector", value={"matchLabels": {"a": "b"}}),
        "NetworkPolicy sentry is for nobody",
    ),
    # In and out
    "past the front": (
        lambda m: put(m.the("HTTPRoute", "front"), "spec", "rules", 0, "backendRefs", 0, "name", value="gateway"),
        "HTTPRoute front leads to gateway, past the front",
    ),
    "a route for another name": (
        lambda m: put(m.the("HTTPRoute", "front"), "spec", "hostnames", value=["www.example.org"]),
        "HTTPRoute front is for www.example.org",
    ),
    "a listener that is not there": (
        lambda m: put(m.the("HTTPRoute", "front"), "spec", "parentRefs", 0, "sectionName", value="tls"),
        "HTTPRoute front belongs to biologidex/tls, which is not there",
    ),
    "a service for the whole world": (
        lambda m: put(m.the("Service", "users"), "spec", "type", value="LoadBalancer"),
        "Service users can be reached from outside",
    ),
    "figures of a process that nobody collects": (
        lambda m: put(
            m.the("ServiceMonitor", "services"), "spec", "selector", "matchExpressions", 0, "values", value=["dex"]
        ),
        "users is collected from 0 times",
    ),
    "figures by a port that is not there": (
        lambda m: put(m.the("ServiceMonitor", "gateway"), "spec", "endpoints", 0, "port", value="metrics"),
        "Service gateway has no port metrics",
    ),
}
