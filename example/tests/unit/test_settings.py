"""Settings: their descriptions are the documentation of the service."""

from orders.settings import Settings


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
