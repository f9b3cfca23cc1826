"""Makes the plan: from what runs here, what is recorded, and what was asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.images.plan import state_of_the_checkout
from deploy.operate import env_file
from deploy.rollout.engine import Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.place import Place
from deploy.rollout.plan import MEMBERS, OPS, PROVISION, UNITS, Options, Plan, environment, tags_of
from deploy.rollout.releases import Releases


def settings_of(place: Place) -> dict[str, str]:
    """What `.env` says; empty where there is none."""
    try:
        return {line.name: line.value for line in env_file.read(place.settings) if line.name}
    except OSError:
        return {}


def plan_for(place: Place, engine: Engine, units: Sequence[str], tag: str, options: Options) -> Plan:
    """Without a tag: the commit of this checkout.

    Raises:
        NotDone: nothing runs here.
    """
    common = settings_of(place).get("TAG", "") or "latest"
    before = _running(engine)
    tag = tag or state_of_the_checkout().tags[0]
    chosen = tuple(unit for unit in UNITS if unit in units) or UNITS
    after = {**before, **dict.fromkeys(chosen, tag)}
    whole = set(chosen) == set(UNITS)
    if whole or options.fetch == "build" or _has_ops(engine, after, tag):
        # Provisioning is for the newest: what it makes, older ones get on with.
        after[OPS] = tag
    return Plan(chosen, before, after, tag if whole else common, common, options)


def plan_back(place: Place, engine: Engine, options: Options) -> Plan:
    """To the release before.

    Raises:
        NotDone: nothing runs here, or no release is known.
    """
    common = settings_of(place).get("TAG", "") or "latest"
    before = _running(engine)
    target = Releases(place.releases).before(before)
    after = {**before, **target.tags}
    chosen = tuple(unit for unit in UNITS if after[unit] != before[unit])
    return Plan(chosen, before, after, target.common, common, options, target)


def _running(engine: Engine) -> dict[str, str]:
    """The tags that run. Where the containers of one unit differ (a deploy was cut off), what `.env` says."""
    configured = tags_of(engine.configuration({}))
    found: dict[str, set[str]] = {}
    for member in MEMBERS:
        container = engine.container(member.name)
        if container is not None:
            found.setdefault(member.unit, set()).add(container.tag)
    if not found:
        raise NotDone("the project does not run here; start it: docker compose -f deploy/compose.yml up -d")
    return {**configured, **{unit: tags.pop() for unit, tags in found.items() if len(tags) == 1}}


def _has_ops(engine: Engine, after: Mapping[str, str], tag: str) -> bool:
    configuration: Mapping[str, Mapping[str, Any]] = engine.configuration(environment({**after, OPS: tag}))
    return PROVISION in configuration and engine.has_image(configuration[PROVISION]["image"])
