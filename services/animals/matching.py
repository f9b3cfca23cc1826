"""From a scientific name to the taxon it means, in the order of contract B3."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.animals.models import CommonName, DataSource, NameRelation, Taxon
from services.animals.names import Name
from services.animals.ranks import RANKS, SPECIES_AND_BELOW
from services.animals.wildcards import containing

USABLE: Final = ("accepted", "provisional", "synonym")
ACCEPTED: Final = ("accepted", "provisional")
SAME_NAME: Final = ("spelling correction", "basionym", "homotypic synonym", "homotypic")
"""Relations between two forms of one name."""


async def match(session: AsyncSession, name: Name, common_name: str = "") -> Taxon | None:
    """The accepted taxon that `name` means, or None when the taxonomy does not know it.

    Beside a well-formed name a common name helps only where it agrees with the asked genus and epithet, so that it
    never overrides a binomial: "Foo bar (wolf)" stays unknown, and "Canis lupus domesticus (dog)" is the dog. So the
    sixth step (common name contains) could find nothing here that the fourth has not; see `match_common_name`.
    A genus alone is looked up as it stands: nothing below a genus is ever invented for it.
    """
    steps = [_whole(name)]
    if name.epithet:
        steps += [_same_parts(name), _same_binomial(name)]
        if common_name:
            steps.append(_common_name(name, common_name))
    hit = await _best(session, steps)
    if hit is None and name.epithet:
        hit = await _best(session, [_contains(name)])
    return None if hit is None else await _accepted(session, hit)


async def match_common_name(session: AsyncSession, common_name: str) -> Taxon | None:
    """The taxon that people call so, else one whose name contains that: steps 3 and 6, for who knows no binomial."""
    if not common_name:
        return None
    equal = select(CommonName.taxon_id).where(func.lower(CommonName.name) == common_name.lower())
    hit = await _best(session, [_candidates(3, Taxon.id.in_(equal))])
    if hit is None:
        part = containing(common_name)
        contains = CommonName.name.ilike(part), CommonName.taxon_id == Taxon.id
        # The gray wolf before the wolf spiders: the less a name says besides, the nearer it is.
        length = select(func.min(func.length(CommonName.name))).where(*contains).scalar_subquery()
        hit = await _best(session, [_candidates(6, Taxon.searched.like(part.lower()) & length.is_not(None), length)])
    return None if hit is None else await _accepted(session, hit)


async def _best(session: AsyncSession, steps: list[Select[Any]]) -> Taxon | None:
    """The best candidate of the earliest step that has any."""
    found = union_all(*steps).subquery()
    level = case({rank.name: rank.level for rank in RANKS.values() if rank.level}, value=Taxon.rank, else_=1000)
    return await session.scalar(
        select(Taxon)
        .join(found, found.c.id == Taxon.id)
        .join(DataSource, DataSource.id == Taxon.source_id)
        .where(Taxon.status.in_(USABLE), DataSource.is_active)
        .order_by(
            found.c.step,
            found.c.distance,
            DataSource.priority,
            # Within one source a name in use comes before the same name as somebody's synonym.
            Taxon.status == "synonym",
            Taxon.completeness_score.desc(),
            Taxon.confidence_score.desc().nulls_last(),
            # `Rana` is a genus and its subgenus.
            level,
            Taxon.source_taxon_id,
        )
        .limit(1)
    )


def _candidates(step: int, condition: ColumnElement[bool], distance: ColumnElement[int] | None = None) -> Select[Any]:
    far = literal(0) if distance is None else distance
    columns: tuple[ColumnElement[Any], ...] = (Taxon.id.label("id"), literal(step).label("step"), far.label("distance"))
    return select(*columns).where(condition)


def _binomial(name: Name) -> ColumnElement[bool]:
    return (func.lower(Taxon.generic_name) == name.genus.lower()) & (
        func.lower(Taxon.specific_epithet) == name.epithet.lower()
    )


def _same_parts(name: Name) -> Select[Any]:
    same = func.lower(Taxon.infraspecific_epithet) == name.infraspecific.lower()
    return _candidates(1, _binomial(name) & same)


def _whole(name: Name) -> Select[Any]:
    return _candidates(2, func.lower(Taxon.scientific_name) == name.text.lower())


def _common_name(name: Name, common_name: str) -> Select[Any]:
    called = select(CommonName.taxon_id).where(func.lower(CommonName.name) == common_name.lower())
    return _candidates(3, _binomial(name) & Taxon.id.in_(called))


def _same_binomial(name: Name) -> Select[Any]:
    """Overlapping subspecies first, then the species itself, then any other subspecies of it."""
    own = func.lower(Taxon.infraspecific_epithet)
    asked = name.infraspecific.lower()
    overlapping = (own != "") & or_(func.strpos(own, asked) > 0, func.strpos(literal(asked), own) > 0)
    distance = case((overlapping & literal(bool(asked)), 0), (own == "", 1), else_=2)
    return _candidates(4, _binomial(name), distance)


def _contains(name: Name) -> Select[Any]:
    """Whole words only: `Mus mus` is not the house mouse."""
    words = literal(" ").concat(Taxon.scientific_name).concat(" ")
    return _candidates(
        5,
        Taxon.searched.like(containing(name.text.lower()))
        & words.ilike(containing(f" {name.text} "))
        & Taxon.rank.in_(SPECIES_AND_BELOW),
    )


async def _accepted(session: AsyncSession, hit: Taxon) -> Taxon:
    """What a synonym leads to: its accepted name, else another form of its name; itself, where its source has none."""
    if hit.status in ACCEPTED:
        return hit
    if hit.accepted_id is not None and (target := await session.get(Taxon, hit.accepted_id)) is not None:
        return target
    if (related := await _related(session, hit)) is not None:
        return related
    if hit.infraspecific_epithet:
        shorter = await session.scalar(
            select(Taxon)
            .where(
                func.lower(Taxon.scientific_name) == f"{hit.generic_name} {hit.infraspecific_epithet}".lower(),
                Taxon.status == "accepted",
            )
            .order_by(Taxon.completeness_score.desc(), Taxon.id)
            .limit(1)
        )
        if shorter is not None:
            return shorter
    return hit


async def _related(session: AsyncSession, hit: Taxon) -> Taxon | None:
    return await session.scalar(
        select(Taxon)
        .join(NameRelation, NameRelation.related_taxon_id == Taxon.id)
        .where(
            NameRelation.taxon_id == hit.id,
            NameRelation.relation_type.in_(SAME_NAME),
            Taxon.status == "accepted",
        )
        .order_by(Taxon.completeness_score.desc(), Taxon.id)
        .limit(1)
    )


async def exact(session: AsyncSession, scientific_name: str) -> Taxon | None:
    """The accepted taxon of exactly this name (but for case), of the source that counts most."""
    return await session.scalar(
        select(Taxon)
        .join(DataSource, DataSource.id == Taxon.source_id)
        .where(func.lower(Taxon.scientific_name) == scientific_name.lower(), Taxon.status.in_(ACCEPTED))
        .order_by(DataSource.priority, Taxon.completeness_score.desc(), Taxon.source_taxon_id)
        .limit(1)
    )
