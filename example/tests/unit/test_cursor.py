"""The cursor of a list: it leads back to where it came from, and no other text leads anywhere."""

from base64 import urlsafe_b64encode
from datetime import UTC

from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from orders.api.items import _cursor, _position
from orders.items import Position

POSITIONS = st.builds(Position, st.datetimes(timezones=st.just(UTC)), st.uuids())


@given(POSITIONS)
def test_cursor_leads_back(position: Position) -> None:
    assert _position(_cursor(position)) == position


def forged(*parts: object) -> str:
    """What looks like a cursor from outside."""
    return urlsafe_b64encode(" ".join(map(str, parts)).encode()).decode()


TIMES = st.datetimes(timezones=st.none() | st.timezones())


@given(
    st.text()
    | st.binary().map(lambda data: urlsafe_b64encode(data).decode())
    | st.builds(forged, TIMES.map(lambda time: time.isoformat()), st.uuids())
)
def test_other_text_is_refused_or_a_time(cursor: str) -> None:
    status = None
    try:
        moment = _position(cursor).created_at
    except HTTPException as error:
        status = error.status_code

    # Without a time zone it could not be compared with the times of items.
    assert status == 422 or moment.astimezone(UTC).utcoffset() == moment.utcoffset()
