"""A child's picture: what a camera sends becomes a small JPEG that says nothing of where and when it was taken."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import action, tell
from evaka.actions.presence.policy import pictures
from evaka.kit.errors import Refused
from evaka.kit.files import media_type
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.presence import Picture

KINDS = {"image/jpeg": "JPEG", "image/png": "PNG"}
MOST_PIXELS = 50_000_000  # a bomb of a file unpacks to more


@action("presence.set_picture")
def set_picture(child: Person, by: Actor, *, content: bytes) -> Picture:
    """The child's picture, in the place of an earlier one."""
    tell(bytes=len(content))
    row = db.session.scalar(select(Picture).where(Picture.child_id == child.id)) or Picture(child_id=child.id)
    row.content, row.mimetype, row.added = made_small(content), "image/jpeg", by.now
    db.session.add(row)
    return row


@action("presence.remove_picture")
def remove_picture(picture: Picture, by: Actor) -> None:
    db.session.delete(picture)


def made_small(content: bytes) -> bytes:
    """A square JPEG of the city's size; refuses what is no JPEG or PNG by its first bytes, or too large."""
    policy = pictures()
    if len(content) > policy.megabytes * 1_000_000:
        raise Refused("presence.picture_large", most=policy.megabytes)
    kind = KINDS.get(media_type(content) or "")
    if kind is None:
        raise Refused("presence.picture_kind")
    try:
        with Image.open(BytesIO(content), formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused("presence.picture_large", most=policy.megabytes)
            image.draft("RGB", (policy.pixels * 2, policy.pixels * 2))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            side = min(policy.pixels, *upright.size)
            square = ImageOps.fit(upright, (side, side), centering=(0.5, 0.4))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as no:
        raise Refused("presence.picture_broken") from no
    out = BytesIO()
    square.save(out, "JPEG", quality=85)
    return out.getvalue()
