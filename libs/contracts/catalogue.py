"""Every event there is, by its subject: what a consumer decodes with and what the documentation lists."""

from libs.contracts import animals, dex, social, users, vision
from libs.contracts.event import Event

EVENTS: dict[str, type[Event]] = {
    event.subject: event
    for event in (
        users.UserRegistered,
        users.UserUpdated,
        users.UserDeleted,
        vision.ImageUploaded,
        vision.ImageIdentified,
        vision.IdentificationFailed,
        vision.ImageReplaced,
        animals.AnimalCreated,
        animals.AnimalUpdated,
        animals.AnimalDeleted,
        animals.AnimalIdentified,
        animals.TaxonomyImported,
        dex.DexCreated,
        dex.DexUpdated,
        dex.DexDeleted,
        social.FriendshipUpdated,
        social.FriendshipDeleted,
    )
}
