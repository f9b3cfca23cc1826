"""What the bus lets each service do is what its code needs: the published rules are those of the code (ADR 0013)."""

import re

from deploy.local.nats import AUTHORIZATION, bus_users
from libs.common.bus_permissions import USERS, authorization, publisher_of, rights_of
from libs.common.migrate import SERVICES
from libs.contracts.catalogue import EVENTS


def test_the_published_rules_are_those_of_the_code() -> None:
    assert AUTHORIZATION.read_text() == authorization(), "./bdx bus permissions > deploy/nats/authorization.conf"


def test_every_event_has_one_publisher() -> None:
    allowed = {subject: [user for user in USERS if subject in rights_of(user).publish] for subject in EVENTS}
    assert allowed == {subject: [publisher_of(event)] for subject, event in EVENTS.items()}
    assert {publisher_of(event) for event in EVENTS.values()} <= set(SERVICES)


def test_nobody_but_the_administrator_has_a_wildcard_over_the_interface() -> None:
    wide = re.compile(r"^(>|\*|\$JS\.(>|\*)|\$JS\.API\.(>|\*)|.*\.EVENTS\.(>|\*)|_INBOX\.>)")
    for user in USERS:
        rights = rights_of(user)
        assert [each for each in (*rights.publish, *rights.subscribe) if wide.match(each)] == [], user


def test_the_embedded_server_lets_in_exactly_these() -> None:
    assert bus_users() == USERS
