"""Labels and numbers that do not fit."""

from copy import deepcopy

from tests.deploy.manifests import Breaks, put

BREAKS: Breaks = {
    # Labels
    "a slip in a deployment's selector": (
        lambda m: put(
            m.the("Deployment", "dex"), "spec", "selector", "matchLabels", "app.kubernetes.io/name", value="dx"
        ),
        "Deployment dex: its selector selects nothing",
    ),
    "a selector that takes in the migration": (
        lambda m: m.the("Deployment", "dex")["spec"]["selector"]["matchLabels"].pop("app.kubernetes.io/component"),
        "Deployment dex: its selector selects Deployment dex, Job migrate-dex",
    ),
    "a service that leads to migrations, too": (
        lambda m: m.the("Service", "users")["spec"]["selector"].pop("app.kubernetes.io/component"),
        "Service users selects Deployment users, Job migrate-users, and should one",
    ),
    "a service that leads to a port without a name": (
        lambda m: put(m.the("Service", "graph"), "spec", "ports", 0, "targetPort", value="htpp"),
        "Service graph: Deployment graph has no port htpp",
    ),
    "a disruption budget for nobody": (
        lambda m: put(
            m.the("PodDisruptionBudget", "social"),
            "spec",
            "selector",
            "matchLabels",
            "app.kubernetes.io/name",
            value="s",
        ),
        "PodDisruptionBudget social selects nothing",
    ),
    "no disruption budget": (
        lambda m: m.drop("PodDisruptionBudget", "nats"),
        "StatefulSet nats has 0 disruption budgets",
    ),
    "spread by others' labels": (
        lambda m: put(
            m.pod("users"), "topologySpreadConstraints", 0, "labelSelector", value={"matchLabels": {"app": "users"}}
        ),
        "Deployment users: its topologySpreadConstraints 0 selects nothing",
    ),
    # How many
    "an autoscaler for what was renamed": (
        lambda m: put(m.the("HorizontalPodAutoscaler", "animals"), "spec", "scaleTargetRef", "name", value="service"),
        "HorizontalPodAutoscaler animals scales service, which is not there",
    ),
    "a number beside an autoscaler": (
        lambda m: put(m.the("Deployment", "users"), "spec", "replicas", value=2),
        "Deployment users says how many it is",
    ),
    "two autoscalers": (
        lambda m: m.documents.append(
            deepcopy(m.the("HorizontalPodAutoscaler", "vision"))
            | {
                "metadata": {"name": "vision-worker"},
                "spec": {"scaleTargetRef": {"name": "vision-worker"}, "minReplicas": 1, "maxReplicas": 2},
            }
        ),
        "Deployment vision-worker has 2 autoscalers",
    ),
    "at least more than at most": (
        lambda m: put(m.the("HorizontalPodAutoscaler", "dex"), "spec", "minReplicas", value=9),
        "HorizontalPodAutoscaler dex is for at least 9 and at most 6",
    ),
    "a durable that was renamed": (
        lambda m: put(
            m.the("ScaledObject", "vision-worker"), "spec", "triggers", 0, "metadata", "consumer", value="vision-worker"
        ),
        "the bus has no durable vision-worker of EVENTS",
    ),
    "a metric that nobody tells": (
        lambda m: put(
            m.the("ScaledObject", "vision-worker"), "spec", "triggers", 1, "metadata", "query", value='sum(busy{a="b"})'
        ),
        "nobody tells the metric busy",
    ),
}
