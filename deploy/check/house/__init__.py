"""The rules of the house for what runs in a cluster: what no schema knows, because it is about us."""

from deploy.check.cluster import Cluster
from deploy.check.house import (
    images,
    mesh,
    networks,
    pods,
    probes,
    references,
    room,
    routes,
    scaling,
    selectors,
    settings,
)

RULES = (
    selectors.each_selects_its_own_pods,
    selectors.services_lead_to_ports,
    selectors.disruption_is_bounded,
    scaling.one_says_how_many,
    scaling.figures_exist,
    references.all_are_there,
    references.secrets_stay_outside,
    probes.they_are_there_and_look_at_nobody_else,
    probes.there_is_time_to_leave,
    pods.they_are_restricted,
    pods.jobs_come_to_an_end,
    mesh.everybody_of_the_topology_is_there,
    mesh.each_can_be_shipped_alone,
    mesh.addresses_lead_somewhere,
    mesh.the_bus_has_as_many_servers_as_copies,
    settings.production_has_what_it_needs,
    settings.every_variable_is_read_by_somebody,
    networks.only_the_calls_of_the_design,
    networks.the_code_calls_as_the_design_says,
    routes.strangers_come_to_the_front,
    routes.everybody_is_collected_from_once,
    images.they_are_known,
    images.they_are_those_of_compose,
    room.all_fit_into_the_quota,
    room.the_database_has_connections_enough,
    room.the_log_fits_on_its_disk,
)


def findings(cluster: Cluster) -> list[str]:
    """What is not as it should be, a sentence each; in the order of the rules."""
    return [finding for rule in RULES for finding in rule(cluster)]
