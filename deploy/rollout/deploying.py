"""A whole deploy: prepare, replace one by one, verify, record; and the way back as soon as something does not hold."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from rich.markup import escape

from deploy.images.plan import state_of_the_checkout
from deploy.rollout import front, maintenance
from deploy.rollout.backing_up import back_up
from deploy.rollout.building import build
from deploy.rollout.choosing import settings_of
from deploy.rollout.engine import Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.figures import Figures, figures_of
from deploy.rollout.interruption import Interruption
from deploy.rollout.journal import Journal
from deploy.rollout.place import Place
from deploy.rollout.plan import BESIDE, MEMBERS, OPS, PROVISION, Plan, environment, images_of, settings_for
from deploy.rollout.releases import Release, Releases, now
from deploy.rollout.rolling import Roller
from deploy.rollout.settings_file import change
from deploy.rollout.verifying import verify_events, verify_front, verify_processes


@dataclass(frozen=True)
class Outcome:
    """How it ended. `way_back`: none was needed · done · failed."""

    holds: bool
    failure: str = ""
    way_back: str = "none"
    state: str = ""


def run_deploy(place: Place, engine: Engine, plan: Plan, journal: Journal, *, ready_seconds: float) -> Outcome:
    """Does what the plan says, the way back included; obeys Ctrl-C."""
    ending = Interruption(journal.say)
    with ending.heard():
        return _Deploy(place, engine, plan, journal, ending, ready_seconds).run()


class _Deploy:
    """One plan at one place."""

    def __init__(
        self, place: Place, engine: Engine, plan: Plan, journal: Journal, ending: Interruption, ready_seconds: float
    ) -> None:
        self._place, self._engine, self._plan = place, engine, plan
        self._journal, self._ending = journal, ending
        self._configuration = engine.configuration(self._tags)
        self._roller = Roller(engine, self._configuration, journal, ending, ready_seconds)
        self._releases = Releases(place.releases)
        self._before: Mapping[str, Figures] = {}
        self._front = front.digest(place)

    def run(self) -> Outcome:
        """Does it; the way back included. Raises nothing that is expected to go wrong."""
        with ExitStack() as sign:
            try:
                self._prepare(sign)
                for member in self._plan.members:
                    self._roller.replace(member, self._plan.after)
                self._reload_front()
                self._verify(sign)
            except NotDone as failure:
                return self._go_back(str(failure))
            self._ending.way_back()
            try:
                return self._finish()
            except KeyboardInterrupt:
                return Outcome(False, "it was ended before the release was recorded", "failed", self._state())

    def _prepare(self, sign: ExitStack) -> None:
        """Nothing of what serves is touched here. What is changed, old code gets on with (expand only)."""
        options = self._plan.options
        if options.fetch == "build":
            with self._journal.step("build the images"):
                some = self._configuration[self._plan.members[0].name]["image"]
                build((*self._plan.units, OPS), some.rpartition("/")[0], self._plan.after[self._plan.units[0]])
        elif options.fetch == "pull":
            with self._journal.step("pull the images"):
                self._engine.pull(self._needed(), self._tags)
        self._look_for_images()
        self._before = figures_of(self._engine)
        sign.enter_context(maintenance.maintenance(self._place, wanted=options.maintenance))
        if self._plan.target is not None:
            return
        if options.backup:
            self._ending.look()
            with self._journal.step("back up"):
                back_up(self._engine)
        for once in (*(self._plan.migrations if options.migrate else ()), PROVISION):
            self._ending.look()
            with self._journal.step(once):
                self._engine.run_once(once, self._tags)

    def _verify(self, sign: ExitStack) -> None:
        with self._journal.step("verify"):
            everybody = tuple(member for member in MEMBERS if member.name in self._configuration)
            verify_processes(self._engine, everybody, self._plan.after)
            verify_events(self._engine, self._before, self._ending)
            sign.close()  # The front lets people in again; if they are not served, it is not too late.
            verify_front(self._engine, settings_of(self._place).get("PUBLIC_BASE_URL", ""), self._ending)

    def _finish(self) -> Outcome:
        for service in BESIDE:
            if self._plan.before.get(OPS) != self._plan.after.get(OPS):
                self._renew_beside(service)
        self._record()
        change(self._place.settings, settings_for(self._plan.after, self._plan.common))
        return Outcome(True)

    def _go_back(self, failure: str) -> Outcome:
        self._ending.way_back()
        replaced = list(reversed(self._roller.replaced))
        self._journal.say(f"[red]{escape(failure)}[/]")
        try:
            for member in replaced:
                self._roller.replace(member, self._plan.before)
            self._roller.clear()
            verify_processes(self._engine, tuple(replaced), self._plan.before)
        except (NotDone, KeyboardInterrupt) as second:
            return Outcome(False, failure, "failed", f"{second or 'it was ended'}; {self._state()}")
        return Outcome(False, failure, "done" if replaced else "none")

    def _reload_front(self) -> None:
        known = self._releases.current
        if self._front and (known is None or known.front != self._front):
            with self._journal.step("front: reload"):
                front.reload(self._engine)

    def _renew_beside(self, service: str) -> None:
        """They serve nobody; one that does not come back is told, and is no reason to go back."""
        if self._engine.container(service) is None:
            return
        try:
            with self._journal.step(f"{service} → {self._plan.after[OPS]}"):
                self._engine.take_away(service)
                self._engine.start(self._engine.make(service, self._tags))
        except NotDone as failure:
            self._journal.say(f"[yellow]{escape(str(failure))}[/]")

    def _record(self) -> None:
        plan = self._plan
        if plan.target is not None:
            self._releases.withdraw_after(plan.target)
            return
        if self._releases.current is None:
            # What was here before the first deploy is a way back as well.
            self._releases.add(Release(now(), plan.before, plan.common_before))
        self._releases.add(Release(now(), plan.after, plan.common, state_of_the_checkout().revision, self._front))

    def _look_for_images(self) -> None:
        missing = [
            image for image in images_of(self._configuration, self._needed()) if not self._engine.has_image(image)
        ]
        if missing:
            raise NotDone(f"not on this host: {', '.join(missing)}; --pull fetches them, --build makes them")

    def _needed(self) -> tuple[str, ...]:
        """One service for each image that is used."""
        once = () if self._plan.target is not None else (PROVISION,)
        services = (*(member.name for member in self._plan.members), *once)
        return tuple(images_of(self._configuration, services).values())

    def _state(self) -> str:
        """What runs at this moment, in words."""
        told = []
        for member in MEMBERS:
            for name in (member.name, member.stand_in):
                container = self._engine.container(name) if name else None
                if container is not None and (name == member.name or container.is_running):
                    told.append(f"{name} {container.tag}{'' if container.is_running else ' (does not run)'}")
        return "now: " + ", ".join(told)

    @property
    def _tags(self) -> dict[str, str]:
        return environment(self._plan.after, self._plan.common)
